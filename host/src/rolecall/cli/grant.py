"""``rolecall grant``: give a person or a group an entitlement."""

from datetime import timedelta

import click

from rolecall.cli.length import Length
from rolecall.cli.options import RolecallCommand
from rolecall.cli.provisioning import Asked, common_options, provision_and_tell
from rolecall.cli.session import Session


@click.command(cls=RolecallCommand)
@click.argument("name")
@click.argument("entitlement")
@click.argument("principal")
@click.option("--for", "duration", type=Length(), metavar="8h", help="End it by itself after so long.")
@click.option("--ticket", metavar="TICKET", help="By which it is known elsewhere; it goes on record.")
@common_options
@click.pass_obj
def grant(
    session: Session,
    name: str,
    entitlement: str,
    principal: str,
    duration: timedelta | None,
    ticket: str | None,
    reason: str,
    dry_run: bool,
    yes: bool,
    accept: tuple[str, ...],
    actor: str | None,
) -> None:
    """Give a person or a group an entitlement.

    ENTITLEMENT is account:ACCOUNT:ROLE (the account's id, or its name in the accounts file), group:ID:member
    or app:ID:assigned. PRINCIPAL is user:ID, group:ID, or a login, e-mail address or group name that is
    unique. The plan is made from a fresh read and shown first. Exit code 3: refused; 4: partly done; 5: a
    person outside must act.

    Examples:
      rolecall grant aws-prod account:prod:Admin ada@acme.example --dry-run
      rolecall grant aws-prod account:123456789012:Admin ada@acme.example --for 8h --reason INC-4711
      rolecall grant aws-prod group:00g1abcd:member user:00u1abcd --yes -o json
    """
    provision_and_tell(
        session,
        Asked(
            "grant", name, entitlement, principal, None, duration, reason, dry_run, yes, accept, actor, ticket
        ),
    )
