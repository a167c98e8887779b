"""``rolecall request`` and ``rolecall jit``: what people type, and what they are told."""

from collections.abc import Mapping
from datetime import timedelta

import click

from rolecall.builtin.requests import asking, deciding
from rolecall.builtin.requests.desk import Desk, at_desk
from rolecall.builtin.requests.listing import REQUESTS, RULES, TWINS, request_facts, rule_row, twin_row
from rolecall.builtin.requests.records import Request, find_request, list_requests, request_row
from rolecall.builtin.requests.states import State
from rolecall.cli.failures import HANDED_OVER, REFUSED, CommandFailed
from rolecall.cli.length import Length
from rolecall.cli.options import RolecallGroup
from rolecall.cli.session import Session, known_connectors
from rolecall.errors import UsageError
from rolecall.ids import parse_entitlement
from rolecall.output import Format

ident_argument = click.argument("ident", metavar="ID", type=int)
as_option = click.option(
    "--as", "acting", metavar="EMAIL", help="Who you are at the provider; otherwise ROLECALL_AS."
)
comment_option = click.option("--comment", metavar="TEXT", default="", help="Why; kept with the request.")


@click.group(cls=RolecallGroup)
def request() -> None:
    """Ask for access that ends, approve it, and see what became of it.

    Examples:
      rolecall request create aws-prod account:123456789012:AdminRole --for 4h --reason "INC-7"
      rolecall request approve 17 --as ben@acme.example
      rolecall request list --state pending
    """


@request.command()
@click.argument("name")
@click.argument("entitlement")
@click.option(
    "--for",
    "duration",
    metavar="DURATION",
    type=Length(),
    required=True,
    help="For how long, from the grant on.",
)
@click.option("--reason", metavar="TEXT", required=True, help="Why it is needed.")
@click.option("--principal", metavar="P", help="For whom, if not for yourself: user:ID, login or e-mail.")
@click.option("--ticket", metavar="TICKET", help="The ticket that it belongs to.")
@click.option(
    "--emergency", is_flag=True, help="At once, before anybody approves; it is reviewed afterwards."
)
@as_option
@click.pass_obj
def create(
    session: Session,
    name: str,
    entitlement: str,
    duration: timedelta,
    reason: str,
    principal: str | None,
    ticket: str | None,
    emergency: bool,
    acting: str | None,
) -> None:
    """Ask for access.

    The first rule of [requests] that admits the entitlement decides who may ask, who approves and for how
    long; without one it can't be asked for. What would be refused later is refused now.

    Examples:
      rolecall request create aws-prod account:123456789012:AdminRole --for 4h --reason "INC-7"
      rolecall request create aws-prod group:00g1abcd:member --for 2d --reason audit --principal eve
      rolecall request create aws-prod account:123456789012:AdminRole --for 1h --reason outage --emergency
    """
    if not reason.strip():
        raise UsageError("--reason is empty.", hint="say why the access is needed")
    known_connectors(session.config(), [name])

    async def asked(desk: Desk) -> int:
        wanted = await asking.wanted_entitlement(desk, name, entitlement)
        wish = asking.Wish(wanted, duration, reason.strip(), principal, ticket, emergency)
        return await asking.create(desk, name, wish, acting)

    ident = at_desk(session, asked)
    _tell(session, ident)


@request.command()
@ident_argument
@click.option(
    "--for",
    "duration",
    metavar="DURATION",
    type=Length(),
    required=True,
    help="How much longer than now.",
)
@click.option("--reason", metavar="TEXT", default="", help="Why; otherwise as before.")
@click.option("--ticket", metavar="TICKET", help="The ticket that it belongs to; otherwise as before.")
@comment_option
@as_option
@click.pass_obj
def extend(
    session: Session,
    ident: int,
    duration: timedelta,
    reason: str,
    ticket: str | None,
    comment: str,
    acting: str | None,
) -> None:
    """Ask for more time before access ends: a request of its own, under the rule as it is now.

    It begins where the other ends, without a gap, and reaches no further from now than the rule allows.

    Examples:
      rolecall request extend 17 --for 2h --as ada@acme.example
    """
    new = at_desk(
        session, lambda desk: asking.extend(desk, ident, duration, reason or comment, ticket, acting)
    )
    _tell(session, new)


@request.command()
@ident_argument
@comment_option
@as_option
@click.pass_obj
def approve(session: Session, ident: int, comment: str, acting: str | None) -> None:
    """Approve a request; with the last approval needed it is granted at once.

    Examples:
      rolecall request approve 17 --as ben@acme.example --comment "on call this week"
    """
    at_desk(session, lambda desk: deciding.approve(desk, ident, comment, acting))
    _tell(session, ident)


@request.command()
@ident_argument
@comment_option
@as_option
@click.pass_obj
def deny(session: Session, ident: int, comment: str, acting: str | None) -> None:
    """Deny a request.

    Examples:
      rolecall request deny 17 --as ben@acme.example --comment "use the reader role"
    """
    at_desk(session, lambda desk: deciding.deny(desk, ident, comment, acting))
    _show(session, ident)


