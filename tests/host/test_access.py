"""Effective access: who has what, by which paths, since when."""

import pytest

from rolecall import MEMBER, Entitlement, EntitlementRef, Grant, Ref
from rolecall.access import Via, effective_access, find_people
from tests.host.states import (
    State,
    account,
    app,
    assigned,
    group,
    member,
    publish_state,
    role,
    state,
    user,
)

ADA = Ref("user", "u1")
BOB = Ref("user", "u2")
ADMIN = role("111122223333", "Admin")
READER = role("111122223333", "Reader")
ON_THE_APP = assigned("0oa1")
PEOPLE = (
    user(
        "u1",
        name="Ada",
        status="ACTIVE",
        profile={"login": "ada@acme.example", "email": "ada.l@acme.example"},
    ),
    user("u2", name="Bob", status="SUSPENDED", enabled=False, profile={"login": 5}),
)
PLACES = (group("g1"), group("g2"), group("g3"), app("0oa1"), account("111122223333"))
EVERYTHING = (*PEOPLE, *PLACES)


def access(store, *grants, resources=EVERYTHING, roles=(ADMIN, READER), **only):
    run = publish_state(store, state(resources, roles, grants))
    return list(effective_access(store, run, **only))


def brief(rows):
    """Rows as (person, role, paths): ``direct`` or a group's id."""
    return [(row.user_id, row.role, [via.group_id or via.kind for via in row.via]) for row in rows]


def test_a_row_says_who_has_which_role_where_and_since_when(store):
    arn = "arn:aws:iam::111122223333:role/Admin"
    offered = Entitlement(ADMIN, "Admin", ("user",), {"role_arn": arn})
    run = publish_state(store, State(EVERYTHING, (offered,), (Grant(ADMIN, ADA),)))
    [row] = effective_access(store, run)
    assert (row.connector, row.user_id, row.login, row.display_name) == (
        "aws",
        "u1",
        "ada@acme.example",
        "Ada",
    )
    assert (row.user_status, row.can_sign_in) == ("ACTIVE", True)
    assert (row.account_id, row.role, row.role_arn) == ("111122223333", "Admin", arn)
    assert (row.since, row.expires_at, row.via) == (run.finished_at, None, (Via("direct"),))


def test_a_person_who_is_not_enabled_keeps_the_row_but_cannot_sign_in(store):
    [row] = access(store, Grant(ADMIN, BOB))
    assert (row.can_sign_in, row.user_status, row.login, row.role_arn) == (False, "SUSPENDED", None, None)


@pytest.mark.parametrize(
    ("grants", "paths"),
    [
        pytest.param([Grant(ADMIN, ADA)], ["direct"], id="a grant of one's own"),
        pytest.param(
            [Grant(ADMIN, ADA, sources=(Ref("group", "g2"), Ref("group", "g1")))], ["g1", "g2"], id="sources"
        ),
        pytest.param([Grant(ADMIN, ADA, sources=None)], [], id="a group that nobody can name"),
        pytest.param(
            [Grant(ADMIN, Ref("group", "g1"), expandable=True), Grant(member("g1"), ADA)],
            ["g1"],
            id="a group",
        ),
        pytest.param(
            [
                Grant(ADMIN, ADA),
                Grant(ADMIN, Ref("group", "g2"), expandable=True),
                Grant(ADMIN, Ref("group", "g1"), expandable=True),
                Grant(member("g1"), ADA),
                Grant(member("g2"), ADA),
            ],
            ["direct", "g1", "g2"],
            id="direct first, then groups by id",
        ),
        pytest.param(
            [
                Grant(ADMIN, ADA, sources=(Ref("group", "g1"),)),
                Grant(ADMIN, Ref("group", "g1"), expandable=True),
                Grant(member("g1"), ADA),
            ],
            ["g1"],
            id="each group once",
        ),
        pytest.param(
            [
                Grant(member("g1"), ADA),
                Grant(member("g2"), Ref("group", "g1"), expandable=True),
                Grant(member("g3"), Ref("group", "g2"), expandable=True),
                Grant(ADMIN, Ref("group", "g3"), expandable=True),
            ],
            ["g3"],
            id="groups in groups: the one that holds it",
        ),
        pytest.param(
            [
                Grant(member("g1"), ADA),
                Grant(member("g2"), Ref("group", "g1"), expandable=True),
                Grant(member("g1"), Ref("group", "g2"), expandable=True),
                Grant(ADMIN, Ref("group", "g1"), expandable=True),
                Grant(ADMIN, Ref("group", "g2"), expandable=True),
            ],
            ["g1", "g2"],
            id="groups in each other",
        ),
        pytest.param(
            [Grant(ADMIN, ADA, condition=ON_THE_APP), Grant(ON_THE_APP, ADA, sources=None)],
            ["direct"],
            id="a condition that is met",
        ),
    ],
)
def test_every_path_that_counts_is_named_once(store, grants, paths):
    assert brief(access(store, *grants)) == [("u1", "Admin", paths)]


