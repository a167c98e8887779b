"""A run that reads only what changed gives what a full run would give, and asks for little."""

from dataclasses import dataclass

import httpx
import pytest

from rolecall import Gone, NotFound, Ref
from rolecall_okta import OktaClient
from rolecall_okta.simulator import ABSENT, Organisation
from rolecall_okta.simulator.faults import Before, Body, Status
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta_aws_federation.memory import FORMAT, load
from tests.plugins.okta_aws_federation.emission import TOKEN, effective_rows
from tests.plugins.okta_aws_federation.replica import Replica, proven

ACCOUNT = "123456789012"


@dataclass
class Case:
    """An org that is served, and a connector that has read it once."""

    org: Organisation
    app: App
    people: list[User]
    groups: dict[str, Group]
    replica: Replica
    okta: object

    async def after(self, change):
        """Make a change, and prove that the next run sees it."""
        change(self)
        return await proven(self.replica)


def mapping_org(org):
    directory = org.add_directory()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta, active_directory")
    people = [org.add_user(f"person{number}@acme.example") for number in range(12)]
    groups = {
        "entry": org.add_group("AWS users", members=people[:7]),
        "admin": org.add_group(f"aws_{ACCOUNT}_Admin", members=people[:3]),
        "reader": org.add_group(f"aws_{ACCOUNT}_ReadOnly", members=people[2:9], source=directory),
        "other": org.add_group("friends", members=people[4:6]),
    }
    org.assign_group(app, groups["entry"], priority=0, saml_roles=[])
    for person in people[7:9]:
        org.assign_user(app, person, saml_roles=[])
    return app, people, groups


def single_org(org):
    app = org.add_aws_app(roles=["Known"])
    people = [org.add_user(f"person{number}@acme.example") for number in range(12)]
    groups = {
        "entry": org.add_group("admins", members=people[:5]),
        "admin": org.add_group("readers", members=people[3:9]),
        "other": org.add_group("friends", members=people[5:7]),
    }
    org.assign_group(app, groups["entry"], priority=0, saml_roles=["Admin"])
    org.assign_group(app, groups["admin"], priority=1, saml_roles=["ReadOnly", "Billing"])
    org.assign_user(app, people[10], saml_roles=["Own"])
    return app, people, groups


@pytest.fixture
def begun(served):
    """Serve one of the orgs, and read it once."""

    async def begin(build, rights="read_only", **options):
        org = Organisation()
        app, people, groups = build(org)
        okta = served(org, rights, **options)
        replica = await Replica(okta.domain, app.id).sync()
        return Case(org, app, people, groups, replica, okta)

    return begin


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


@pytest.mark.parametrize("lost", ["", "application.user_membership.", "group.user_membership."])
async def test_the_log_is_believed_only_where_groups_count_as_many(begun, lost):
    it = await begun(mapping_org)
    it.org.log.loses = lambda kind: bool(lost) and kind.startswith(lost)
    everybody = f"GET /api/v1/apps/{it.app.id}/users"

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[10])

    replica = await it.after(change)

    assert replica.mode == "incremental"
    assert (everybody in replica.asked) == (lost == "group.user_membership.")


async def test_a_swap_in_an_entry_group_of_which_the_log_says_nothing_is_seen(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    it.org.log.loses = lambda kind: "user_membership." in kind

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[10])
        it.org.remove_member(it.groups["entry"], it.people[0])
        now[0] += 5

    replica = await it.after(change)

    assert replica.mode == "incremental"
    await replica.sync()
    assert f"GET /api/v1/apps/{it.app.id}/users" not in replica.asked, "the move was seen by then"


async def test_a_swap_within_the_second_of_a_move_that_was_seen_is_seen_too(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    await it.after(lambda it: it.org.add_member(it.groups["entry"], it.people[11]))
    it.org.log.loses = lambda kind: "user_membership." in kind
    it.org.add_member(it.groups["entry"], it.people[10])
    it.org.remove_member(it.groups["entry"], it.people[0])
    now[0] += 60

    await proven(it.replica)

    assert it.replica.mode == "incremental"


async def test_a_swap_that_an_import_makes_beside_a_move_that_the_log_tells_is_seen(begun):
    it = await begun(mapping_org)

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[11])
        it.org.log.loses = lambda kind: kind.startswith("application.")
        with it.org.importing():
            it.org.add_member(it.groups["entry"], it.people[10])
            it.org.remove_member(it.groups["entry"], it.people[0])

    replica = await it.after(change)

    assert replica.mode == "incremental"


