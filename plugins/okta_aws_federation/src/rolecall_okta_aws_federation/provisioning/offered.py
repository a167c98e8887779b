"""Which role is asked for without group mapping, and whether the app has it to give."""

import difflib

from rolecall import Refused
from rolecall_okta import shown
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.mode import SingleMode
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.fresh_reading import roles_seen
from rolecall_okta_aws_federation.provisioning.guards import UNKNOWN_ROLE
from rolecall_okta_aws_federation.provisioning.org_now import OrgNow

SHOWN = 20


def wanted_role(desk: Desk) -> AwsRole:
    """The role that the request is about.

    Raises:
        Refused: The app hands out roles of another account, or of none.
    """
    account, role = desk.request.entitlement.resource.id, desk.request.entitlement.slug
    mode = desk.reading.mode
    provider = mode.provider if isinstance(mode, SingleMode) else None
    if provider is None:
        raise Refused(
            "The app's identityProviderArn isn't set or isn't one, so it gives no role of any account.",
            code="no_identity_provider",
            hint="set the identity provider's ARN in the app's sign-on settings",
        )
    if provider.account != account:
        raise Refused(
            f"The app gives roles of the account {provider.account} alone, not of {quoted(account)}.",
            code="another_account",
            hint=f"grant account:{provider.account}:{shown(role)}, or use that account's connector",
            facts={"account": provider.account},
        )
    return AwsRole(account, role)


async def refuse_unoffered(desk: Desk, org: OrgNow, role: AwsRole) -> None:
    """Refuse a role that the app doesn't offer, unless that is accepted.

    Raises:
        Refused: With ``unknown_role``, and the names that are most alike.
    """
    if UNKNOWN_ROLE in desk.request.accept or role.role in org.offered:
        return
    known = set(org.offered)
    if not known:
        known = await roles_seen(desk.okta, org.app.id, role.role, org.assigned)
        if role.role in known:
            return
    folded = {name.casefold(): name for name in sorted(known)}
    alike = [folded[name] for name in difflib.get_close_matches(role.role.casefold(), folded, n=3)]
    basis = "doesn't offer" if org.offered else "names no roles, and nobody has"
    raise Refused(
        f"The app {basis} the role {quoted(role.role)}.",
        code=UNKNOWN_ROLE,
        accept=UNKNOWN_ROLE,
        hint=f"did you mean {', '.join(map(quoted, alike))}?"
        if alike
        else "look at the role's name in AWS; a new one shows in Okta after 'Refresh Application Data'",
        facts={"alike": alike, "offered": sorted(known)[:SHOWN]},
    )
