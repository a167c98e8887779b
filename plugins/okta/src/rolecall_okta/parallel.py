"""Several reads at once: the first error ends the others and is the one that is raised."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

WORKERS = 64
"""Reads handed to the client at once; how many are really under way is the client's to decide."""

_Item = TypeVar("_Item")


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Wait for all of them.

    Raises:
        Exception: What the first one that failed raised; the others were cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as failures:
        raise _first(failures) from None


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    """Do the work for every item, many at a time, without a task for each.

    Raises:
        Exception: As ``together``.
    """
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    await together(*(worker() for _ in range(WORKERS)))


async def for_each_coming(items: AsyncIterable[_Item], work: Callable[[_Item], Awaitable[None]]) -> None:
    """Do the work for every item as it comes, many at a time, without holding up whoever brings them.

    Raises:
        Exception: As ``together``.
    """
    come: asyncio.Queue[_Item | None] = asyncio.Queue()

    async def bring() -> None:
        async for item in items:
            come.put_nowait(item)
        for _ in range(WORKERS):
            come.put_nowait(None)

    async def worker() -> None:
        while (item := await come.get()) is not None:
            await work(item)

    await together(bring(), *(worker() for _ in range(WORKERS)))


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