@request.command()
@ident_argument
@comment_option
@as_option
@click.pass_obj
def cancel(session: Session, ident: int, comment: str, acting: str | None) -> None:
    """Take a request back; access that it gave is taken away, unless it is held for other reasons too.

    Examples:
      rolecall request cancel 17 --as ada@acme.example
    """
    at_desk(session, lambda desk: deciding.cancel(desk, ident, comment, acting))
    _show(session, ident)


@request.command()
@ident_argument
@click.option("--comment", metavar="TEXT", required=True, help="What the review found.")
@as_option
@click.pass_obj
def review(session: Session, ident: int, comment: str, acting: str | None) -> None:
    """Review access that was taken in an emergency: it stays an open item until somebody has.

    Examples:
      rolecall request review 17 --as ben@acme.example --comment "outage INC-7, as it should be"
    """
    at_desk(session, lambda desk: deciding.review(desk, ident, comment, acting))
    _show(session, ident)


@request.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="Only these.",
)
@click.option("--connector", metavar="NAME", help="Only of this connector.")
@click.option("--unreviewed", is_flag=True, help="Only emergencies that nobody has reviewed yet.")
@click.pass_obj
def list_(session: Session, states: tuple[str, ...], connector: str | None, unreviewed: bool) -> None:
    """List requests, oldest first.

    Examples:
      rolecall request list
      rolecall request list --state pending --state approved -o json
      rolecall request list --unreviewed
    """
    config = session.config()
    if connector is not None:
        known_connectors(config, [connector])
    with session.store(config) as store, store.reading() as connection:
        found = list_requests(connection, [State(state) for state in states], connector)
        rows = [request_row(each) for each in found if not (unreviewed and each.is_reviewed)]
    session.print_rows(REQUESTS, rows)


@request.command()
@ident_argument
@click.pass_obj
def show(session: Session, ident: int) -> None:
    """Show one request, and all that happened to it.

    Examples:
      rolecall request show 17
    """
    _show(session, ident)


@click.group(cls=RolecallGroup)
def jit() -> None:
    """See what can be asked for, and what it takes.

    Examples:
      rolecall jit rules
      rolecall jit twins aws-prod
    """


@jit.command()
@click.option("--connector", metavar="NAME", help="Only for this connector.")
@click.option("--for", "wanted", metavar="ENTITLEMENT", help="Only the rule that decides about this one.")
@click.pass_obj
def rules(session: Session, connector: str | None, wanted: str | None) -> None:
    """List the rules of [requests] in their order, or the one that an entitlement falls under.

    Examples:
      rolecall jit rules
      rolecall jit rules --connector aws-prod --for account:123456789012:AdminRole
    """
    config = session.configured()
    known = asking.rules_of(session.plugin_settings(config))
    if wanted is not None:
        names = known_connectors(config, [connector] if connector else [])
        entitlement = parse_entitlement(wanted)
        deciding_ones = [
            asking.rule_for(session.plugins(), config, known, name, entitlement) for name in names
        ]
        known = tuple({each.name: each for each in deciding_ones if each is not None}.values())
    elif connector is not None:
        known_connectors(config, [connector])
        known = tuple(each for each in known if each.connector in (None, connector))
    session.print_rows(RULES, map(rule_row, known))


@jit.command()
@click.argument("name")
@click.option("--all", "every", is_flag=True, help="Also the roles that can be had for a time already.")
@click.pass_obj
def twins(session: Session, name: str, every: bool) -> None:
    """List roles that can't be had for a time: no native group means them; and say which to create.

    Examples:
      rolecall jit twins aws-prod
      rolecall jit twins aws-prod --all -o json
    """
    known_connectors(session.config(), [name])

    async def listed(desk: Desk) -> list[dict[str, object]]:
        connector = await desk.engine.reading(name)
        found = sorted(await connector.twins(), key=lambda twin: str(twin.entitlement))
        return [twin_row(twin) for twin in found if every or twin.create]

    session.print_rows(TWINS, at_desk(session, listed))


def _tell(session: Session, ident: int) -> None:
    """Show a request, and end with what became of it where it wasn't granted though it could be."""
    request = _show(session, ident)
    error = request.task.error
    if request.state is State.FAILED and error is not None:
        raise CommandFailed(
            f"Request {ident} is void: {error['message']}",
            code=str(error["code"]),
            hint=error.get("hint"),
            exit_code=REFUSED,
        )
    if request.state is not State.APPROVED:
        return
    if request.task.handoff is not None:
        system = request.task.handoff["content"]["system"]
        raise CommandFailed(
            f"Handed over to {system}: a person there must act; task {ident} is open until it is seen done.",
            code="handed_off",
            hint=f"rolecall task show {ident}",
            exit_code=HANDED_OVER,
        )
    if request.waits_for is not None:
        raise CommandFailed(
            f"The same is under way already: request {ident} waits for task {request.waits_for}.",
            code="handed_off",
            hint=f"rolecall task show {request.waits_for}",
            exit_code=HANDED_OVER,
        )
    session.note(f"It isn't granted yet; it is tried again by: rolecall run. {_because(error)}".rstrip())


def _because(error: Mapping[str, object] | None) -> str:
    return str(error["message"]) if error else ""


def _show(session: Session, ident: int) -> Request:
    with session.store(session.config()) as store, store.reading() as connection:
        found = find_request(connection, ident)
    row = request_row(found)
    if session.form is Format.TABLE:
        session.print_facts(request_facts(row))
    else:
        session.print_object(row)
    return found
