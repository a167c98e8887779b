"""Looks at the beginning of a list, where more isn't needed."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from rolecall_okta.client import OktaClient

Row = TypeVar("Row")


async def shows(
    okta: OktaClient, template: str, *ids: str, limit: int = 1, search: str | None = None
) -> bool:
    """Whether a list shows anything; an error is raised where it is refused."""
    params = {"limit": limit, "search": search}
    return bool(await first_page(okta.pages(template, params, _any, ids=ids)))


async def first_page(pages: AsyncGenerator[list[Row], None]) -> list[Row]:
    """The first page of a list, and no more."""
    async with aclosing(pages):
        async for page in pages:
            return page
    return []


@dataclass(frozen=True, slots=True)
class _AnyRow:
    id: str


def _any(item: Mapping[str, object]) -> _AnyRow:
    return _AnyRow(str(item.get("id")))
