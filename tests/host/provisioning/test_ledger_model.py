"""Whatever happens in whatever order, access lasts as long as its last reason, and is never taken twice."""

import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rolecall.plugins import load_plugins
from rolecall.provisioning import look_again, provision, undo
from rolecall.store.chain import read_chain
from rolecall.store.ledger import end_reasons, reasons_of_action
from rolecall.store.tasks import Task, create_task
from tests.host.vaults import PROD, Vault, install_vault
from tests.host.workbench import ADMIN, BEN, Workbench, asked

ROLE = f"{PROD}:Admin"
GIVE = f"PUT /direct/u2/{PROD}/Admin"
STEPS = st.sampled_from(
    ["grant", "grant for an hour", "grant lost", "grant refused", "expire", "revoke", "give", "take"]
)


@dataclass
class Model:
    """What should be so.

    Attributes:
        there: Whether Ben has the role.
        ours: Whether Rolecall gave it.
        reasons: Numbers of the grants for which he has it → whether they end.
        standing: It stood there before Rolecall.
        writes: How many calls had an effect.
    """

    there: bool = False
    ours: bool = False
    reasons: dict = field(default_factory=dict)
    standing: bool = False
    writes: int = 0

    def granted(self, number, ends):
        if self.there:
            self.standing = self.standing or not (self.ours or self.reasons)
        else:  # taken away outside: what has no end doesn't come back by a grant that has one
            self.reasons = {each: ending for each, ending in self.reasons.items() if ending}
            self.there, self.ours, self.standing = True, True, False
            self.writes += 1
        self.reasons[number] = ends

    def ended(self, number):
        del self.reasons[number]
        if not self.reasons and not self.standing and self.ours:
            self.writes += self.there
            self.there = self.ours = False

    def revoked(self):
        self.writes += self.there
        self.there = self.ours = self.standing = False
        self.reasons = {}


@contextmanager
def workbench(store, folder):
    """A workbench with a vault of its own."""
    vault = Vault(folder / "vault.json")
    (folder / "rolecall.toml").write_text(vault.toml())
    yield Workbench(folder, vault, store, load_plugins(allow=["acme-vault"]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    install_vault(tmp_path)
    (tmp_path / "accounts.csv").write_text("account_id,name\n123456789012,prod\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("VAULT_READER", "reader")
    monkeypatch.setenv("VAULT_WRITER", "writer")
    yield tmp_path
    sys.modules.pop("acme_vault", None)


def test_access_lasts_as_long_as_its_last_reason(folder, new_store):
    @settings(max_examples=25)
    @given(st.lists(STEPS, min_size=2, max_size=9))
    @example(["grant", "take", "revoke", "give"])
    def holds(steps):
        with new_store() as store, workbench(store, folder) as bench:
            model = Model()
            for step in steps:
                take_step(bench, model, step)
                agree(bench, model)
            with store.reading() as connection:
                calls = [
                    call
                    for record in read_chain(connection)
                    if record.kind == "ended"
                    for call in record.facts["calls"]
                ]
            made = Counter(f"{call['method']} {call['path']}" for call in calls)
            assert Counter(bench.vault.calls) <= made

    holds()


def take_step(bench, model, step):
    held = bench.vault.state["direct"].get("u2", [])
    match step:
        case "give" if not (model.reasons or model.ours):
            bench.vault.set(direct={"u2": [ROLE]})
            model.there = True
        case "take":
            bench.vault.set(direct={"u2": [each for each in held if each != ROLE]})
            model.there = False
        case "revoke":
            done = bench.run(provision, asked("revoke"))
            assert done.status == ("applied" if model.there else "already_revoked")
            model.revoked()
        case "expire" if number := next((each for each, ends in model.reasons.items() if ends), None):
            expire(bench, number)
            model.ended(number)
        case "grant refused" if not model.there:
            bench.vault.fail(GIVE, "refuse")
            done = bench.run(provision, asked())
            assert (done.status, done.partly) == ("failed", False)
            model.reasons = {each: ends for each, ends in model.reasons.items() if ends}
        case "grant lost" if not model.there:
            bench.vault.fail(GIVE, "lost_after")
            done = bench.run(provision, asked())
            assert done.unknown
            assert bench.run(look_again, done.task_id).verified
            model.granted(done.action_id, ends=False)
        case "grant" | "grant for an hour":
            ends = step != "grant"
            done = bench.run(provision, asked(duration=timedelta(hours=1) if ends else None))
            assert done.status == ("already_granted" if model.there else "applied")
            model.granted(done.action_id, ends=ends)


def expire(bench, action_id):
    with bench.store.writing(durable=True) as connection:
        reasons = [each.reason.id for each in reasons_of_action(connection, action_id)]
        own = [each for each in reasons_of_action(connection, action_id) if each.reason.kind == "standing"]
        ending = [ident for ident in reasons if ident not in {each.reason.id for each in own}]
        lost = end_reasons(connection, ending, datetime.now(UTC), "expiry")
        held = tuple(each.held for each in lost)
        task = Task("revoke", "vault", ADMIN, BEN, "ben", asked().actor, "TASK_ORIGIN_TIME_REVOKE", undo=held)
        number = create_task(connection, task) if lost else None
    if number is not None:
        done = bench.run(undo, number)
        assert done.verified


def agree(bench, model):
    assert (ROLE in bench.vault.state["direct"].get("u2", [])) is model.there
    assert len(bench.vault.state["log"]) == model.writes
    known = bench.holdings().get(f"account:{PROD} role:Admin")
    kinds = Counter(known[2]) if known else Counter()
    assert kinds["grant"] == len(model.reasons)
    if known and model.there:
        assert known[1] is model.ours