IN_A_GROUP = [Grant(member("g1"), ADA), Grant(ON_THE_APP, Ref("group", "g1"), expandable=True)]


@pytest.mark.parametrize(
    "grants",
    [
        pytest.param([Grant(ADMIN, Ref("group", "g1"), expandable=True)], id="a group without members"),
        pytest.param([Grant(ADMIN, Ref("group", "g1")), Grant(member("g1"), ADA)], id="not expandable"),
        pytest.param(
            [
                Grant(member("g1"), ADA),
                Grant(member("g2"), Ref("group", "g1")),
                Grant(ADMIN, Ref("group", "g2"), expandable=True),
            ],
            id="a group in a group, not expandable",
        ),
        pytest.param([Grant(ADMIN, ADA, condition=ON_THE_APP)], id="a condition that isn't met"),
        pytest.param(
            [Grant(ADMIN, ADA, condition=ON_THE_APP), *IN_A_GROUP], id="a condition met through a group only"
        ),
        pytest.param(
            [
                Grant(member("g1"), ADA),
                Grant(ADMIN, Ref("group", "g1"), expandable=True, condition=ON_THE_APP),
            ],
            id="a condition on a group's grant",
        ),
        pytest.param(
            [
                Grant(member("g1"), ADA, condition=ON_THE_APP),
                Grant(ADMIN, Ref("group", "g1"), expandable=True),
            ],
            id="a condition on being a member",
        ),
    ],
)
def test_what_gives_nothing_has_no_row(store, grants):
    assert access(store, *grants) == []


def test_a_condition_on_an_app_that_is_not_enabled_gives_nothing(store):
    grants = [Grant(ADMIN, ADA, condition=ON_THE_APP), Grant(ON_THE_APP, ADA)]
    inactive = (*PEOPLE, app("0oa1", enabled=False), account("111122223333"))
    assert access(store, *grants, resources=inactive) == []


def test_only_member_passes_on_what_a_group_holds(store):
    owner = EntitlementRef(Ref("group", "g1"), "owner")
    grants = [Grant(owner, ADA), Grant(ADMIN, Ref("group", "g1"), expandable=True)]
    assert owner.slug != MEMBER
    assert access(store, *grants, roles=(ADMIN, owner)) == []


def test_rows_come_by_person_account_and_role(store):
    places = [account(ident) for ident in ("2", "10", "é", "z")]
    roles = [role(place.ref.id, name) for place in places for name in ("b", "B", "a:b")]
    people = [user(ident) for ident in ("u9", "u10", "U1", "é", "\ud800", "\x00")]
    grants = [Grant(what, who.ref) for who in people for what in roles]
    rows = access(store, *grants, resources=[*people, *places], roles=roles)
    order = [(row.user_id, row.account_id, row.role) for row in rows]
    # What a database can't hold is stored escaped, and comes where the escape does: after all letters.
    assert list(dict.fromkeys(ident for ident, _, _ in order)) == ["U1", "u10", "u9", "é", "\x00", "\ud800"]
    for ident in ("u9", "\x00"):
        of_one = [each for each in order if each[0] == ident]
        assert of_one == sorted(of_one)
        assert len(of_one) == len(roles)


def test_since_is_the_run_from_which_the_oldest_path_has_held_whole(store):
    through = [Grant(ADMIN, Ref("group", "g1"), expandable=True)]
    first = publish_state(store, state(EVERYTHING, (ADMIN,), through))
    second = publish_state(store, state(EVERYTHING, (ADMIN,), [*through, Grant(member("g1"), ADA)]))
    both = [*through, Grant(member("g1"), ADA), Grant(ADMIN, ADA)]
    third = publish_state(store, state(EVERYTHING, (ADMIN,), both))
    [row] = effective_access(store, third)
    assert first.finished_at < second.finished_at == row.since
    fourth = publish_state(store, state(EVERYTHING, (ADMIN,), [*through, Grant(ADMIN, ADA)]))
    [row] = effective_access(store, fourth)
    assert row.since == third.finished_at