async def test_a_swap_that_a_group_rule_makes_beside_a_move_that_the_log_tells_is_seen(begun):
    it = await begun(mapping_org)
    entry = it.groups["entry"]

    def change(it):
        it.org.add_member(entry, it.people[11])
        it.org.log.loses = lambda kind: "user_membership." in kind
        it.org.add_member(entry, it.people[10])
        it.org.remove_member(entry, it.people[0])
        it.org.log.loses = None
        it.org.log.write("group.user_membership.rule.trigger", [{"id": entry.id, "type": "UserGroup"}])

    replica = await it.after(change)

    assert replica.mode == "incremental"


@pytest.mark.parametrize("build", [mapping_org, single_org])
@pytest.mark.parametrize("joins", [True, False])
async def test_an_assignment_that_follows_its_group_later_is_asked_for_again(begun, build, joins):
    now = [1_800_000_000.0]
    it = await begun(build, clock=lambda: now[0])
    it.org.log.loses = lambda kind: kind.startswith("application.user_membership.")
    person = it.people[11] if joins else it.people[0]
    change = it.org.add_member if joins else it.org.remove_member
    was = await app_user_as_served(it, person)
    change(it.groups["entry"], person)
    late = Status(404, "E0000007") if joins else Status(200, body=was)
    it.okta.faults.add(f"/apps/{it.app.id}/users/{person.id}", late)
    await it.replica.sync()
    now[0] += 700  # past the overlap, so that nothing but the memory of it brings it back

    await proven(it.replica)

    assert it.replica.mode == "incremental"
    await it.replica.sync()
    assert not [what for what in it.replica.asked if what.endswith(person.id)], "it has followed"


async def app_user_as_served(it, person):
    async with httpx.AsyncClient(trust_env=False) as http:
        address = f"http://{it.okta.domain}/api/v1/apps/{it.app.id}/users/{person.id}?expand=user"
        return (await http.get(address, headers={"Authorization": f"SSWS {TOKEN}"})).content


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


