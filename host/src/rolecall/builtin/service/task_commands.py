"""``rolecall task``: hand-offs and revocations that are open, and what is said of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from sqlalchemy import Connection

from rolecall.builtin.requests.commands import as_option, ident_argument
from rolecall.builtin.requests.desk import Desk, at_desk
from rolecall.builtin.requests.listing import history_facts, moment
from rolecall.builtin.requests.records import OPEN
from rolecall.builtin.service.claims import reject as reject_task
from rolecall.builtin.service.claims import report_done
from rolecall.cli.options import RolecallCommand, RolecallGroup
from rolecall.cli.session import Session, known_connectors
from rolecall.output import Column, Format, Listing
from rolecall.provisioning import shell_actor
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.tasks import Task, TaskEntry, find_task, list_tasks, task_histories, task_history

TASKS = Listing(
    (
        "id",
        "type",
        "state",
        "processing",
        "outcome",
        "outcome_at",
        "origin",
        "source",
        "request",
        "connector",
        "entitlement_id",
        "principal",
        "principal_name",
        "created_at",
        "created_by",
        "description",
        "ticket",
        "handoff",
        "due_at",
        "tries",
        "next_try_at",
        "observed_run_id",
        "observed_at",
        "actions",
        "steps",
        "error",
        "history",
    ),
    (
        Column("id", "ID"),
        Column("type", "TYPE"),
        Column("outcome", "OUTCOME"),
        Column("connector", "CONNECTOR"),
        Column("entitlement_id", "ENTITLEMENT"),
        Column("principal_name", "FOR"),
        Column("handoff", "HAND-OFF"),
        Column("due_at", "DUE"),
        Column("error", "ERROR"),
    ),
    table_cells={
        "outcome": lambda outcome: outcome or "open",
        "handoff": lambda handoff: f"{handoff['state']}: {handoff['content']['system']}" if handoff else "",
        "error": lambda error: str(error["message"]) if error else "",
    },
)


@click.group(cls=RolecallGroup)
def task() -> None:
    """Look after hand-offs, and revocations that no read has shown done yet.

    Examples:
      rolecall task list
      rolecall task show 12
      rolecall task done 12 --ticket CHG-31 --as ada@acme.example
    """


@task.command("list", cls=RolecallCommand)
@click.option("--all", "every", is_flag=True, help="Also those that are closed.")
@click.option("--handoffs", is_flag=True, help="Only hand-offs.")
@click.option("--connector", metavar="NAME", help="Only of this connector.")
@click.pass_obj
def list_(session: Session, every: bool, handoffs: bool, connector: str | None) -> None:
    """List open hand-offs, open revocations, and grants that aren't seen yet, oldest first.

    Requests that wait for approval aren't here: see rolecall request list.

    Examples:
      rolecall task list
      rolecall task list --handoffs --connector aws-prod -o json
    """
    config = session.config()
    if connector is not None:
        known_connectors(config, [connector])
    with session.store(config) as store, store.reading() as connection:
        found = list(list_tasks(connection, state=None if every else OPEN, connector=connector))
        wanted = [each for each in found if _is_task(each) and (each.handoff is not None or not handoffs)]
        histories = task_histories(connection, (each.id for each in wanted))
        rows = [task_row(each, histories.get(each.id, ()), _last(connection, each)) for each in wanted]
    session.print_rows(TASKS, rows)


@task.command()
@ident_argument
@click.pass_obj
def show(session: Session, ident: int) -> None:
    """Show one task, with what whoever it was handed to must know, and all that happened to it.

    Examples:
      rolecall task show 12
    """
    _show(session, ident)


@task.command()
@ident_argument
@click.option("--ticket", metavar="TICKET", help="By which the change is known outside.")
@click.option("--comment", metavar="TEXT", default="", help="Kept with the task.")
@as_option
@click.pass_obj
def done(session: Session, ident: int, ticket: str | None, comment: str, acting: str | None) -> None:
    """Say that a hand-off is done. It is looked at once; only what the provider shows closes the task.

    Examples:
      rolecall task done 12 --ticket CHG-31 --as ada@acme.example
    """
    now = at_desk(session, lambda desk: report_done(desk, ident, shell_actor(acting), ticket, comment))
    _show(session, ident)
    if now.handoff is not None and now.handoff["state"] == "reported_done":
        session.note("The provider doesn't show it yet; the task stays open until it does.")


@task.command()
@ident_argument
@click.option("--comment", metavar="TEXT", required=True, help="Why.")
@as_option
@click.pass_obj
def reject(session: Session, ident: int, comment: str, acting: str | None) -> None:
    """Say that a hand-off won't be done: a grant is over by that, a revocation stays open.

    Examples:
      rolecall task reject 12 --comment "she has left" --as ada@acme.example
    """

    async def rejected(desk: Desk) -> None:
        reject_task(desk, ident, shell_actor(acting), comment)

    at_desk(session, rejected)
    _show(session, ident)


def task_row(known: Task, history: Sequence[TaskEntry], action: StoredAction | None) -> dict[str, object]:
    """A task as scripts get it.

    Args:
        known: The task.
        history: All that was done to it.
        action: The last that carried it out, or None.
    """
    return {
        "id": known.id,
        "type": known.type,
        "state": known.state,
        "processing": known.processing,
        "outcome": known.outcome,
        "outcome_at": known.outcome_at,
        "origin": known.origin,
        "source": known.source,
        "request": known.listing,
        "connector": known.connector,
        "entitlement_id": str(known.entitlement),
        "principal": str(known.principal),
        "principal_name": known.principal_name,
        "created_at": known.created_at,
        "created_by": known.created_by.name,
        "description": known.description,
        "ticket": known.ticket,
        "handoff": known.handoff,
        "due_at": known.due_at,
        "tries": known.tries,
        "next_try_at": known.next_try_at,
        "observed_run_id": known.observed_run_id,
        "observed_at": known.observed_at,
        "actions": list(known.actions),
        "steps": _step_rows(known, action),
        "error": known.error,
        "history": [
            {
                "at": entry.at,
                "event": entry.facts.get("deed") or entry.kind,
                "by": entry.actor.name,
                "assurance": entry.actor.assurance,
                "comment": entry.comment,
            }
            for entry in history
        ],
    }


def _last(connection: Connection, known: Task) -> StoredAction | None:
    return find_action(connection, known.actions[-1]) if known.actions else None


def _step_rows(known: Task, action: StoredAction | None) -> list[dict[str, object]]:
    """What the last plan was to change, and what is known of each step."""
    if action is None or action.plan is None:
        return []
    handed = known.handoff["step"] if known.handoff and action.status == "handed_off" else None
    words = {"planned": "waiting", "begun": "unknown", "answered": "unknown"}
    return [
        {
            "action": step.action,
            "effect": step.effect,
            "outcome": "handed_off" if number == handed else words.get(progress.state, progress.state),
            "why": progress.why,
        }
        for number, (step, progress) in enumerate(zip(action.plan.steps, action.steps, strict=True))
    ]


def _is_task(known: Task) -> bool:
    """Whether it is more than a request that waits for somebody's word."""
    return known.type == "revoke" or known.listing is None or known.handoff is not None


