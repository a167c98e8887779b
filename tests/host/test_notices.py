"""Notices wait with the fact that they tell of; each plugin tells them until it got through or gave up."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import marshmallow as ma
import pluggy
import pytest

from rolecall import (
    Actor,
    EntitlementRef,
    HandOff,
    ProviderError,
    Ref,
    Refused,
    hookimpl,
    hookspecs,
    notices,
    provisioning_hookspecs,
)
from rolecall.notifying import deliver
from rolecall.plugin_tables import LoadedSettings
from rolecall.plugins import Plugins
from rolecall.store.notices import find_deliveries, next_delivery, queue_notice
from rolecall.store.tasks import Task, create_task, find_task, task_history

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOBODY = LoadedSettings(Path())
ADMIN = EntitlementRef(Ref("account", "111111111111"), "Admin")
ABOUT = notices.About(
    NOW, "aws-prod", ADMIN, Ref("user", "00uada"), "ada@acme.example", what="prod/Admin", reason="incident 7"
)
HANDOFF = HandOff(
    "Active Directory",
    "add",
    Ref("group", "00g1"),
    {"name": "AWS-Admins", "dn": "CN=AWS-Admins,DC=acme"},
    Ref("user", "00uada"),
    {"login": "ada@acme.example"},
    "ada@acme.example can assume Admin in prod.",
    "Add-ADGroupMember AWS-Admins ada",
)


class Teller:
    """A plugin that tells notices, or fails as it is told to."""

    def __init__(self, *answers):
        self.heard = []
        self.answers = list(answers)

    @hookimpl
    async def rolecall_notify(self, notice):
        self.heard.append(notice)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def loaded(**plugins):
    manager = pluggy.PluginManager("rolecall")
    manager.add_hookspecs(hookspecs)
    manager.add_hookspecs(provisioning_hookspecs)
    for name, plugin in plugins.items():
        manager.register(plugin, name=name)
    return Plugins(manager, (), {}, (), {})


def queue(store, *told):
    with store.writing(durable=True) as connection:
        for notice in told:
            queue_notice(connection, notice)


def deliveries(store, notice):
    with store.reading() as connection:
        return {each.plugin: each for each in find_deliveries(connection, notice.id)}


def new_task(store):
    with store.writing(durable=True) as connection:
        task = Task(
            type="grant",
            connector="aws-prod",
            entitlement=ADMIN,
            principal=Ref("user", "00uada"),
            principal_name="ada@acme.example",
            origin="TASK_ORIGIN_API",
            created_by=Actor("ada@acme.example", "operator_asserted"),
        )
        return create_task(connection, task)


async def test_a_notice_is_told_once_by_each_plugin(store):
    one, other = Teller(), Teller()
    notice = notices.granted(ABOUT, to=["ada@acme.example"])
    queue(store, notice, notice)

    first = await deliver(store, loaded(one=one, other=other), NOBODY, NOW)
    second = await deliver(store, loaded(one=one, other=other), NOBODY, NOW + HOUR)

    assert one.heard == other.heard == [notice]
    assert (first.told, second.told) == (2, 0)


async def test_a_plugin_that_fails_keeps_no_other_from_telling(store):
    broken, well = Teller(ZeroDivisionError("oops")), Teller()
    notice = notices.granted(ABOUT)
    queue(store, notice)

    result = await deliver(store, loaded(broken=broken, well=well), NOBODY, NOW)

    assert well.heard == [notice]
    assert result.failed == (f"broken didn't tell notice {notice.id}: ZeroDivisionError: oops",)
    assert deliveries(store, notice)["broken"].state == "pending"


async def test_what_failed_is_tried_later_and_later_for_three_days_and_then_given_up_aloud(store, caplog):
    teller = Teller(*[ProviderError("no answer")] * 100)
    plugins = loaded(pager=teller)
    task = new_task(store)
    notice = notices.failed(ABOUT, "nobody home", task=task)
    queue(store, notice)
    now, waits, result = NOW, [], None

    while True:
        result = await deliver(store, plugins, NOBODY, now)
        with store.reading() as connection:
            due = next_delivery(connection)
        if due is None:
            break
        early = await deliver(store, plugins, NOBODY, due - timedelta(seconds=1))
        assert early.failed == ()
        waits.append(due - now)
        now = due

    assert waits[:5] == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR]
    assert set(waits[4:]) == {6 * HOUR}
    assert timedelta(days=2, hours=18) < now - NOW < timedelta(days=3)
    assert result.given_up == (f"pager didn't tell notice {notice.id}: no answer",)
    assert deliveries(store, notice)["pager"].state == "given_up"
    assert "isn't tried again" in caplog.text
    with store.reading() as connection:
        assert task_history(connection, task)[-1].kind == "noticeGivenUp"


async def test_a_receiver_that_refuses_is_never_asked_again(store):
    teller = Teller(Refused("no such channel"))
    notice = notices.granted(ABOUT)
    queue(store, notice)

    result = await deliver(store, loaded(chat=teller), NOBODY, NOW)
    await deliver(store, loaded(chat=teller), NOBODY, NOW + 10 * HOUR)

    assert len(teller.heard) == 1
    assert "no such channel" in result.given_up[0]
    assert deliveries(store, notice)["chat"].state == "refused"


async def test_a_command_and_the_service_that_tell_side_by_side_tell_it_once(store):
    notice = notices.granted(ABOUT)
    queue(store, notice)
    in_time = asyncio.Event()

    class Slow(Teller):
        @hookimpl
        async def rolecall_notify(self, notice):
            in_time.set()
            await asyncio.sleep(0.05)
            self.heard.append(notice)

    slow, other = Slow(), Teller()
    telling = asyncio.create_task(deliver(store, loaded(chat=slow), NOBODY, NOW))
    await in_time.wait()
    result = await deliver(store, loaded(chat=other), NOBODY, NOW)
    await telling

    assert (slow.heard, other.heard, result.told) == ([notice], [], 0)


async def test_a_notice_that_was_being_told_when_the_process_died_is_told_again(store):
    notice = notices.granted(ABOUT)
    queue(store, notice)

    class Dying(Teller):
        @hookimpl
        async def rolecall_notify(self, notice):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await deliver(store, loaded(chat=Dying()), NOBODY, NOW)
    later = Teller()
    await deliver(store, loaded(chat=later), NOBODY, NOW + HOUR)

    assert later.heard == [notice]


async def test_a_plugin_whose_tables_nobody_wrote_is_not_asked_and_later_not_told_of_days_gone_by(store):
    class Receiver(Teller):
        @hookimpl
        def rolecall_settings(self):
            return {"pager": ma.Schema}

    pager = Receiver()
    before, after = notices.granted(ABOUT), notices.granted(ABOUT)
    queue(store, before)

    idle = await deliver(store, loaded(pager=pager), NOBODY, NOW)
    queue(store, after)
    configured = LoadedSettings(Path(), {"pager": {}})
    asked = await deliver(store, loaded(pager=pager), configured, NOW)

    assert (idle.told, asked.told) == (0, 1)
    assert pager.heard == [after]
    assert deliveries(store, before)["pager"].state == "unwanted"


async def test_a_plugin_that_hangs_is_not_waited_for(store):
    class Hanging:
        @hookimpl
        async def rolecall_notify(self, notice):
            await asyncio.sleep(60)

    notice = notices.granted(ABOUT)
    queue(store, notice)

    result = await deliver(store, loaded(slow=Hanging()), NOBODY, NOW, patience=timedelta(milliseconds=20))

    assert result.failed == (f"slow didn't tell notice {notice.id}: it took too long",)


async def test_a_plugin_that_keeps_failing_is_left_alone_until_the_next_time(store):
    teller = Teller(*[ProviderError("down")] * 3)
    told = [notices.granted(ABOUT) for _ in range(5)]
    queue(store, *told)

    await deliver(store, loaded(chat=teller), NOBODY, NOW)
    assert len(teller.heard) == 3
    await deliver(store, loaded(chat=teller), NOBODY, NOW + HOUR)

    assert {notice.id for notice in teller.heard} == {notice.id for notice in told}
    assert len(teller.heard) == 8


async def test_the_receivers_number_becomes_the_tasks_ticket_where_it_had_none(store):
    task = new_task(store)
    queue(store, notices.handed_off(ABOUT, HANDOFF, NOW + 48 * HOUR, task))

    await deliver(store, loaded(desk=Teller("CHG0031337"), pager=Teller("P-9")), NOBODY, NOW)

    with store.reading() as connection:
        history = task_history(connection, task)
        assert find_task(connection, task).ticket in {"CHG0031337", "P-9"}
    assert {entry.comment for entry in history if entry.kind == "noticeReceipt"} == {"CHG0031337", "P-9"}


@pytest.mark.parametrize("was_known", [True, False])
async def test_old_notices_are_told_after_a_long_stop_but_not_to_a_plugin_that_comes_later(store, was_known):
    later = Teller()
    notice = notices.granted(ABOUT)
    queue(store, notice)
    if was_known:
        await deliver(store, loaded(first=Teller()), NOBODY, NOW)

    await deliver(store, loaded(later=later), NOBODY, NOW + timedelta(days=5))

    assert later.heard == ([] if was_known else [notice])


@pytest.mark.parametrize(
    ("notice", "kind", "sentence"),
    [
        (
            notices.request_waiting(ABOUT, 7, "ada@acme.example", timedelta(hours=4)),
            "request_waiting",
            (
                "ada@acme.example asks to have prod/Admin on aws-prod, for 4 hours; "
                "request 7 waits for approval."
            ),
        ),
        (
            notices.request_waiting(ABOUT, 7, "bob@acme.example"),
            "request_waiting",
            (
                "bob@acme.example asks for ada@acme.example to have prod/Admin on aws-prod; "
                "request 7 waits for approval."
            ),
        ),
        (
            notices.granted(ABOUT, ends_at=NOW + HOUR, verified=False),
            "granted",
            (
                "ada@acme.example was given prod/Admin on aws-prod until 2026-03-01 13:00 UTC; "
                "no read has shown it yet."
            ),
        ),
        (
            notices.expiring(ABOUT, NOW + 2 * HOUR),
            "expiring",
            "prod/Admin on aws-prod ends for ada@acme.example in 2 hours, at 2026-03-01 14:00 UTC.",
        ),
        (
            notices.revoked(ABOUT, "its time was over", verified=False),
            "revoked",
            (
                "prod/Admin on aws-prod was taken from ada@acme.example: its time was over; "
                "no read has shown yet that it is gone."
            ),
        ),
        (
            notices.reopened(ABOUT, "run 9 shows it", 7),
            "reopened",
            "ada@acme.example has prod/Admin on aws-prod again: run 9 shows it; task 7 is open again.",
        ),
        (
            notices.handed_off(ABOUT, HANDOFF, NOW + HOUR, 7),
            "handoff",
            (
                "Please add ada@acme.example to the group AWS-Admins in Active Directory by "
                "2026-03-01 13:00 UTC (task 7): ada@acme.example can assume Admin in prod."
            ),
        ),
        (
            notices.handoff_overdue(ABOUT, HANDOFF, NOW, 7),
            "handoff_overdue",
            (
                "Overdue since 2026-03-01 12:00 UTC: please add ada@acme.example to the group AWS-Admins in "
                "Active Directory (task 7): ada@acme.example can assume Admin in prod."
            ),
        ),
        (
            notices.emergency(ABOUT, 7, "ada@acme.example", NOW + HOUR),
            "emergency",
            (
                "Emergency: ada@acme.example has prod/Admin on aws-prod until 2026-03-01 13:00 UTC, asked "
                "for by ada@acme.example and approved by nobody; request 7 must be reviewed."
            ),
        ),
        (
            notices.failed(ABOUT, ProviderError("Okta answered 500.")),
            "failed",
            "prod/Admin on aws-prod for ada@acme.example failed: Okta answered 500.",
        ),
        (
            notices.connector_owner("aws-prod", "eve@acme.example", NOW),
            "connector_owner",
            "eve@acme.example is now an owner of the connector aws-prod.",
        ),
    ],
)
def test_each_kind_has_its_sentence(notice, kind, sentence):
    assert (notice.kind, notice.summary) == (kind, sentence)
    assert kind in notices.KINDS


def test_a_hand_off_has_all_that_is_needed_to_work_by_it():
    facts = notices.handed_off(ABOUT, HANDOFF, NOW, 7).facts

    assert facts["handoff"] == {
        "system": "Active Directory",
        "change": "add",
        "group": "group:00g1",
        "group_names": {"name": "AWS-Admins", "dn": "CN=AWS-Admins,DC=acme"},
        "person": "user:00uada",
        "person_names": {"login": "ada@acme.example"},
        "effect": "ada@acme.example can assume Admin in prod.",
        "command": "Add-ADGroupMember AWS-Admins ada",
    }
    assert facts["due_at"] == "2026-03-01T12:00:00+00:00"


def test_a_name_with_line_ends_stays_on_one_line_and_an_endless_one_is_cut():
    about = notices.About(NOW, "aws-prod", ADMIN, Ref("user", "1"), "ada\r\nBcc: x" + "y" * 1000)

    summary = notices.granted(about).summary

    assert "\n" not in summary
    assert len(summary) < 400
