"""Measures what the credential can do, and whether a sync would work; what can't be proven is unknown."""

from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

import marshmallow as ma

from rolecall import (
    AuthRefused,
    Capability,
    CheckReport,
    Finding,
    Identity,
    NotFound,
    Problem,
    ProviderError,
    Severity,
    Unavailable,
)
from rolecall_okta import OktaClient, RoleRow, UserRow
from rolecall_okta_aws_federation.aws_app import read_aws_app, settings_that_decide
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.mode import read_mode
from rolecall_okta_aws_federation.payloads import ACTIVE, OktaApp, RolesAttributeSchema

WRITES_MEMBERSHIPS = frozenset({"SUPER_ADMIN", "ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN"})
WRITES_ASSIGNMENTS = frozenset({"SUPER_ADMIN", "APP_ADMIN"})
ONLY_READS = frozenset({"READ_ONLY_ADMIN", "REPORT_ADMIN"})

REVIEW_MEMBERSHIP = "Review group membership"
PROVISION_MEMBERSHIP = "Provision group membership"
REVIEW_ASSIGNMENT = "Review application assignment"
PROVISION_ASSIGNMENT = "Provision application assignment"
REVIEW_ROLES = "Review admin roles"

_Row = TypeVar("_Row")


async def check_connector(okta: OktaClient, settings: Settings) -> CheckReport:
    """Ask the provider, and put down what it answered.

    Raises:
        Unavailable: The provider can't be reached.
    """
    problems: list[Problem] = []
    if settings.domain.note:
        problems.append(Problem("domain_corrected", f"domain: {settings.domain.note}.", fatal=False))
    app = await _app(okta, settings.aws_okta_app_id, problems)
    principal, roles, why_not = await _principal(okta)
    features: dict[str, object] = {}
    if app is not None:
        features = await _features(okta, app)
        problems += [_as_problem(each) for each in _oddities(app)]
    problems += _excess(roles)
    capabilities = [
        await _measured(REVIEW_MEMBERSHIP, _lists_members(okta)),
        _by_role(PROVISION_MEMBERSHIP, WRITES_MEMBERSHIPS, roles, why_not),
        await _reviews_assignment(okta, app),
        _by_role(PROVISION_ASSIGNMENT, WRITES_ASSIGNMENTS, roles, why_not),
        await _measured(REVIEW_ROLES, _lists_admins(okta)),
    ]
    problems += _missing(app, capabilities)
    shown = (
        None if app is None else {"id": app.id, "name": app.name, "label": app.label, "status": app.status}
    )
    return CheckReport(shown, principal, features, capabilities, problems)


async def _app(okta: OktaClient, app_id: str, problems: list[Problem]) -> OktaApp | None:
    try:
        return await read_aws_app(okta, app_id)
    except Unavailable:
        raise
    except ProviderError as error:
        problems.append(Problem(error.code, error.message, error.hint))
        return None


async def _principal(okta: OktaClient) -> tuple[Identity | None, list[RoleRow] | None, str]:
    """Whose credential it is, its admin roles, and why they aren't known."""
    try:
        owner: UserRow = await okta.me()
    except ProviderError as error:
        return None, None, f"whose credential this is can't be read ({_answer(error)})"
    try:
        roles = [
            role async for page in okta.user_roles(owner.id) for role in page if role.status != "INACTIVE"
        ]
    except ProviderError as error:
        return Identity(owner.id, owner.login), None, f"its own admin roles can't be read ({_answer(error)})"
    return Identity(owner.id, owner.login, tuple(role.type or "?" for role in roles)), roles, ""


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


def _excess(roles: list[RoleRow] | None) -> list[Problem]:
    """Standard roles that may write: reading needs none of them."""
    writing = sorted({role.type or "?" for role in roles or [] if role.type not in ONLY_READS | {"CUSTOM"}})
    if not writing:
        return []
    return [
        Problem(
            "excess_rights",
            f"The credential holds {', '.join(writing)}; a sync only reads.",
            "give the service account the Read-only Administrator role alone, unless it is to write",
            fatal=False,
        )
    ]


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


