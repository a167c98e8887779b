"""Measures what the credential can do, and whether a sync would work; what can't be proven is unknown."""

from rolecall import Capability, CheckReport, Problem, ProviderError, Unavailable
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.config import SCOPES_TO_READ, Settings
from rolecall_okta.directory.news import FILTER
from rolecall_okta.first_pages import first_page
from rolecall_okta.measuring import REVIEW_MEMBERSHIP, REVIEW_ROLES, lists_admins, lists_members, measured
from rolecall_okta.owner import EVERYBODY, nobody_listed
from rolecall_okta.rights import (
    PROVISION_DIRECTORY,
    PROVISION_MEMBERSHIP,
    excess_rights,
    may_write,
    missing_scopes,
    read_rights,
)
from rolecall_okta.rows import ProfiledUserRow, profiled_user_row


async def check_connector(okta: OktaClient, settings: Settings) -> CheckReport:
    """Ask the provider, and put down what it answered.

    Raises:
        Unavailable: The provider can't be reached.
    """
    problems: list[Problem] = []
    if settings.domain.note:
        problems.append(Problem("domain_corrected", f"domain: {settings.domain.note}.", fatal=False))
    rights = await read_rights(okta)
    people = await _people(okta, settings, problems)
    capabilities = [
        await measured(REVIEW_MEMBERSHIP, lists_members(okta)),
        may_write(rights, PROVISION_MEMBERSHIP),
        await measured(REVIEW_ROLES, lists_admins(okta)),
    ]
    problems += _unknown_fields(people, settings) + missing_scopes(rights, SCOPES_TO_READ)
    problems += _missing(capabilities)
    if settings.directory_writes:
        capabilities.append(may_write(rights, PROVISION_DIRECTORY))
    if settings.admin_roles == "off" or capabilities[2].allowed != "yes":
        problems += excess_rights(rights)
    features = {"system_log": await _reads_log(okta)}
    return CheckReport(None, rights.identity, features, capabilities, problems)


async def _people(okta: OktaClient, settings: Settings, problems: list[Problem]) -> list[ProfiledUserRow]:
    """The first page of people, without whom no sync works."""
    project = profiled_user_row(tuple(settings.profile_fields))
    try:
        people = await first_page(okta.users(search=EVERYBODY, project=project))
        if not people:
            raise nobody_listed(okta)
    except Unavailable:
        raise
    except ProviderError as error:
        problems.append(Problem(error.code, error.message, error.hint))
        return []
    return people


def _unknown_fields(people: list[ProfiledUserRow], settings: Settings) -> list[Problem]:
    """Attributes that nobody on a page of people has: a misspelt name, or one that is set of few."""
    names = [
        name
        for place, name in enumerate(settings.profile_fields)
        if people and all(row.values[place] is None for row in people)
    ]
    return [
        Problem(
            "profile_field_empty",
            f"None of the first {len(people)} people has the profile attribute {name}.",
            "compare profile_fields with the attributes' variable names in Okta's Profile Editor",
            fatal=False,
        )
        for name in names
    ]


def _missing(capabilities: list[Capability]) -> list[Problem]:
    """What a sync can't do without."""
    return [
        Problem(
            "right_missing",
            f"{capability.name}: {capability.evidence}.",
            "give the service account a role that may view users and groups",
        )
        for capability in capabilities
        if capability.name == REVIEW_MEMBERSHIP and capability.allowed == "no"
    ]


async def _reads_log(okta: OktaClient) -> bool:
    """Whether later runs can read only what changed."""
    if okta.server_time is None:
        return False
    try:
        async for _events in okta.events(FILTER, since=okta.server_time):
            pass
    except Unavailable:
        raise
    except ProviderError:
        return False
    return True
