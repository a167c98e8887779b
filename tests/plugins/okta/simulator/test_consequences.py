"""What follows from a change of a served org: clocks, app users and events."""

import json

import pytest

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.register import BUILT_AT
from rolecall_okta.simulator.rendering import Rendering

NOON = "2026-03-01T12:00:00.000Z"


@pytest.fixture
def served(acme, clock):
    acme.clock = clock
    acme.org.serve_times(clock)
    return acme


def told(org):
    """The events so far, as (type, the ids of their targets by type)."""
    return [
        (event.type, {target["type"]: target["id"] for target in event.body["target"]})
        for event in org.log.events
    ]


def kinds(org):
    return [event.type for event in org.log.events]


def test_nothing_follows_before_an_org_is_served(acme):
    acme.ada.status = "SUSPENDED"
    acme.admins.profile = {"name": "Other"}
    acme.org.remove_member(acme.admins, acme.ada)
    acme.org.set_union(acme.app, False)
    assert acme.ada.last_updated == acme.admins.last_membership_updated == acme.app.last_updated == BUILT_AT
    assert acme.org.log.events == []


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("SUSPENDED", "user.lifecycle.suspend"),
        ("LOCKED_OUT", "user.account.lock"),
        ("DEPROVISIONED", "user.lifecycle.deactivate"),
    ],
)
def test_a_status_that_changes_moves_both_clocks_of_the_person(served, status, event):
    served.ada.status = status
    assert (served.ada.last_updated, served.ada.status_changed) == (NOON, NOON)
    assert told(served.org)[0] == (event, {"User": served.ada.id})


def test_who_comes_back_from_a_suspension_is_unsuspended_not_activated(served):
    served.ada.status = "SUSPENDED"
    served.ada.status = "ACTIVE"
    served.bob.status = "ACTIVE"
    assert kinds(served.org) == [
        "user.lifecycle.suspend",
        "user.lifecycle.unsuspend",
        "user.lifecycle.activate",
    ]


def test_a_renamed_person_moves_their_clock_but_not_that_of_their_status(served):
    served.org.rename(served.ada, "countess@acme.example")
    assert (served.ada.last_updated, served.ada.status_changed) == (NOON, BUILT_AT)
    assert told(served.org)[0] == ("user.account.update_profile", {"User": served.ada.id})
    assert served.org.user("countess") is served.ada
    assert served.org.user("ada") is None


def test_apps_know_a_renamed_person_by_the_new_login(served):
    show = Rendering(served.org, "http://acme.okta.example")
    for login in ("one@acme.example", "two@acme.example"):
        served.org.rename(served.ada, login)
        served.org.rename(served.bob, f"b{login}")
        shown = [show.app_user(served.app, held) for held in served.org.app_users(served.app)]
        assert {json.loads(each)["credentials"]["userName"] for each in shown} == {login, f"b{login}"}
    assert kinds(served.org).count("application.user_membership.change_username") == 4
    assert served.org.app_user(served.app, served.ada.id).last_updated > BUILT_AT
    assert served.org.app_user(served.app, served.bob.id).last_updated > BUILT_AT


def test_the_same_value_again_is_no_change(served):
    served.ada.status = "ACTIVE"
    served.admins.profile = dict(served.admins.profile)
    assert (served.ada.last_updated, served.admins.last_updated) == (BUILT_AT, BUILT_AT)
    assert kinds(served.org) == []


@pytest.mark.parametrize("change", [{"profile": {"name": "x"}}, {"type": "APP_GROUP"}, {"source": None}])
def test_a_groups_own_clock_moves_with_profile_type_and_source(served, change):
    for name, value in change.items():
        setattr(served.readers if name == "source" else served.admins, name, value)
    group = served.readers if "source" in change else served.admins
    assert (group.last_updated, group.last_membership_updated) == (NOON, BUILT_AT)
    assert told(served.org) == [("group.profile.update", {"UserGroup": group.id})]


def test_joining_an_assigned_group_makes_an_app_user_of_whom_has_none(served):
    eve = served.org.add_user("new@acme.example")
    served.org.add_member(served.readers, eve)
    held = served.org.app_user(served.app, eve.id)
    assert (held.scope, held.profile, held.created) == ("GROUP", {"samlRoles": ["ReadOnly"]}, NOON)
    joined, assigned = told(served.org)[-2:]
    assert joined == ("group.user_membership.add", {"User": eve.id, "UserGroup": served.readers.id})
    assert assigned[0] == "application.user_membership.add"
    assert (assigned[1]["User"], assigned[1]["AppInstance"]) == (eve.id, served.app.id)
    assert assigned[1]["AppUser"] not in (eve.id, served.app.id)


def test_an_app_users_clock_moves_only_when_the_profile_comes_out_otherwise(served):
    served.org.set_union(served.app, False)
    served.clock.pass_by(60)
    served.org.add_member(served.readers, served.bob)
    assert served.org.app_user(served.app, served.bob.id).last_updated == BUILT_AT
    served.org.prioritise(served.app, served.admins, 9)
    moved = served.org.app_user(served.app, served.bob.id)
    assert (moved.profile, moved.last_updated, moved.created) == (
        {"samlRoles": ["ReadOnly"]},
        "2026-03-01T12:01:00.000Z",
        BUILT_AT,
    )


