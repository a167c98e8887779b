"""What people mean by the words of a command: found exactly, or refused with the candidates."""

import pytest

from rolecall.accounts import Account, Accounts
from rolecall.config import ConnectorConfig
from rolecall.contracts import ConnectorKind
from rolecall.errors import Refused, UsageError
from rolecall.models import Ref, Resource, ResourceType, Trait
from rolecall.provisioning import find_entitlement, names_of
from rolecall.provisioning.resolving import find_principal, find_via
from tests.host import states

KIND = ConnectorKind(
    "lab",
    "Lab",
    None,
    (
        ResourceType("user", "User", Trait.USER),
        ResourceType("group", "Group", Trait.GROUP, frozenset({"member"})),
        ResourceType("app", "App", Trait.APP, frozenset({"assigned"})),
        ResourceType("account", "Account", Trait.TARGET, frozenset({"*"})),
    ),
)
PROD = "123456789012"
ROLES = ["Admin", "a:b", "a", "Read Only"]


def person(ident, login, email=None):
    return Resource(Ref("user", ident), login, profile={"login": login, "email": email or login})


RESOURCES = [
    person("u1", "ada@acme.example"),
    person("u2", "ben@acme.example", "shared@acme.example"),
    person("u3", "cleo@acme.example", "shared@acme.example"),
    states.group("g1", name="Admins"),
    states.group("g2", name="aws:prod:member"),
    states.group("g3", name="Twins"),
    states.group("g4", name="Twins"),
    states.app("0oa1"),
    states.account(PROD),
]
STATE = states.state(RESOURCES, [states.role(PROD, name) for name in ROLES])


@pytest.fixture
def names(store):
    """Where names are looked up, once the connector was synced."""
    states.publish_state(store, STATE, "aws-prod")
    accounts = Accounts({PROD: Account(PROD, "prod")})
    return names_of(store, accounts, ConnectorConfig("aws-prod", "lab"), KIND)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"account:{PROD}:Admin", states.role(PROD, "Admin")),
        ("account:prod:Admin", states.role(PROD, "Admin")),
        (f"account:{PROD}:a:b", states.role(PROD, "a:b")),
        (f"account:{PROD}:Read Only", states.role(PROD, "Read Only")),
        ("group:g1:member", states.member("g1")),
        ("group:Admins:member", states.member("g1")),
        ("group:aws:prod:member:member", states.member("g2")),
        ("app:0oa1:assigned", states.assigned("0oa1")),
    ],
)
def test_an_entitlement_is_found_by_id_and_by_name(names, text, found):
    assert find_entitlement(names, text) == found


@pytest.mark.parametrize(
    ("text", "code", "candidates"),
    [
        (f"account:{PROD}:admin", "unknown_entitlement", [f"account:{PROD}:Admin"]),
        ("account:prod2:Admin", "unknown_entitlement", [f"account:{PROD}"]),
        ("group:Twins:member", "ambiguous_entitlement", ["group:g3:member", "group:g4:member"]),
        ("group:Nobody:member", "unknown_entitlement", None),
        ("group:g1:owner", "unknown_entitlement", ["group:g1:member"]),
        ("box:1:2", "unknown_entitlement", None),
    ],
)
def test_what_is_unknown_or_ambiguous_names_the_candidates(names, text, code, candidates):
    with pytest.raises(Refused) as caught:
        find_entitlement(names, text)

    assert caught.value.code == code
    assert caught.value.hint
    if candidates is not None:
        assert caught.value.facts["candidates"] == candidates


@pytest.mark.parametrize("text", ["", "account", "account:1", "::", "account::x"])
def test_what_has_not_the_form_of_an_entitlement_is_a_usage_error(names, text):
    with pytest.raises(UsageError):
        find_entitlement(names, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("user:u1", Ref("user", "u1")),
        ("user:u9", Ref("user", "u9")),
        ("group:g9", Ref("group", "g9")),
        ("ada@acme.example", Ref("user", "u1")),
        ("ADA@acme.example", Ref("user", "u1")),
        ("Admins", Ref("group", "g1")),
        ("new@acme.example", "new@acme.example"),
    ],
)
def test_a_principal_is_found_or_left_to_the_provider(names, text, found):
    assert find_principal(names, text) == found


@pytest.mark.parametrize("text", ["shared@acme.example", "Twins"])
def test_several_principals_are_never_guessed_among(names, text):
    with pytest.raises(Refused) as caught:
        find_principal(names, text)

    assert caught.value.code == "ambiguous_principal"
    assert len(caught.value.facts["candidates"]) == 2


def test_a_path_must_be_known(names):
    assert find_via(names, "Admins") == Ref("group", "g1")
    with pytest.raises(Refused):
        find_via(names, "nothing@acme.example")


def test_before_the_first_sync_ids_are_taken_as_they_are(store):
    names = names_of(store, Accounts({PROD: Account(PROD, "prod")}), ConnectorConfig("aws-prod", "lab"), KIND)

    assert find_entitlement(names, "account:prod:New") == states.role(PROD, "New")
    assert find_entitlement(names, "group:g7:member") == states.member("g7")
    assert find_principal(names, "ada@acme.example") == "ada@acme.example"