def test_access_through_a_condition_holds_no_longer_than_the_condition(store):
    grants = [Grant(ADMIN, ADA, condition=ON_THE_APP)]
    publish_state(store, state(EVERYTHING, (ADMIN,), grants))
    met = publish_state(store, state(EVERYTHING, (ADMIN,), [*grants, Grant(ON_THE_APP, ADA)]))
    [row] = effective_access(store, met)
    assert row.since == met.finished_at


def test_access_at_an_earlier_run_is_what_it_was_then(store):
    before = publish_state(store, state(EVERYTHING, (ADMIN,), [Grant(ADMIN, ADA)]))
    publish_state(store, state([account("111122223333")], (ADMIN,)))
    assert brief(effective_access(store, before)) == [("u1", "Admin", ["direct"])]


@pytest.mark.parametrize(
    ("only", "found"),
    [
        pytest.param({"user": "u1"}, ["u1"], id="id"),
        pytest.param({"user": "ADA@acme.example"}, ["u1"], id="login in any case"),
        pytest.param({"user": "ada.L@acme.example"}, ["u1"], id="e-mail address"),
        pytest.param({"user": "U1"}, [], id="an id in another case"),
        pytest.param({"user": "nobody"}, [], id="nobody"),
        pytest.param({"can_sign_in_only": True}, ["u1"], id="who can sign in"),
        pytest.param({"account": "111122223333"}, ["u1", "u2"], id="account"),
        pytest.param({"account": "111122223333", "role": "Reader"}, ["u2"], id="account and role"),
        pytest.param({"role": "Admin"}, ["u1"], id="role"),
        pytest.param({"role": "admin"}, [], id="a role in another case"),
        pytest.param({"role": "Reader", "user": "u1"}, [], id="somebody else's role"),
        pytest.param({"account": "1"}, [], id="an unknown account"),
    ],
)
def test_rows_can_be_narrowed(store, only, found):
    grants = [
        Grant(ADMIN, Ref("group", "g1"), expandable=True, condition=ON_THE_APP),
        Grant(member("g1"), ADA),
        Grant(ON_THE_APP, ADA),
        Grant(READER, BOB),
    ]
    assert [row.user_id for row in access(store, *grants, **only)] == found


def test_a_role_can_be_named_by_its_arn(store):
    offered = tuple(Entitlement(ref, "", (), {"role_arn": f"arn:{ref.slug}"}) for ref in (ADMIN, READER))
    run = publish_state(store, State(EVERYTHING, offered, (Grant(ADMIN, ADA), Grant(READER, ADA))))
    assert brief(effective_access(store, run, role="arn:Reader")) == [("u1", "Reader", ["direct"])]


def test_people_of_several_types_and_logins_that_several_share_are_all_found(store):
    twins = (user("u1", profile={"login": "same"}), user("u0", profile={"email": "SAME"}), user("same"))
    run = publish_state(store, state(twins[:2]))
    assert [person.ref.id for person in find_people(store, run, "Same")] == ["u0", "u1"]
    with_id = publish_state(store, state(twins))
    assert [person.ref.id for person in find_people(store, with_id, "same")] == ["same"]
    assert find_people(store, with_id, "other") == []


def test_narrowed_access_equals_the_rows_of_all_that_fit_whatever_the_size(store, monkeypatch):
    people = [user(f"u{n:02}") for n in range(40)]
    groups = [group(f"g{n}") for n in range(8)]
    roles = [role(f"{n % 3}", f"R{n}") for n in range(8)]
    grants = [
        Grant(what, each.ref, expandable=True, condition=ON_THE_APP)
        for what, each in zip(roles, groups, strict=True)
    ]
    grants += [Grant(member(f"g{n % 8}"), who.ref) for n, who in enumerate(people)]
    grants += [Grant(ON_THE_APP, who.ref) for who in people[:30]]
    everything = [*people, *groups, app("0oa1"), *(account(f"{n}") for n in range(3))]
    run = publish_state(store, state(everything, roles, grants))
    rows = list(effective_access(store, run))
    assert len(rows) == 30
    for limit in ("FEW_PEOPLE", "FEW_ENTITLEMENTS", "KEYS_AT_ONCE", "GRANTS_AT_ONCE"):
        monkeypatch.setattr(f"rolecall.access.rows.{limit}", 1)
        narrowed = list(effective_access(store, run, account="1"))
        assert narrowed == [row for row in rows if row.account_id == "1"] != []
        assert list(effective_access(store, run)) == rows
