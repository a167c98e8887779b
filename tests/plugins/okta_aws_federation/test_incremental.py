"""A run that reads only what changed gives what a full run would give, and asks for little."""

import pytest

from rolecall import Gone, NotFound, Ref
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Before, Status
from tests.plugins.okta_aws_federation.begun_orgs import ACCOUNT, mapping_org, single_org
from tests.plugins.okta_aws_federation.emission import effective_rows
from tests.plugins.okta_aws_federation.replica import Replica, proven, whole

# --- Changes of every kind ------------------------------------------------------------------------


def imported(it):
    with it.org.importing():
        it.org.add_member(it.groups["entry"], it.people[10])
        it.org.remove_member(it.groups["admin"], it.people[3])


def set_profile(it, group, profile):
    it.app.assigned_groups[it.groups[group].id].profile = profile


def retype(it, group):
    it.groups[group].source = it.org.add_app("workday", "Workday")
    it.groups[group].type = "APP_GROUP"


CHANGES = {
    "a person joins a role group": lambda it: it.org.add_member(it.groups["admin"], it.people[9]),
    "a person leaves a role group": lambda it: it.org.remove_member(it.groups["admin"], it.people[3]),
    "a person joins an assigned group": lambda it: it.org.add_member(it.groups["entry"], it.people[11]),
    "a person leaves an assigned group": lambda it: it.org.remove_member(it.groups["entry"], it.people[0]),
    "an import moves members without a word in the log": imported,
    "a person is assigned": lambda it: it.org.assign_user(it.app, it.people[11], saml_roles=["New"]),
    "a person in a group is assigned": lambda it: it.org.assign_user(it.app, it.people[1], saml_roles=["X"]),
    "a group is assigned": lambda it: it.org.assign_group(it.app, it.groups["other"], saml_roles=["Team"]),
    "a group is taken off the app": lambda it: it.org.unassign_group(it.app, it.groups["entry"]),
    "priorities change": lambda it: it.org.prioritise(it.app, it.groups["entry"], 9),
    "an assignment's roles change": lambda it: set_profile(it, "entry", {"samlRoles": ["Else", ""]}),
    "union is switched on": lambda it: it.org.set_union(it.app, True),
    "joinAllRoles is switched on": lambda it: it.org.change_settings(it.app, joinAllRoles=True),
    "appFilter is edited": lambda it: it.org.change_settings(it.app, appFilter="okta"),
    "roleValuePattern is edited": lambda it: it.org.change_settings(it.app, roleValuePattern="odd"),
    "the identity provider is another": lambda it: it.org.change_settings(it.app, identityProviderArn=None),
    "the session is shorter": lambda it: it.org.change_settings(it.app, sessionDuration=900),
    "the app is switched off": lambda it: setattr(it.app, "status", "INACTIVE"),
    "the app has another label": lambda it: it.org.rename(it.app, "AWS"),
    "a person is suspended": lambda it: setattr(it.people[4], "status", "SUSPENDED"),
    "a person is deactivated": lambda it: it.org.deactivate(it.people[4]),
    "a person is deleted": lambda it: it.org.delete_user(it.people[4]),
    "a person is renamed": lambda it: it.org.rename(it.people[4], "other@acme.example"),
    "somebody new joins": lambda it: it.org.add_member(
        it.groups["admin"], it.org.add_user("new@acme.example")
    ),
    "a role group is deleted": lambda it: it.org.delete_group(it.groups["admin"]),
    "an assigned group is deleted": lambda it: it.org.delete_group(it.groups["entry"]),
    "a role group is renamed out of the filter": lambda it: it.org.rename(it.groups["admin"], "no more"),
    "a role group means another role": lambda it: it.org.rename(it.groups["admin"], f"aws_{ACCOUNT}_Power"),
    "a group is renamed into the filter": lambda it: it.org.rename(it.groups["other"], f"aws_{ACCOUNT}_New"),
    "a group becomes an app's": lambda it: retype(it, "admin"),
    "a role group is made": lambda it: it.org.add_group(f"aws_{ACCOUNT}_Made", members=it.people[:4]),
    "an empty role group is made": lambda it: it.org.add_group("aws_000011112222_Empty"),
    "a decoy is made": lambda it: it.org.add_group(
        f"aws_{ACCOUNT}_Admin", members=it.people, source=it.org.add_app("slack", "Chat")
    ),
    "Everyone is assigned": lambda it: it.org.assign_group(it.app, it.org.everyone, saml_roles=["All"]),
}


