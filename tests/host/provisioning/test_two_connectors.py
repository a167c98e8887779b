"""Two connectors to one org: reasons are on the thing, whichever of them gave it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.requests.ending import end_all
from rolecall.builtin.service.expiring import EXPIRY
from rolecall.errors import UsageError
from rolecall.models import EntitlementRef
from rolecall.provisioning import provision, undo
from rolecall.store.ledger import reasons_of_action
from rolecall.store.tasks import due_tasks
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BADGE, GIVE, ROLE, asked

TAKE = f"DELETE /direct/u2/{PROD}/Admin"
HOUR = timedelta(hours=1)
GUEST = EntitlementRef(ADMIN.resource, "Guest")


@pytest.fixture
def pair(bench):
    """The workbench with a second connector, ``twin``, to the same vault."""
    config = bench.folder / "rolecall.toml"
    whole = config.read_text()
    twin = whole.partition("[connectors.vault]")[2]
    config.write_text(f"{whole}\n[connectors.twin]{twin}")
    return bench


def without(bench, connector):
    """Take a connector out of the configuration."""
    config = bench.folder / "rolecall.toml"
    parts = config.read_text().split("[connectors.")
    config.write_text("[connectors.".join(each for each in parts if not each.startswith(connector)))


def granted(bench, connector, *, duration=None, **facts):
    action = replace(asked(**facts), connector=connector, duration=duration)
    done = bench.run(provision, action)
    assert done.error is None
    return done


def expire(bench, done):
    """What the service does when the time of a grant is over; gives the revocations' numbers."""

    async def ending(engine):
        with Desk(engine).page() as page:
            return end_all(page, reasons_of_action(page.connection, done.action_id), EXPIRY)

    return bench.run(ending)


@pytest.mark.parametrize("first", ["vault", "twin"])
def test_what_both_granted_is_taken_away_when_the_last_reason_ends(pair, first):
    second = "twin" if first == "vault" else "vault"
    short = granted(pair, first, duration=HOUR)
    long = granted(pair, second, duration=2 * HOUR)
    assert (short.status, long.status) == ("applied", "already_granted")
    assert pair.holdings() == {ROLE: ("held", True, ["grant", "grant"])}

    assert expire(pair, short) == []
    assert pair.vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}

    (task,) = expire(pair, long)
    done = pair.run(undo, task)

    assert (done.action.connector, done.status, done.verified) == (second, "applied", True)
    assert pair.vault.calls == [GIVE, TAKE]
    assert pair.holdings() == {}


def test_what_the_other_connector_made_is_known_for_rolecall_s_when_a_person_revokes(pair):
    pair.vault.set(badges=[])
    granted(pair, "vault")

    done = granted(pair, "twin", operation="revoke")

    assert [step.action for step in done.plan.steps] == ["remove_role", "take_badge"]
    assert pair.vault.state["badges"] == []
    assert pair.holdings() == {}


def test_a_revocation_by_the_other_connector_ends_all_that_the_grant_rests_on(pair):
    pair.vault.set(badges=[])
    granted(pair, "vault")
    granted(pair, "vault", entitlement=GUEST)
    granted(pair, "twin", operation="revoke")
    assert pair.vault.state["badges"] == ["u2"]

    granted(pair, "vault", operation="revoke", entitlement=GUEST)

    assert pair.vault.state["badges"] == []
    assert pair.holdings() == {}


def test_what_a_revocation_leaves_without_a_reason_goes_by_the_connector_that_gave_it(pair):
    pair.vault.set(badges=[])
    granted(pair, "vault")
    pair.vault.set(direct={"u2": [f"{PROD}:Admin", f"{PROD}:Guest"]})
    granted(pair, "vault", operation="revoke")
    assert pair.holdings() == {BADGE: ("ending", True, [])}
    (task,) = due(pair)
    assert (task.connector, task.entitlement) == ("vault", ADMIN)
    without(pair, "vault")

    with pytest.raises(UsageError, match=r"vault gave user:u2 app:badge assigned"):
        pair.run(undo, task.id)


def test_where_the_connector_was_removed_the_other_one_takes_back_what_it_granted_by_too(pair):
    long, short = granted(pair, "twin", duration=2 * HOUR), granted(pair, "vault", duration=HOUR)
    expire(pair, short)
    (task,) = expire(pair, long)
    without(pair, "twin")

    done = pair.run(undo, task)

    assert (done.action.connector, done.status, done.verified) == ("vault", "applied", True)
    assert pair.vault.state["direct"] == {"u2": []}
    assert pair.holdings() == {}
    assert due(pair) == []


def test_where_only_a_part_has_another_way_that_part_goes_and_the_rest_is_told(pair):
    pair.vault.set(badges=[])
    long = granted(pair, "twin", duration=2 * HOUR)
    pair.vault.set(badges=None)
    short = granted(pair, "vault", duration=HOUR)
    pair.vault.set(badges=["u2"])
    expire(pair, short)
    (task,) = expire(pair, long)
    without(pair, "twin")

    with pytest.raises(UsageError, match="nobody has a reason") as refused:
        pair.run(undo, task)

    assert "app:badge assigned" in refused.value.message
    assert "role:Admin" not in refused.value.message
    (other,) = [each for each in due(pair) if each.id != task]
    assert pair.run(undo, other.id).status == "applied"
    assert pair.vault.state["direct"] == {"u2": []}
    assert pair.vault.state["badges"] == ["u2"]


def due(bench):
    with bench.store.reading() as connection:
        return list(due_tasks(connection, datetime.now(UTC) + timedelta(minutes=1)))
