"""``rolecall explain``: why a person has a role, or hasn't, and what would change that."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from rolecall.access import AccessRow, Person, ask, find_people
from rolecall.accounts import Accounts
from rolecall.cli.access import via_object
from rolecall.cli.live import live_removals
from rolecall.cli.options import RolecallCommand, at_option, connector_option
from rolecall.cli.plan_text import removal_lines, removal_object
from rolecall.cli.published import published_runs
from rolecall.cli.session import Session
from rolecall.contracts import AccessPath, AccessQuestion, Explanation
from rolecall.errors import StoreError, UsageError
from rolecall.models import Ref
from rolecall.output import Format
from rolecall.output.encoding import encode_json_text
from rolecall.plans import Removal
from rolecall.store.engine import Store
from rolecall.store.queries import finding_row
from rolecall.store.runs import RunRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """The host's facts, and the connector's words for them."""

    run: RunRecord
    person: Person
    question: AccessQuestion
    rows: tuple[AccessRow, ...]
    explanation: Explanation
    removals: tuple[Removal, ...] | None = None


@click.command(cls=RolecallCommand)
@click.argument("user")
@click.argument("target", metavar="ACCOUNT/ROLE")
@connector_option
@at_option
@click.option("--removals", is_flag=True, help="Ask the provider now by which changes the access would end.")
@click.pass_obj
def explain(
    session: Session, user: str, target: str, connector: str | None, at: str | None, removals: bool
) -> None:
    """Say why a person has a role, or hasn't.

    And what would have to change for the answer to be the other one.

    USER is a login, an e-mail address or an id. ACCOUNT is an id, or a name from the accounts file; all
    that follows the first / is the role. Where several connectors know the person and none, or more
    than one, knows the role, name one with --connector. The exit code is 0 whatever the answer.

    Examples:
      rolecall explain ada@acme.example 123456789012/Admin
      rolecall explain ada@acme.example prod/Admin -o json
      rolecall explain ada@acme.example prod/Admin --removals
    """
    account_text, _, role = target.partition("/")
    if not (account_text and role):
        raise UsageError(f"'{target}' is not ACCOUNT/ROLE.", hint="write it as 123456789012/Admin")
    if session.form is Format.CSV:
        raise UsageError("explain has no CSV form.", hint="use -o json or -o table")
    config = session.config()
    accounts = config.accounts
    account = accounts.id_of(account_text)
    with session.store(config) as store:
        runs = published_runs(session, config, store, connector, at)
        run, question, rows = _the_one_that_knows(store, runs, user, account, role)
        people = find_people(store, run, question.person.id)
    person = next(person for person in people if person.ref == question.person)
    words = session.plugins().explain(run.kind, question)
    ways = live_removals(session, run.connector, question) if removals else None
    answer = Answer(run, person, question, rows, words, ways)
    if session.form is Format.TABLE:
        session.print_text(_lines(answer, accounts))
    else:
        session.print_object(_whole(answer, accounts))


def _the_one_that_knows(
    store: Store, runs: Sequence[RunRecord], user: str, account: str, role: str
) -> tuple[RunRecord, AccessQuestion, tuple[AccessRow, ...]]:
    """The connector that the question is about.

    Raises:
        UsageError: No connector knows the person, or several do and it can't be told which is meant.
    """
    answers, unknown = [], None
    for run in runs:
        try:
            question, rows = ask(store, run, user, account, role)
        except UsageError as error:
            unknown = error
        else:
            answers.append((run, question, rows))
    if not answers:
        raise unknown or StoreError("No connector has a published run yet.", hint="run: rolecall sync")
    knowing = [answer for answer in answers if answer[1].exists] or answers
    if len(knowing) > 1:
        names = ", ".join(run.connector for run, _, _ in knowing)
        raise UsageError(f"Several connectors can answer this: {names}.", hint="name one with --connector")
    return knowing[0]


def _whole(answer: Answer, accounts: Accounts) -> dict[str, object]:
    question, rows = answer.question, answer.rows
    account_id = question.entitlement.resource.id
    row = rows[0] if rows else None
    return {
        "connector": answer.run.connector,
        "run_id": answer.run.id,
        "user_id": question.person.id,
        "login": answer.person.login,
        "display_name": question.person_name,
        "user_status": question.person_status,
        "account_id": account_id,
        "account_name": accounts.name(account_id),
        "role": question.entitlement.slug,
        "role_arn": row.role_arn if row else None,
        "has_access": bool(rows),
        "can_sign_in": question.enabled,
        "via": [via_object(path) for path in row.via] if row else [],
        "paths": [_path(path) for path in question.paths],
        "unmet": [str(condition) for condition in question.unmet],
        "settings": answer.explanation.settings,
        "reasons": list(answer.explanation.reasons),
        "changes": list(answer.explanation.changes),
        "findings": [finding_row(finding) for finding in question.findings],
    } | (
        {}
        if answer.removals is None
        else {"removals": [removal_object(removal) for removal in answer.removals]}
    )


def _path(path: AccessPath) -> dict[str, object]:
    return {
        "principal_type": path.principal.type,
        "principal_id": path.principal.id,
        "principal_name": path.principal_name,
        "holds": path.holds,
        "counts": path.counts,
        "expandable": path.expandable,
        "sources": None if path.sources is None else [str(source) for source in path.sources],
    }


def _lines(answer: Answer, accounts: Accounts) -> Iterator[str]:
    question, words = answer.question, answer.explanation
    yield _verdict(answer, accounts)
    if answer.rows and answer.rows[0].role_arn:
        yield f"  role ARN: {answer.rows[0].role_arn}"
    yield f"  as of run {answer.run.id} of {answer.run.connector}"
    yield from _section("Paths", (_path_line(path, question.person) for path in question.paths))
    yield from _section("Conditions not met", map(str, question.unmet))
    yield from _section("Why", words.reasons)
    settings = (f"{name}: {_value(value)}" for name, value in words.settings.items())
    yield from _section("Settings that decided", settings)
    yield from _section("To change this", words.changes)
    if answer.removals is not None:
        revoke = shlex.join(
            ("rolecall", "revoke", answer.run.connector, str(question.entitlement), str(question.person))
        )
        ways = list(removal_lines(answer.removals, revoke)) or ["none: the provider says it isn't there now"]
        yield "How it could be ended, as the provider has it now"
        yield from (f"  {line}" for line in ways)
    unsaid = (found for found in question.findings if found.message not in words.reasons)
    yield from _section("Findings", (f"{found.code}: {found.message}" for found in unsaid))


def _verdict(answer: Answer, accounts: Accounts) -> str:
    question = answer.question
    account_id = question.entitlement.resource.id
    name = accounts.name(account_id)
    account = f"{name} ({account_id})" if name else account_id
    status = f" ({question.person_status})" if question.person_status else ""
    verb = "has" if answer.rows else "does not have"
    sign_in = "" if question.enabled or not answer.rows else ", but can't sign in at present"
    return f"{question.person_name}{status} {verb} {question.entitlement.slug} on account {account}{sign_in}."


def _path_line(path: AccessPath, person: Ref) -> str:
    counts = "counts" if path.counts else "does not count"
    if path.principal == person:
        through = ", ".join(map(str, path.sources or ()))
        how = f"resolved by the provider through {through}" if through else "held directly"
        return f"{how}: {counts}"
    member = "a member" if path.holds else "not a member"
    return f"group {path.principal_name} ({path.principal.id}), {member}: {counts}"


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield title
        yield from (f"  - {line}" for line in listed)


def _value(value: object) -> str:
    return value if isinstance(value, str) else encode_json_text(value)
