"""Measures what the credential can do, and whether a sync would work; what can't be proven is unknown."""

from rolecall import Capability, CheckReport, Finding, Problem, ProviderError, Severity, Unavailable
from rolecall_okta import (
    PROVISION_ASSIGNMENT,
    PROVISION_DIRECTORY,
    PROVISION_MEMBERSHIP,
    REVIEW_ASSIGNMENT,
    REVIEW_MEMBERSHIP,
    REVIEW_ROLES,
    OktaClient,
    excess_rights,
    lists_admins,
    lists_members,
    may_write,
    measured,
    missing_scopes,
    read_rights,
    refuse_to_see_nobody,
    shows,
)
from rolecall_okta_aws_federation.aws_app import read_aws_app, settings_that_decide
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, Settings
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.mode import read_mode
from rolecall_okta_aws_federation.payloads import ACTIVE, OktaApp, RolesAttributeSchema


async def check_connector(okta: OktaClient, settings: Settings) -> CheckReport:
    """Ask the provider, and put down what it answered.

    Raises:
        Unavailable: The provider can't be reached.
    """
    problems: list[Problem] = []
    if settings.domain.note:
        problems.append(Problem("domain_corrected", f"domain: {settings.domain.note}.", fatal=False))
    problems += await _sees_nobody(okta)
    app = await _app(okta, settings.aws_okta_app_id, problems)
    rights = await read_rights(okta)
    features: dict[str, object] = {}
    if app is not None:
        features = await _features(okta, app)
        problems += [_as_problem(each) for each in _oddities(app)]
    problems += excess_rights(rights) + missing_scopes(rights, SCOPES_TO_READ)
    capabilities = [
        await measured(REVIEW_MEMBERSHIP, lists_members(okta)),
        may_write(rights, PROVISION_MEMBERSHIP),
        await _reviews_assignment(okta, app),
        may_write(rights, PROVISION_ASSIGNMENT),
        await measured(REVIEW_ROLES, lists_admins(okta)),
    ]
    if settings.directory_writes:
        capabilities.append(may_write(rights, PROVISION_DIRECTORY))
    problems += _missing(app, capabilities)
    shown = (
        None if app is None else {"id": app.id, "name": app.name, "label": app.label, "status": app.status}
    )
    return CheckReport(shown, rights.identity, features, capabilities, problems)


async def _app(okta: OktaClient, app_id: str, problems: list[Problem]) -> OktaApp | None:
    try:
        return await read_aws_app(okta, app_id)
    except Unavailable:
        raise
    except ProviderError as error:
        problem = Problem(error.code, error.message, error.hint)
        problems += [] if problem in problems else [problem]
        return None


async def _sees_nobody(okta: OktaClient) -> list[Problem]:
    """The trap of an OAuth app: without an admin role it is shown empty lists, not errors."""
    if okta.client_id is None:
        return []
    try:
        await refuse_to_see_nobody(okta)
    except Unavailable:
        raise
    except ProviderError as error:
        return [Problem(error.code, error.message, error.hint)]
    return []


async def _features(okta: OktaClient, app: OktaApp) -> dict[str, object]:
    union: bool | None = None
    try:
        union = (await okta.app_schema(app.id, RolesAttributeSchema())).union
    except ProviderError as error:
        if isinstance(error, Unavailable):
            raise
    return {**settings_that_decide(app.settings), "saml_roles_union": union}


def _oddities(app: OktaApp) -> list[Finding]:
    _, found = read_mode(app.settings)
    if app.status != ACTIVE:
        found.insert(0, finding("app_inactive", f"app:{app.id}", status=quoted(app.status)))
    return [each for each in found if each.severity is not Severity.LOW]


def _as_problem(oddity: Finding) -> Problem:
    return Problem(
        oddity.code, oddity.message, "a sync publishes what is left, with this finding", fatal=False
    )


def _missing(app: OktaApp | None, capabilities: list[Capability]) -> list[Problem]:
    """What a sync can't do without."""
    if app is None:
        return []
    needed = {REVIEW_MEMBERSHIP, REVIEW_ASSIGNMENT}
    return [
        Problem(
            "right_missing",
            f"{capability.name}: {capability.evidence}.",
            "give the service account a role that may view users, groups and the AWS app",
        )
        for capability in capabilities
        if capability.name in needed and capability.allowed == "no"
    ]


async def _reviews_assignment(okta: OktaClient, app: OktaApp | None) -> Capability:
    if app is None:
        return Capability(REVIEW_ASSIGNMENT, "unknown", "there is no AWS app to ask for")
    return await measured(REVIEW_ASSIGNMENT, _lists_assignments(okta, app.id))


async def _lists_assignments(okta: OktaClient, app_id: str) -> str:
    people = f"/api/v1/apps/{app_id}/users"
    groups = f"/api/v1/apps/{app_id}/groups"
    await shows(okta, "/api/v1/apps/{id}/users", app_id)
    await shows(okta, "/api/v1/apps/{id}/groups", app_id, limit=20)
    return f"GET {people} and GET {groups}: 200"
