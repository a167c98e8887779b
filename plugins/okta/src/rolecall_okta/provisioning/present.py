"""Whether people hold what they are said to hold, at this moment, by single reads."""

from collections.abc import Sequence
from functools import partial

from rolecall import MEMBER, Held, NotFound, ProviderError
from rolecall_okta.answers import is_refusal, told_of_each
from rolecall_okta.client import OktaClient
from rolecall_okta.parallel import for_each
from rolecall_okta.provisioning.held import ASSIGNED, provider_of
from rolecall_okta.provisioning.memberships import held_groups


async def members_held(okta: OktaClient, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
    """For each (group id, person's id) whether the person is in the group; None where that can't be read."""
    members = _Members(okta)
    await for_each(dict.fromkeys(user_id for _, user_id in pairs), members.read_person)
    await for_each(dict.fromkeys(filter(members.may_be_everyone, pairs)), members.read_group)
    return [members.answer(*pair) for pair in pairs]


async def things_present(okta: OktaClient, things: Sequence[Held]) -> list[bool | None]:
    """For each membership and assignment whether it is there, None for all else. See ``rolecall_present``."""
    own = [thing for thing in things if thing.provider == provider_of(okta)]
    memberships = list(filter(_is_membership, own))
    held = await members_held(okta, [(each.object.id, each.principal.id) for each in memberships])
    there: dict[Held, bool | None] = dict(zip(memberships, held, strict=True))
    assignments = list(filter(_is_assignment, own))
    assigned = await told_of_each(assignments, partial(_has_assignment, okta))
    there.update(zip(assignments, assigned, strict=True))
    return [there.get(thing) for thing in things]


def _is_membership(thing: Held) -> bool:
    return thing.mechanism == MEMBER and (thing.object.type, thing.principal.type) == ("group", "user")


def _is_assignment(thing: Held) -> bool:
    return thing.mechanism == ASSIGNED and thing.object.type == "app"


async def _has_assignment(okta: OktaClient, thing: Held) -> bool:
    """Whether the app is assigned to the group, or to the person directly.

    Raises:
        NotFound: It isn't assigned.
    """
    if thing.principal.type == "group":
        assigned = await okta.app_group(thing.object.id, thing.principal.id)
        return assigned.id == thing.principal.id
    assignment = await okta.app_user(thing.object.id, thing.principal.id, expand=None)
    return assignment.scope != "GROUP"


class _Members:
    """One list for each person tells; but Okta doesn't show every credential the group Everyone there."""

    def __init__(self, okta: OktaClient) -> None:
        self._okta = okta
        self._held: dict[str, frozenset[str]] = {}
        self._living: set[str] = set()
        self._everyone: set[str] = set()
        self._closed: set[str] = set()

    async def read_person(self, user_id: str) -> None:
        """Read the groups of a person; one who is gone has none."""
        try:
            person = await self._okta.user(user_id)
            if person.id == user_id:
                self._held[user_id] = frozenset(group.id for group in await held_groups(self._okta, user_id))
                if person.is_in_everyone:
                    self._living.add(user_id)
        except NotFound:
            return
        except ProviderError as error:
            self._close(user_id, error)

    def may_be_everyone(self, pair: tuple[str, str]) -> bool:
        """Whether the group must be read, since the person's groups don't show it."""
        group_id, user_id = pair
        return user_id in self._living and group_id not in self._held[user_id]

    async def read_group(self, pair: tuple[str, str]) -> None:
        """Read whether a group is Everyone."""
        group_id, _ = pair
        try:
            if (await self._okta.group(group_id, expand=None)).is_everyone:
                self._everyone.add(group_id)
        except NotFound:
            return
        except ProviderError as error:
            self._close(group_id, error)

    def answer(self, group_id: str, user_id: str) -> bool | None:
        """What was read."""
        if user_id in self._closed:
            return None
        if group_id in self._held.get(user_id, ()):
            return True
        if user_id in self._living and group_id in self._closed:
            return None
        return user_id in self._living and group_id in self._everyone

    def _close(self, what: str, error: ProviderError) -> None:
        if not is_refusal(error):
            raise error
        self._closed.add(what)
