"""Steps of memberships, from what was read: pure."""

import pytest

from rolecall import Ref, Refused
from rolecall_okta import joining, leaving
from rolecall_okta.provisioning.groups import GroupNow
from rolecall_okta.provisioning.memberships import NEVER_SHOWN, Membership
from rolecall_okta.provisioning.rules import looking_at
from rolecall_okta.rows import GroupRow, GroupRuleRow, ProfiledGroupRow, UserRow

ADA = UserRow("00u1", "ada@acme.example", "ada@acme.example", "Ada", "Lovelace", "Ada Lovelace", "ACTIVE")
NAMES = {"samAccountName": "ada", "dn": "CN=ada,OU=People,DC=acme"}


def membership(*, member, route="api", names=NAMES, rules=(), read_by=(), **row):
    kind = {"api": "OKTA_GROUP", None: "BUILT_IN"}.get(route, "APP_GROUP")
    source = ("0oa1", "active_directory") if kind == "APP_GROUP" else (None, None)
    profile = {"name": "aws", "dn": "CN=aws,DC=acme", "samAccountName": "aws"}
    group = ProfiledGroupRow(
        "00g1", "aws", kind, *source, 3, profile=profile, source_app_label="corp.acme.example", **row
    )
    return Membership("acme.okta.example", GroupNow(group, route, rules, read_by), ADA, member, names)


def rule(name="engineers", excluded=()):
    return GroupRuleRow("0pr1", name, "ACTIVE", 'user.department=="R&D"', ("00g1",), tuple(excluded))


FULL = rule(excluded=[f"00x{number}" for number in range(100)])


def test_joining_a_native_group_is_one_put():
    change = joining(membership(member=False), "Ada joins.")
    step = change.step
    assert (step.action, step.route) == ("add_group_member", "api")
    assert (step.method, step.path, step.body) == ("PUT", "/api/v1/groups/00g1/users/00u1", None)
    assert step.expects == {
        "member": False,
        "group_name": "aws",
        "group_type": "OKTA_GROUP",
        "status": "ACTIVE",
    }
    assert step.gives == change.rests_on
    (held,) = change.rests_on
    assert (held.provider, held.object, held.principal, held.mechanism) == (
        "acme.okta.example",
        Ref("group", "00g1"),
        Ref("user", "00u1"),
        "member",
    )
    assert change.locks == ("acme.okta.example/user:00u1",)
    assert change.warnings == ()


def test_a_member_joins_by_no_step_and_the_access_rests_on_what_was_there():
    change = joining(membership(member=True), "Ada joins.")
    assert change.step is None
    assert [held.object for held in change.rests_on] == [Ref("group", "00g1")]


def test_leaving_a_native_group_is_one_delete():
    step = leaving(membership(member=True), "Ada leaves.").step
    assert (step.action, step.method, step.path) == (
        "remove_group_member",
        "DELETE",
        "/api/v1/groups/00g1/users/00u1",
    )
    assert step.gives == ()
    assert [held.principal for held in step.takes] == [Ref("user", "00u1")]


def test_whom_the_group_doesnt_hold_leaves_by_no_step():
    assert leaving(membership(member=False), "Ada leaves.").step is None


def test_directory_route_sends_the_change_to_the_directory():
    step = joining(membership(member=False, route="directory"), "Ada joins.").step
    assert (step.route, step.method, step.path) == (
        "directory",
        "POST",
        "/api/v1/directories/0oa1/groups/modify",
    )
    assert step.body == {
        "id": "00g1",
        "parameters": {"action": "ADD", "attribute": "member", "values": ["00u1"]},
    }


def test_whom_the_directory_doesnt_know_is_handed_off():
    change = joining(membership(member=False, route="directory", names=None), "Ada joins.")
    assert change.step.route == "handoff"
    assert any("doesn't know ada@acme.example" in warning for warning in change.warnings)


def test_hand_off_names_the_group_and_the_person_as_the_directory_does():
    step = joining(membership(member=False, route="handoff"), "Ada gets Admin.").step
    content = step.handoff
    assert (step.method, step.path) == (None, None)
    assert content.system == "Active Directory (corp.acme.example)"
    assert content.change == "add"
    assert content.effect == "Ada gets Admin."
    assert content.group_names["dn"] == "CN=aws,DC=acme"
    assert content.person_names == {"login": "ada@acme.example", "email": "ada@acme.example", **NAMES}
    assert content.command == (
        "Add-ADGroupMember -Identity 'CN=aws,DC=acme' -Members 'CN=ada,OU=People,DC=acme'"
    )


