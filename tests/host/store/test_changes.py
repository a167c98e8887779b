"""Changes are checked against the published state and what was staged; what doesn't fit is named."""

import pytest

from rolecall import (
    Entitlement,
    EntitlementRef,
    Gone,
    Grant,
    GrantRef,
    PluginError,
    Ref,
    Refused,
    Regranted,
    Resource,
)
from rolecall.store import queries
from rolecall.store.comparison import Loss, prepare
from rolecall.store.losses import gone_of, sample_gone
from rolecall.store.publish import publish
from rolecall.store.runs import find_run, past_losses, resolve_at, start_run
from rolecall.store.staging import open_staging
from tests.host.states import (
    ACCOUNT,
    NOTHING,
    TYPES,
    account,
    add_state,
    app,
    assigned,
    group,
    member,
    publish_changes,
    publish_state,
    role,
    state,
    user,
)

ADA, BEN, TEAM = Ref("user", "ada"), Ref("user", "ben"), Ref("group", "team")
ADMIN = role("1", "Admin")
EVERYTHING = (user("ada"), user("ben", parent=TEAM), group("team"), app("aws"), account("1"))
GRANTS = (
    Grant(ADMIN, TEAM, expandable=True, condition=assigned("aws")),
    Grant(member("team"), ADA),
    Grant(member("team"), BEN),
    Grant(assigned("aws"), ADA),
)
BEFORE = state(EVERYTHING, [ADMIN], GRANTS)


@pytest.fixture
def published(store):
    return publish_state(store, BEFORE, checkpoint=b"")


@pytest.fixture
def staging(store, published):
    run_id = start_run(store, "aws", "sample", "incremental")
    with open_staging(store, run_id, "aws", TYPES) as opened:
        opened.begin_changes(published.id)
        yield opened


def held(store, run):
    return {(row["entitlement_id"], row["principal_id"]) for row in queries.grants(store, run)}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        pytest.param("Admin", "'Admin'", id="no change at all"),
        pytest.param(Resource(Ref("robot", "r"), ""), "robot:r", id="a resource of an undeclared type"),
        pytest.param(user("cy", parent=Ref("robot", "r")), "robot:r", id="a parent of an undeclared type"),
        pytest.param(user("cy", name=None), "user:cy", id="a resource without a name"),
        pytest.param(
            Entitlement(member("none"), ""), "group:none:member", id="an entitlement of an unknown resource"
        ),
        pytest.param(Grant(role("1", "Other"), ADA), "account:1:Other", id="of an unknown entitlement"),
        pytest.param(Grant(ADMIN, Ref("user", "cy")), "user:cy", id="a grant to an unknown principal"),
        pytest.param(
            Grant(ADMIN, ADA, condition=member("none")), "group:none:member", id="an unknown condition"
        ),
        pytest.param(Grant(ADMIN, ADA, sources=(Ref("group", "none"),)), "none", id="an unknown source"),
        pytest.param(Grant(ADMIN, ADA, expandable=True), "user:ada", id="expandable to a person"),
        pytest.param(Grant([], ADA), "[]", id="a list for a reference"),
        pytest.param(Gone(Ref("robot", "r")), "robot:r", id="gone, of an undeclared type"),
        pytest.param(Gone("user:ada"), "user:ada", id="gone, by a text"),
        pytest.param(Gone(EntitlementRef(TEAM, "")), "slug", id="gone, without a slug"),
        pytest.param(Gone(GrantRef(ADMIN, "ada")), "ada", id="gone, of a principal by a text"),
        pytest.param(Regranted(member("none")), "group:none:member", id="regranted, but unknown"),
        pytest.param(Regranted(TEAM), "group", id="regranted, but no entitlement"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_by_name(staging, change, names):
    with pytest.raises(PluginError) as refused:
        staging.add_changes([Grant(ADMIN, ADA), change])
    assert "Connector aws yielded what can't be stored" in refused.value.message
    assert names in refused.value.message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(Grant(ADMIN, BEN), id="to a principal"),
        pytest.param(Grant(member("team"), ADA, sources=(Ref("group", "g2"),)), id="through a group"),
    ],
)
def test_what_the_run_says_is_gone_cannot_be_granted(staging, change):
    staging.add_changes([group("g2")])
    staging.add_changes([Gone(BEN), Gone(Ref("group", "g2"))])
    with pytest.raises(PluginError):
        staging.add_changes([change])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param([Gone(TEAM)], "user:ben keeps a parent that is gone", id="a published child's parent"),
        pytest.param(
            [user("cy", parent=TEAM), user("ben"), Gone(TEAM)],
            "user:cy keeps a parent",
            id="a new child's parent",
        ),
        pytest.param([user("cy", parent=Ref("user", "dan"))], "user:dan", id="a parent that never came"),
        pytest.param(
            [Gone(assigned("aws"))], "account:1:Admin keeps a condition", id="a published grant's condition"
        ),
        pytest.param(
            [Grant(ADMIN, TEAM), Grant(ADMIN, BEN, condition=assigned("aws")), Gone(Ref("app", "aws"))],
            "account:1:Admin keeps a condition",
            id="a new grant's condition",
        ),
    ],
)
def test_changes_that_leave_something_hanging_are_refused(store, published, changes, says):
    with pytest.raises(PluginError, match=says):
        publish_changes(store, [changes])
    assert resolve_at(store, "aws", None) == published