@pytest.mark.parametrize("build", [mapping_org, single_org])
@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
async def test_a_change_is_seen_without_reading_everything(begun, build, change):
    it = await begun(build)

    replica = await it.after(change)

    assert replica.mode == "incremental", replica.because


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_with_everyone_assigned_those_who_come_are_seen(begun, build):
    def with_everyone(org):
        app, people, groups = build(org)
        org.assign_group(app, org.everyone, priority=5, saml_roles=["All"])
        return app, people, groups

    it = await begun(with_everyone)

    replica = await it.after(lambda it: it.org.add_user("new@acme.example"))

    assert replica.mode == "incremental"
    assert "new@acme.example" in {each.profile.get("login") for each in replica.resources.values()}


async def test_people_read_by_person_come_and_go_too(begun):
    def many_groups(org):
        app, people, groups = mapping_org(org)
        for number in range(30):
            org.add_group(f"aws_{ACCOUNT}_Role{number}", members=people[number % 5 :: 3])
        return app, people, groups

    it = await begun(many_groups)
    assert it.replica.run.reading("/api/v1/users/{id}/groups")

    def change(it):
        it.org.add_member(it.groups["admin"], it.people[7])
        it.org.assign_user(it.app, it.people[9])
        it.org.remove_member(it.groups["entry"], it.people[0])

    replica = await it.after(change)

    assert replica.mode == "incremental"
    assert "members_by_person" in replica.run.codes()


SEEN_WITHOUT_THE_LOG = [
    "union is switched on",
    "priorities change",
    "an assignment's roles change",
    "a person joins an assigned group",
    "a person leaves an assigned group",
    "a group is assigned",
    "a group is taken off the app",
    "an assigned group is deleted",
    "a person is deactivated",
]


@pytest.mark.parametrize("build", [mapping_org, single_org])
@pytest.mark.parametrize("name", SEEN_WITHOUT_THE_LOG)
async def test_what_okta_works_out_of_groups_is_seen_without_a_word_in_the_log(begun, build, name):
    it = await begun(build)
    it.org.log.loses = lambda kind: kind.startswith("application.user_membership.")

    replica = await it.after(CHANGES[name])

    assert replica.mode == "incremental"


async def test_roles_that_a_profile_mapping_works_out_are_seen(begun):
    it = await begun(single_org)

    def change(it):
        it.org.log.loses = lambda kind: kind.startswith("application.")
        it.org.rename(it.people[10], "moved@acme.example")
        it.app.direct[it.people[10].id].profile = {"samlRoles": ["Mapped"]}

    replica = await it.after(change)

    assert replica.mode == "incremental"
    assert "Mapped" in {row["role"] for row in effective_rows(whole(replica))}


async def test_a_status_that_moves_no_clock_but_its_own_is_seen(begun):
    it = await begun(mapping_org)

    def change(it):
        before = it.people[1].last_updated
        it.people[1].status = "SUSPENDED"
        object.__setattr__(it.people[1], "last_updated", before)

    await it.after(change)


async def test_a_deletion_that_was_put_off_deletes_nobody(begun):
    it = await begun(mapping_org)
    target = {"id": it.people[1].id, "type": "User", "alternateId": None, "displayName": None}
    it.org.log.write("user.lifecycle.delete.completed", [target])
    it.org.log.events[-1].body["outcome"] = {"result": "SKIPPED", "reason": None}

    await proven(it.replica)

    assert it.replica.mode == "incremental"


async def test_an_app_that_vanishes_meanwhile_fails_the_run_instead_of_unassigning(begun):
    it = await begun(mapping_org)
    it.org.add_member(it.groups["entry"], it.people[10])
    missing = Status(404, "E0000007", f"Not found: Resource not found: {it.app.id} (AppInstance)")
    it.okta.faults.add(f"/apps/{it.app.id}/users/", missing)

    with pytest.raises(NotFound):
        await it.replica.sync()