def _show(session: Session, ident: int) -> None:
    with session.store(session.config()) as store, store.reading() as connection:
        known = find_task(connection, ident)
        row = task_row(known, task_history(connection, ident), _last(connection, known))
    if session.form is Format.TABLE:
        session.print_facts(_facts(row))
    else:
        session.print_object(row)


def _facts(row: Mapping[str, Any]) -> dict[str, str]:
    facts = {
        "task": str(row["id"]),
        "type": row["type"],
        "outcome": row["outcome"] or "open",
        "access": f"{row['entitlement_id']} on {row['connector']}",
        "for": row["principal_name"],
        "because": row["description"],
        "ticket": row["ticket"] or "",
        "due": moment(row["due_at"]),
        "next try": moment(row["next_try_at"]),
        "seen done": moment(row["observed_at"]),
        "error": row["error"]["message"] if row["error"] else "",
    }
    for number, step in enumerate(row["steps"], 1):
        why = f" ({step['why']})" if step["why"] else ""
        facts[f"step {number}"] = f"{step['effect']}: {step['outcome'].replace('_', ' ')}{why}"
    if row["handoff"]:
        facts |= _handoff_facts(row["handoff"])
    return facts | history_facts(row["history"])


def _handoff_facts(handoff: Mapping[str, Any]) -> dict[str, str]:
    content, claim = handoff["content"], handoff["claim"]
    return {
        "hand-off": handoff["state"],
        "in": content["system"],
        "change": f"{content['change']} the person",
        "group": ", ".join(f"{name} {value}" for name, value in content["group_names"].items()),
        "person": ", ".join(f"{name} {value}" for name, value in content["person_names"].items()),
        "effect": content["effect"],
        "command": content["command"],
        "reported by": claim["by"] if claim else "",
    }