def test_with_a_resource_goes_all_that_it_offers_and_holds(store, published):
    run = publish_changes(store, [[user("ben"), Gone(TEAM)]])
    assert held(store, run) == {("app:aws:assigned", "ada")}
    assert (run.added, run.removed) == (0, 3)
    assert [row["id"] for row in queries.entitlements(store, run)] == ["account:1:Admin", "app:aws:assigned"]
    assert len(held(store, published)) == 4


def test_an_entitlement_that_was_read_whole_loses_every_other_holder(store, published):
    run = publish_changes(store, [[Grant(member("team"), Ref("user", "ada"))], [Regranted(member("team"))]])
    assert held(store, run) == held(store, published) - {("group:team:member", "ben")}
    assert (run.added, run.removed) == (0, 1)


def test_what_is_unknown_may_be_gone_without_harm(store, published):
    gone = [Ref("user", "cy"), member("none"), GrantRef(member("none"), ADA), GrantRef(ADMIN, ADA)]
    run = publish_changes(store, [[Gone(each) for each in gone]])
    assert (run.status, run.mode) == ("unchanged", "incremental")
    assert run.completeness["totals"] == published.completeness["totals"]


def test_a_resource_that_was_gone_and_came_back_begins_anew(store, published):
    run = publish_changes(store, [[Gone(ADA), user("ada"), Grant(assigned("aws"), ADA)]])
    assert held(store, published) - held(store, run) == {("group:team:member", "ada")}


def test_a_child_may_be_put_before_its_parent_comes_back(store, published):
    changes = [group("team"), Gone(TEAM), user("ben", parent=TEAM), group("team")]
    run = publish_changes(store, [changes])
    (ben,) = (row for row in queries.resources(store, run, "user") if row["id"] == "ben")
    assert ben["parent"] == "group:team"


def test_a_run_can_start_over_and_read_everything(store, published):
    run_id = start_run(store, "aws", "sample", "incremental")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        staging.begin_changes(published.id)
        staging.add_changes([Gone(ADA), user("cy"), Grant(ADMIN, Ref("user", "cy")), Regranted(ADMIN)])
        staging.start_over()
        add_state(staging, BEFORE)
        publish(staging, run_id, NOTHING)
    run = find_run(store, run_id)
    assert (run.status, run.mode) == ("unchanged", "full")


def test_a_run_based_on_an_older_run_than_the_published_one_is_overtaken(store, published):
    newer = publish_state(store, BEFORE, checkpoint=b"")
    run_id = start_run(store, "aws", "sample", "incremental")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        staging.begin_changes(published.id)
        staging.add_changes([Gone(ADA)])
        with pytest.raises(Refused) as refused:
            publish(staging, run_id, NOTHING)
    assert refused.value.code == "overtaken"
    assert resolve_at(store, "aws", None) == newer


def test_losses_are_known_before_anything_changes(store, published):
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, state([user("ada"), group("team"), account("1")], [ADMIN], GRANTS[1:2]))
        staging.add_resources(ACCOUNT, [account("2")])
        compared = prepare(staging, run_id)
        assert compared.losses == (
            Loss("grants", "account", 1, 1),
            Loss("grants", "app", 1, 1),
            Loss("resources", "app", 1, 1),
            Loss("grants", "group", 1, 2),
            Loss("resources", "user", 1, 2),
        )
        assert [sample_gone(staging, loss, 5) for loss in compared.losses[2:]] == [
            [Ref("app", "aws")],
            [GrantRef(member("team"), BEN)],
            [BEN],
        ]
        assert gone_of(staging, [TEAM, Ref("account", "1"), ADA]) == {
            TEAM: (1, 2),
            Ref("account", "1"): (1, 1),
        }
        assert resolve_at(store, "aws", None) == published
        assert len(held(store, published)) == 4


def test_a_sample_is_no_larger_than_asked_for(store):
    people = tuple(user(f"u{n}") for n in range(50))
    publish_state(store, state(people))
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, state(people[:10]))
        [loss] = prepare(staging, run_id).losses
        sample = sample_gone(staging, loss, 20)
    assert loss == Loss("resources", "user", 40, 50)
    assert len(set(sample)) == 20
    assert set(sample) <= {person.ref for person in people[10:]}


def test_the_largest_losses_of_full_runs_are_remembered(store):
    people = tuple(user(f"u{n}") for n in range(10))
    assert past_losses(store, "aws") == {}
    for size in (10, 7, 9, 8):
        publish_state(store, state(people[:size]), checkpoint=b"")
    publish_changes(store, [[Gone(person.ref) for person in people]])
    assert past_losses(store, "aws")["resources", "user"] == 3
    assert past_losses(store, "aws", runs=1)["resources", "user"] == 1
    assert past_losses(store, "aws")["grants", "user"] == 0
    assert past_losses(store, "other") == {}