def test_a_union_that_is_toggled_moves_no_clock_of_the_app_but_its_app_users(served):
    served.org.add_member(served.readers, served.bob)
    served.clock.pass_by(1)
    served.org.set_union(served.app, False)
    assert served.app.last_updated == BUILT_AT
    assert served.org.app_user(served.app, served.bob.id).last_updated == "2026-03-01T12:00:01.000Z"
    assert served.org.app_user(served.app, served.ada.id).last_updated == BUILT_AT
    assert kinds(served.org)[-1] == "application.user_membership.update"


def test_a_persons_own_assignment_goes_before_their_groups_and_back(served):
    served.org.unassign_user(served.app, served.ada)
    through_groups = served.org.app_user(served.app, served.ada.id)
    assert (through_groups.scope, through_groups.profile) == ("GROUP", {"samlRoles": ["Admin", "ReadOnly"]})
    served.org.assign_user(served.app, served.ada, saml_roles=["Own"])
    assert served.org.app_user(served.app, served.ada.id).scope == "USER"
    assert kinds(served.org) == ["application.user_membership.update"] * 2


def test_a_settings_change_moves_the_app_and_is_told(served):
    served.org.change_settings(served.app, joinAllRoles=True)
    served.app.status = "INACTIVE"
    assert served.app.last_updated == NOON
    assert served.app.settings["groupFilter"]
    assert kinds(served.org) == ["application.lifecycle.update", "application.lifecycle.deactivate"]


def test_a_groups_assignment_is_told_of_when_it_comes_changes_and_goes(served):
    group = served.org.add_group("Third")
    served.org.assign_group(served.app, group)
    served.org.prioritise(served.app, group, 0)
    served.org.unassign_group(served.app, group)
    events = [event for event in told(served.org) if event[0].startswith("group.application")]
    assert [event[0].rpartition(".")[2] for event in events] == ["add", "update", "remove"]
    assert {event[1]["UserGroup"] for event in events} == {group.id}


def test_a_deactivated_person_leaves_groups_and_apps_one_by_one(served):
    served.org.deactivate(served.ada)
    assert sorted(kinds(served.org)) == [
        "application.user_membership.remove",
        "group.user_membership.remove",
        "group.user_membership.remove",
        "user.account.privilege.grant",
        "user.lifecycle.deactivate",
    ]
    assert served.org.app_user(served.app, served.ada.id) is None
    assert len({event.body["transaction"]["id"] for event in served.org.log.events}) == 1


def test_a_deleted_person_is_deactivated_first(served):
    served.org.delete_user(served.bob)
    assert kinds(served.org)[-3:] == [
        "user.lifecycle.deactivate",
        "user.lifecycle.delete.initiated",
        "user.lifecycle.delete.completed",
    ]
    assert served.org.user("bob") is None


def test_a_deleted_group_takes_its_assignments_with_it(served):
    served.org.delete_group(served.admins)
    assert kinds(served.org) == [
        "group.lifecycle.delete",
        "group.application_assignment.remove",
        "application.user_membership.remove",
    ]
    assert served.org.app_user(served.app, served.bob.id) is None


def test_everyones_member_clock_moves_with_people_who_come_and_go(served):
    everyone = served.org.everyone
    served.org.add_member(served.admins, served.ada)
    assert everyone.last_membership_updated == BUILT_AT
    for change in (
        lambda: served.org.add_user("new@acme.example"),
        lambda: served.org.deactivate(served.bob),
        lambda: served.org.delete_user(served.ada),
    ):
        served.clock.pass_by(1)
        before = everyone.last_membership_updated
        change()
        assert everyone.last_membership_updated > before


def test_an_app_assigned_to_everyone_follows_people(served):
    served.org.assign_group(served.app, served.org.everyone, saml_roles=["All"])
    new = served.org.add_user("new@acme.example")
    assert served.org.app_user(served.app, new.id).profile == {"samlRoles": ["All"]}
    new.status = "DEPROVISIONED"
    assert served.org.app_user(served.app, new.id) is None


def test_admin_roles_are_told_of_and_move_no_clock(served):
    role = served.org.add_admin_role(served.readers, "APP_ADMIN")
    served.org.remove_admin_role(served.readers, role)
    served.org.add_custom_role(served.ada, "Viewer", ["okta.users.read"])
    served.ada.roles = []
    assert kinds(served.org) == [
        "group.privilege.grant",
        "group.privilege.revoke",
        "iam.resourceset.bindings.add",
        "user.account.privilege.grant",
        "iam.resourceset.bindings.delete",
        "user.account.privilege.grant",
    ]
    granted = served.org.log.events[-1].body["debugContext"]["debugData"]["privilegeGranted"]
    assert granted == "Group Administrator"  # through her group, which is all that is left
    assert (served.ada.last_updated, served.readers.last_updated) == (BUILT_AT, BUILT_AT)


def test_a_big_import_moves_clocks_without_an_event_for_each_member(served):
    with served.org.importing():
        served.org.remove_member(served.readers, served.ada)
    assert served.readers.last_membership_updated == NOON
    assert kinds(served.org) == ["system.import.complete"]


def test_a_large_org_is_generated_without_a_word_in_the_log():
    org = Organisation()
    org.keep_users([org.new_user(f"p{number}@acme.example") for number in range(10)])
    org.serve_times()
    assert org.log.events == []
