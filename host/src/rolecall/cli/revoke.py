"""``rolecall revoke``: take an entitlement from a person or a group."""

import click

from rolecall.cli.options import RolecallCommand
from rolecall.cli.provisioning import Asked, common_options, provision_and_tell
from rolecall.cli.session import Session


@click.command(cls=RolecallCommand)
@click.argument("name")
@click.argument("entitlement", metavar="ENTITLEMENT|GRANT_ID")
@click.argument("principal", required=False)
@click.option("--via", metavar="group:ID", help="End inherited access by this path: take the person out.")
@common_options
@click.pass_obj
def revoke(
    session: Session,
    name: str,
    entitlement: str,
    principal: str | None,
    via: str | None,
    reason: str,
    dry_run: bool,
    yes: bool,
    accept: tuple[str, ...],
    actor: str | None,
) -> None:
    """Take an entitlement from a person or a group.

    What to write for ENTITLEMENT and PRINCIPAL: see rolecall grant. A GRANT_ID, as rolecall grants lists
    it, names both. Access that comes through a group is refused, with every way to end it; --via carries
    the chosen one out. Sessions that began before live on for a while: the result says until when.

    Examples:
      rolecall revoke aws-prod account:prod:Admin ada@acme.example --dry-run
      rolecall revoke aws-prod account:123456789012:Admin ada@acme.example --via group:00g1abcd
      rolecall revoke aws-prod account:123456789012:Admin:user:00u1abcd --yes --reason "left the team"
    """
    provision_and_tell(
        session,
        Asked("revoke", name, entitlement, principal, via, None, reason, dry_run, yes, accept, actor),
    )
