"""Looks for things that a list read again no longer holds, although nothing tells that they went.

A run that reads only what changed still reads some lists whole. One that came back short would end what
it lacks, too little at a time for the host's guard to notice.
"""

import random
from collections.abc import Awaitable, Callable, Collection, Iterable

from rolecall import NotFound, ProviderError, Refused
from rolecall_okta import for_each, is_refusal
from rolecall_okta_aws_federation.reader import Reader

SAMPLE = 20
"""Of so many people at most Okta is asked."""


async def look_for_groups(reader: Reader, app_id: str, vanished: Collection[str]) -> None:
    """Ask for each of these groups, which the list of assigned groups no longer holds.

    Raises:
        Refused: One of them is still assigned.
    """

    async def ask(group_id: str) -> None:
        await reader.okta.app_group(app_id, group_id)

    await _look_for("group", vanished, len(vanished), ask)


async def look_for_people(reader: Reader, app_id: str, vanished: Collection[str]) -> None:
    """Ask for a sample of these people, whom the list of assigned people no longer holds.

    Raises:
        Refused: One of them is still assigned.
    """

    async def ask(user_id: str) -> None:
        await reader.okta.app_user(app_id, user_id)

    sample = random.sample(sorted(vanished), min(SAMPLE, len(vanished)))
    await _look_for("user", sample, len(vanished), ask)


async def _look_for(
    kind: str, asked: Iterable[str], vanished: int, ask: Callable[[str], Awaitable[None]]
) -> None:
    async def look(each: str) -> None:
        try:
            await ask(each)
        except NotFound:
            return
        except ProviderError as error:
            if is_refusal(error):
                return
            raise
        raise Refused(
            f"A list came back short: of what was assigned to the app it lacks {vanished} of type {kind}, "
            f"but {kind}:{each}, asked for alone, is still assigned; it was not published.",
            hint="sync again; if it stays, sync this connector with --full",
            code="list_short",
        )

    await for_each(asked, look)