# --- What it asks for -----------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "most"), [(mapping_org, 7), (single_org, 8)])
async def test_a_run_of_an_unmoved_org_asks_for_a_few_lists(begun, build, most):
    it = await begun(build)
    await it.replica.sync()

    await it.replica.sync()

    assert it.replica.mode == "incremental"
    assert it.replica.changes == []
    assert len(it.replica.asked) <= most, it.replica.asked


async def test_a_moved_group_and_a_moved_assignment_cost_one_request_each(begun):
    it = await begun(mapping_org)
    await it.replica.sync()
    idle = len((await it.replica.sync()).asked)
    it.org.add_member(it.groups["admin"], it.people[9])
    it.org.add_member(it.groups["entry"], it.people[10])

    await it.replica.sync()

    assert len(it.replica.asked) <= idle + 1 + 2
    assert f"GET /api/v1/groups/{it.groups['admin'].id}/users" in it.replica.asked
    assert f"GET /api/v1/apps/{it.app.id}/users/{it.people[10].id}" in it.replica.asked
    assert f"GET /api/v1/apps/{it.app.id}/users" not in it.replica.asked


async def test_what_one_change_means_is_all_that_is_yielded(begun):
    it = await begun(mapping_org)
    it.org.remove_member(it.groups["admin"], it.people[0])

    await it.replica.sync()

    (change,) = it.replica.changes
    assert isinstance(change, Gone)
    assert change.what.principal == Ref("user", it.people[0].id)


async def test_the_log_is_kept_as_events(begun):
    it = await begun(mapping_org)
    it.org.assign_user(it.app, it.people[11])

    await it.replica.sync()

    (event,) = [event for event in it.replica.events if event.kind == "application.user_membership.add"]
    assert {target.id for target in event.targets} >= {it.app.id, it.people[11].id}
    assert event.outcome == "SUCCESS"


# --- What vanishes meanwhile ----------------------------------------------------------------------


async def test_a_group_deleted_while_its_members_are_read_is_settled_by_the_next_run(begun):
    it = await begun(mapping_org)
    it.org.add_member(it.groups["admin"], it.people[9])
    it.okta.faults.add(
        f"/groups/{it.groups['admin'].id}/users", Before(lambda org: org.delete_group(it.groups["admin"]))
    )

    await it.replica.sync()

    assert it.replica.run.subjects("group_gone") == [f"group:{it.groups['admin'].id}"]
    assert Ref("group", it.groups["admin"].id) not in it.replica.resources
    await proven(it.replica)


async def test_after_something_vanished_in_a_full_run_everybodys_assignment_is_read_again(served):
    org = Organisation()
    app, _, groups = single_org(org)
    okta = served(org)
    org.log.loses = lambda kind: kind.startswith("application.user_membership.")
    okta.faults.add(
        f"/groups/{groups['entry'].id}/users", Before(lambda org: org.delete_group(groups["entry"]))
    )
    replica = await Replica(okta.domain, app.id).sync()

    await proven(replica)

    assert replica.mode == "incremental"
    assert f"GET /api/v1/apps/{app.id}/users" in replica.asked


# --- Lists that are short -------------------------------------------------------------------------


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_a_list_that_is_short_is_told_of_by_every_run_until_it_is_whole(begun, build):
    def short(org):
        app, people, groups = build(org)
        extra = [org.add_group(f"extra {number}", members=people[:1]) for number in range(4)]
        for group in extra if build is single_org else []:
            org.assign_group(app, group, saml_roles=[])
        groups["admin"].raw = {"_embedded": {"stats": {"usersCount": len(groups["admin"].members) + 1}}}
        return app, people, groups

    it = await begun(short)
    admin = it.groups["admin"]
    known = [(Ref("group", admin.id), len(admin.members), len(admin.members) + 1)]
    assert it.replica.run.short == known

    await proven(it.replica)
    assert (it.replica.mode, it.replica.run.short) == ("incremental", known)

    it.groups["admin"].raw = {}
    it.org.add_member(admin, it.people[11])
    await proven(it.replica)
    assert (it.replica.mode, it.replica.run.short) == ("incremental", [])