def _by_role(name: str, enough: frozenset[str], roles: list[RoleRow] | None, why_not: str) -> Capability:
    """Writing isn't tried; the roles that Okta lists for the credential say what it may."""
    if roles is None:
        return Capability(name, "unknown", why_not)
    types = {role.type or "?" for role in roles}
    held = ", ".join(sorted(types)) or "none"
    if types & enough:
        return Capability(
            name, "yes", f"admin role {', '.join(sorted(types & enough))}, as far as its targets reach"
        )
    if not types or "CUSTOM" in types:
        return Capability(
            name, "unknown", f"admin roles: {held}; what a custom role permits isn't listed with it"
        )
    return Capability(name, "no", f"admin roles: {held}")


async def _measured(name: str, proof: Coroutine[Any, Any, str]) -> Capability:
    try:
        return Capability(name, "yes", await proof)
    except _NotShown as reason:
        return Capability(name, "no", str(reason))
    except (AuthRefused, NotFound) as error:
        return Capability(name, "no", _answer(error))
    except Unavailable:
        raise
    except ProviderError as error:
        return Capability(name, "unknown", _answer(error))


class _NotShown(Exception):
    """Okta answered, but with less than there must be."""


async def _lists_members(okta: OktaClient) -> str:
    groups = await _first_page(okta.groups())
    if not groups:
        raise _NotShown("GET /api/v1/groups: 200 with an empty list, where every org has a group")
    largest = max(groups, key=lambda group: group.users_count or 0)
    params = {"limit": 1}
    members = await _first_page(okta.pages("/api/v1/groups/{id}/users", params, _any, ids=(largest.id,)))
    if largest.users_count and not members:
        raise _NotShown(
            f"GET /api/v1/groups/{largest.id}/users: 200 with an empty list, "
            f"where Okta counts {largest.users_count}"
        )
    return f"GET /api/v1/groups and GET /api/v1/groups/{largest.id}/users: 200"


async def _reviews_assignment(okta: OktaClient, app: OktaApp | None) -> Capability:
    if app is None:
        return Capability(REVIEW_ASSIGNMENT, "unknown", "there is no AWS app to ask for")
    return await _measured(REVIEW_ASSIGNMENT, _lists_assignments(okta, app.id))


async def _lists_assignments(okta: OktaClient, app_id: str) -> str:
    people = f"/api/v1/apps/{app_id}/users"
    groups = f"/api/v1/apps/{app_id}/groups"
    await _first_page(okta.pages("/api/v1/apps/{id}/users", {"limit": 1}, _any, ids=(app_id,)))
    await _first_page(okta.pages("/api/v1/apps/{id}/groups", {"limit": 20}, _any, ids=(app_id,)))
    return f"GET {people} and GET {groups}: 200"


async def _lists_admins(okta: OktaClient) -> str:
    await okta.get("/api/v1/iam/assignees/users", {"limit": 1}, _AnythingSchema())
    return "GET /api/v1/iam/assignees/users: 200"


class _AnythingSchema(ma.Schema):
    """An object of which nothing is needed but that it came."""

    class Meta:
        unknown = ma.EXCLUDE


@dataclass(frozen=True, slots=True)
class _AnyRow:
    id: str


def _any(item: Mapping[str, object]) -> _AnyRow:
    return _AnyRow(str(item.get("id")))


async def _first_page(pages: AsyncGenerator[list[_Row], None]) -> list[_Row]:
    async with aclosing(pages):
        async for page in pages:
            return page
    return []


def _answer(error: ProviderError) -> str:
    """The call and its answer, in short."""
    call = f"{error.method} {error.path}" if error.method else "the call"
    answer = " ".join(str(part) for part in (error.status, error.provider_code) if part is not None)
    return f"{call}: {answer or error.code}"
