"""The names of an org's resource sets, a list that pages in its body."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import marshmallow as ma

from rolecall import BadPayload, ListRead
from rolecall_okta.client import OktaClient

RESOURCE_SETS = "/api/v1/iam/resource-sets"


async def resource_set_labels(okta: OktaClient) -> dict[str, str]:
    """Labels of resource sets, by id. Of a link to the next page only the cursor counts."""
    labels: dict[str, str] = {}
    after: str | None = None
    cursors: set[str | None] = set()
    while after not in cursors:
        cursors.add(after)
        page, after = await okta.get(RESOURCE_SETS, {"after": after}, _PageSchema())
        labels |= {each["id"]: each["label"] for each in page if each["label"]}
        if after is None:
            if okta.on_list is not None:
                okta.on_list(ListRead(RESOURCE_SETS, pages=len(cursors), items=len(labels)))
            return labels
    raise BadPayload(f"{RESOURCE_SETS}: the list repeats a cursor", method="GET", path=RESOURCE_SETS)


class _ResourceSetSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    id = ma.fields.String(required=True)
    label = ma.fields.String(load_default=None, allow_none=True)


class _LinkSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    href = ma.fields.String(load_default=None, allow_none=True)


class _LinksSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    next = ma.fields.Nested(_LinkSchema, load_default=None, allow_none=True)


class _PageSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    sets = ma.fields.List(ma.fields.Nested(_ResourceSetSchema), data_key="resource-sets", required=True)
    links = ma.fields.Nested(_LinksSchema, data_key="_links", load_default=None, allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> tuple[list[dict[str, Any]], str | None]:
        following = (data["links"] or {}).get("next") or {}
        return data["sets"], _cursor(following.get("href"))


def _cursor(href: str | None) -> str | None:
    if href is None:
        return None
    try:
        return parse_qs(urlsplit(href).query).get("after", [None])[0]
    except ValueError:
        return None
