"""What a person outside Okta is asked to do: the system, the names that it knows, and a ready command."""

from collections.abc import Mapping

from rolecall import HandOff, ProviderError, Ref
from rolecall_okta.answers import is_refusal
from rolecall_okta.client import OktaClient
from rolecall_okta.provisioning.commands import Change, active_directory_command, ldap_command
from rolecall_okta.provisioning.routes import ACTIVE_DIRECTORY, is_directory
from rolecall_okta.rows import JsonObject, ProfiledGroupRow, UserRow

GROUP_NAMES = ("name", "dn", "samAccountName", "windowsDomainQualifiedName", "externalId")
PERSON_NAMES = ("dn", "samAccountName", "userPrincipalName", "externalId")
NO_SUCH_OBJECT = "E0000007"
LOCATORS = ("dn", "samAccountName")
"""What Active Directory's tools find an object by, the surest first."""


async def names_elsewhere(
    okta: OktaClient, group: ProfiledGroupRow, user_id: str
) -> Mapping[str, str] | None:
    """What the app that masters a group calls a person.

    Returns:
        Empty where Okta doesn't say; None where the app doesn't know the person.
    """
    if group.type != "APP_GROUP" or group.source_app_id is None:
        return {}
    try:
        known = await okta.app_user(group.source_app_id, user_id, expand=None)
    except ProviderError as error:
        if not is_refusal(error):
            raise
        return None if error.provider_code == NO_SUCH_OBJECT else {}
    names = _texts(known.profile or {}, PERSON_NAMES)
    return {**names, **({"userName": known.user_name} if known.user_name else {})}


def hand_off(
    group: ProfiledGroupRow, person: UserRow, names: Mapping[str, str], change: Change, effect: str
) -> HandOff:
    """The hand-off of one membership.

    Args:
        group: Read with the app that masters it.
        person: Whose membership it is.
        names: What that app calls the person.
        change: To put the person in, or take them out.
        effect: One sentence: what that gives or takes.
    """
    group_names = {"name": group.name, **_texts(group.profile, GROUP_NAMES)}
    known = {"login": person.login, "email": person.email}
    person_names = {**{name: text for name, text in known.items() if text}, **names}
    return HandOff(
        _system(group),
        change,
        Ref("group", group.id),
        group_names,
        Ref("user", person.id),
        person_names,
        effect,
        _command(group, group_names, person_names, change),
    )


def _system(group: ProfiledGroupRow) -> str:
    label = group.source_app_label or group.source_app_id or "the app that masters the group"
    if group.source_app_name == ACTIVE_DIRECTORY:
        return f"Active Directory ({label})"
    return label


def _command(
    group: ProfiledGroupRow, group_names: Mapping[str, str], person_names: Mapping[str, str], change: Change
) -> str:
    if group.source_app_name == ACTIVE_DIRECTORY:
        found = _first(group_names), _first(person_names)
        return active_directory_command(change, *found) if all(found) else ""
    if is_directory(group.source_app_name):
        found = group_names.get("dn", ""), person_names.get("dn", "")
        return ldap_command(change, *found) if all(found) else ""
    return ""


def _first(names: Mapping[str, str]) -> str:
    return next((names[each] for each in LOCATORS if names.get(each)), "")


def _texts(profile: JsonObject, wanted: tuple[str, ...]) -> dict[str, str]:
    return {name: text for name in wanted if isinstance(text := profile.get(name), str) and text}
