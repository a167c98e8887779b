"""What Okta's answers come to, in short, where that is all that is to be told of an error."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from rolecall import NotFound, ProviderError
from rolecall_okta.parallel import for_each

NO_SUCH_FEATURE = "E0000015"
"""Comes with 401, and doesn't mean that the credential is bad."""

Thing = TypeVar("Thing", bound=Hashable)
Answer = TypeVar("Answer")


def answer(error: ProviderError) -> str:
    """The call and its answer: ``GET /api/v1/logs: 403 E0000006``."""
    call = f"{error.method} {error.path}" if error.method else "the call"
    told = " ".join(str(part) for part in (error.status, error.provider_code) if part is not None)
    return f"{call}: {told or error.code}"


def is_refusal(error: ProviderError) -> bool:
    """Whether Okta refuses this one thing to the credential, or hasn't got it at all.

    A refusal without a code of Okta's is somebody else's, such as a proxy's, and says nothing.
    """
    return error.provider_code is not None and (
        error.status in {403, 404} or error.provider_code == NO_SUCH_FEATURE
    )


async def unless_refused(asking: Awaitable[Answer]) -> Answer | None:
    """What is asked for; None where Okta refuses it, as ``is_refusal`` tells."""
    try:
        return await asking
    except ProviderError as error:
        if not is_refusal(error):
            raise
        return None


async def told_of_each(
    things: Sequence[Thing], ask: Callable[[Thing], Awaitable[bool | None]]
) -> list[bool | None]:
    """Ask whether each is there, once for all that are equal.

    Returns:
        What ``ask`` says; False where it finds nothing there, None where Okta refuses to tell.
    """
    told: dict[Thing, bool | None] = {}

    async def look(thing: Thing) -> None:
        try:
            told[thing] = await ask(thing)
        except NotFound:
            told[thing] = False
        except ProviderError as error:
            if not is_refusal(error):
                raise
            told[thing] = None

    await for_each(dict.fromkeys(things), look)
    return [told[thing] for thing in things]