def test_hand_off_has_no_command_where_the_directory_names_nobody():
    assert (
        joining(membership(member=False, route="handoff", names={}), "Ada joins.").step.handoff.command == ""
    )


def test_undoing_what_an_import_hasnt_shown_yet_still_takes_it_in_the_directory():
    change = leaving(membership(member=False, route="directory"), "Ada leaves.", undo=True)
    assert change.step.body["parameters"]["action"] == "REMOVE"
    assert "member" not in change.step.expects
    assert NEVER_SHOWN in change.warnings


@pytest.mark.parametrize("change", [joining, leaving])
def test_built_in_groups_are_refused(change):
    with pytest.raises(Refused, match="built into Okta"):
        change(membership(member=change is leaving, route=None), "Everybody.")


def test_leaving_a_group_that_a_rule_fills_warns_of_the_exclusion():
    change = leaving(membership(member=True, rules=(rule(excluded=["00x1"]),)), "Ada leaves.")
    (warning,) = change.warnings
    assert warning == (
        'The active rule "engineers" fills this group: if it matches the person, Okta excludes them from '
        "it for good, which uses up one of its 100 places (taken so far: 1)."
    )


def test_leaving_is_refused_while_a_rule_without_room_puts_people_back():
    with pytest.raises(Refused) as refused:
        leaving(membership(member=True, rules=(FULL,)), "Ada leaves.")
    assert refused.value.accept == "rule_gives_back"
    assert refused.value.facts == {"group": "00g1", "rules": ["0pr1"]}
    assert '"engineers"' in refused.value.message


@pytest.mark.parametrize("options", [{"accept": {"rule_gives_back"}}, {"undo": True}])
def test_accepting_it_or_undoing_goes_on_with_a_warning(options):
    change = leaving(membership(member=True, rules=(FULL,)), "Ada leaves.", **options)
    assert change.step is not None
    assert "has no place left for exclusions" in change.warnings[0]


def test_a_rule_that_excludes_the_person_gives_nothing_back():
    excluded = rule(excluded=["00u1", *(f"00x{number}" for number in range(99))])
    assert leaving(membership(member=True, rules=(excluded,)), "Ada leaves.").warnings == ()


def test_unreadable_rules_are_said():
    change = leaving(membership(member=True, rules=None), "Ada leaves.")
    assert "can't be read" in change.warnings[0]


@pytest.mark.parametrize("change", [joining, leaving])
def test_a_rule_that_looks_at_the_group_is_warned_of(change):
    chained = GroupRuleRow("0pr2", "leads", "ACTIVE", 'isMemberOfGroup("00g1")', ("00g7",), ())
    (warning,) = change(membership(member=change is leaving, read_by=(chained,)), "It changes.").warnings
    assert warning == (
        'The active rule "leads" looks at who is in this group: it may put the person into 00g7, '
        "or take them out."
    )


@pytest.mark.parametrize(
    ("expression", "looks"),
    [
        ('isMemberOfGroup("00g1")', True),
        ("isMemberOfAnyGroup('00g9', '00g1')", True),
        ('isMemberOfGroup("00g10")', False),
        ('isMemberOfGroupName("aws_admins")', True),
        ('isMemberOfGroupNameStartsWith("aws_")', True),
        ('isMemberOfGroupNameContains("admin")', True),
        ('isMemberOfGroupNameRegex("a.*")', True),
        ('isMemberOfGroupName("billing")', False),
        ('user.department=="aws_admins"', False),
        (None, False),
    ],
)
def test_a_rule_looks_at_a_group_by_id_or_name(expression, looks):
    group = GroupRow("00g1", "aws_admins", "OKTA_GROUP", None, None, 1)
    rules = (GroupRuleRow("0pr2", "leads", "ACTIVE", expression, ("00g7",), ()),)
    assert bool(looking_at(rules, group)) is looks


def test_admin_groups_and_pushed_groups_are_warned_of():
    change = joining(membership(member=False, has_admin_privilege=True, push_mappings=2), "Ada joins.")
    assert change.warnings == (
        '"aws" carries admin roles of Okta: whoever joins it gets them.',
        'Okta pushes "aws" to other apps: the change reaches them too.',
    )