async def test_members_that_a_clock_tells_of_are_not_read_again(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    it.org.add_member(it.groups["admin"], it.people[9])
    members = f"GET /api/v1/groups/{it.groups['admin'].id}/users"
    asked = []

    for _ in range(3):
        now[0] += 5
        await it.replica.sync()
        asked.append(members in it.replica.asked)

    assert asked == [True, False, False]


async def test_a_change_within_the_second_of_the_clock_is_not_missed(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    for person, seconds in ((9, 0.4), (10, 0.3), (11, 0.2)):
        it.org.add_member(it.groups["admin"], it.people[person])
        now[0] += seconds
        await proven(it.replica)


async def test_a_lagging_index_loses_nothing(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    it.org.add_member(it.groups["admin"], it.people[9])
    it.people[1].status = "SUSPENDED"
    it.org.rename(it.groups["other"], f"aws_{ACCOUNT}_New")
    it.org.add_member(it.groups["entry"], it.people[10])
    now[0] += 1
    await it.replica.sync()
    now[0] += 6

    await proven(it.replica)

    assert it.replica.mode == "incremental"
    assert any(row["role"] == "New" for row in effective_rows(whole(it.replica)))


async def test_a_deleted_group_that_the_index_still_lists_is_not_taken_back(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    it.org.add_group("aws_000011112222_Empty")
    now[0] += 10
    await it.replica.sync()
    empty = it.org.group("aws_000011112222_Empty")
    it.org.delete_group(empty)

    await it.replica.sync()

    assert Ref("group", empty.id) not in it.replica.resources
    now[0] += 10
    await proven(it.replica)


async def test_a_full_run_does_not_take_back_what_an_earlier_run_learned_of_deletions(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    empty = it.org.add_group("aws_000011112222_Empty")
    now[0] += 10
    await it.replica.sync()
    it.org.delete_group(empty)
    await it.replica.sync()

    await it.replica.sync(full=True)

    assert Ref("group", empty.id) not in it.replica.resources
    now[0] += 700
    await proven(it.replica)
    assert load(it.replica.checkpoint).deleted == {}


def whole(replica):
    replica.run.resources, replica.run.entitlements = replica.resources, replica.entitlements
    replica.run.grants = list(replica.grants.values())
    return replica.run


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


# --- When everything is read ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"groupFilter": r"x_(?{{accountid}}\d+)_(?{{role}}\w+)"}, "groupFilter changed"),
        ({"useGroupMapping": False}, "useGroupMapping changed"),
    ],
)
async def test_settings_that_ask_for_other_lists_make_a_full_run(begun, settings, why):
    it = await begun(mapping_org)

    replica = await it.after(lambda it: it.org.change_settings(it.app, **settings))

    assert replica.mode == "full"
    assert why in replica.because


async def test_another_app_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.replica.app_id = it.org.add_aws_app("Second", use_group_mapping=True).id

    await proven(it.replica)

    assert (it.replica.mode, it.replica.because) == ("full", "the connector's settings changed")


async def test_a_lost_position_makes_a_full_run_and_keeps_what_the_log_tells(begun):
    it = await begun(mapping_org)
    await it.replica.sync()
    it.org.assign_user(it.app, it.people[11])
    it.org.log.forget_cursors()

    await proven(it.replica)

    assert it.replica.mode == "full"
    assert "no longer knows up to where its System Log was read" in it.replica.because
    assert "application.user_membership.add" in {event.kind for event in it.replica.events}
    await proven(it.replica)
    assert it.replica.mode == "incremental"


async def test_a_run_longer_ago_than_the_log_is_kept_makes_a_full_run(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    now[0] += 90 * 86_400

    await it.replica.sync()

    assert it.replica.mode == "full"
    assert it.replica.because is not None


async def test_the_cheaper_way_of_reading_memberships_flips_only_in_a_full_run(begun):
    it = await begun(mapping_org)

    def change(it):
        for number in range(20):
            it.org.add_group(f"aws_{ACCOUNT}_Role{number}", members=it.people[:2])

    replica = await it.after(change)

    assert replica.mode == "full"
    assert "by person" in replica.because


async def test_another_credential_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/users/me", Body(b'{"id": "00uanother", "status": "ACTIVE"}'), times=None)

    await it.replica.sync()

    assert it.replica.because == "the credential belongs to somebody else than before"


async def test_a_filter_that_the_log_does_not_take_leaves_full_runs(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/logs", Status(400, "E0000053"), times=None)

    await it.replica.sync()

    assert (it.replica.mode, it.replica.checkpoint) == ("full", None)
    assert it.replica.run.subjects("log_unreadable") == ["/api/v1/logs"]


async def test_replies_without_a_date_leave_only_full_runs(begun, monkeypatch):
    it = await begun(mapping_org)
    monkeypatch.setattr(OktaClient, "server_time", None)
    monkeypatch.setattr(OktaClient, "first_reply_at", None)

    await it.replica.sync()

    assert (it.replica.mode, it.replica.checkpoint) == ("full", None)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"x\x9cnonsense"])
async def test_a_checkpoint_that_can_not_be_read_makes_a_full_run(begun, damage):
    it = await begun(mapping_org)
    it.replica.checkpoint = damage or b"\0"

    await proven(it.replica)

    assert it.replica.mode == "full"
    assert it.replica.because.startswith("the last run's checkpoint can't be read (")


async def test_a_checkpoint_of_another_release_makes_a_full_run(begun, monkeypatch):
    it = await begun(mapping_org)
    monkeypatch.setattr("rolecall_okta_aws_federation.memory.FORMAT", FORMAT + 1)

    await it.replica.sync()

    assert it.replica.because == "the last run's checkpoint was written by another release"


async def test_without_a_right_to_the_log_every_run_is_full_and_says_so(begun):
    it = await begun(mapping_org, rights="custom_read_only")

    await it.replica.sync()

    assert it.replica.checkpoint is None
    assert it.replica.mode == "full"
    assert it.replica.run.subjects("log_unreadable") == ["/api/v1/logs"]


async def test_a_right_to_the_log_that_is_taken_away_makes_a_full_run(begun):
    it = await begun(mapping_org)
    it.okta.faults.add("/logs", Status(403, "E0000006"))

    await it.replica.sync()

    assert it.replica.mode == "full"
    assert "403 E0000006" in it.replica.because


# --- The checkpoint -------------------------------------------------------------------------------


async def test_a_checkpoint_holds_hostile_text_as_it_was(served):
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    odd = "\x1b[31m\u202elone\ud800\x00é"
    person = org.add_user("odd@acme.example", first_name=odd, profile={"displayName": odd})
    org.assign_user(app, person, saml_roles=[odd, 3], raw={"_embedded": ABSENT})
    org.add_group(f"aws_{ACCOUNT}_Admin", members=[person])
    replica = await Replica(served(org).domain, app.id).sync()

    memory = load(replica.checkpoint)

    assert memory.dump() == replica.checkpoint
    await proven(replica)
    assert (replica.mode, replica.changes) == ("incremental", [])
