"""Okta's objects that the client itself reads singly, as schemas."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma


@dataclass(frozen=True, slots=True)
class Organization:
    """What ``/.well-known/okta-organization`` tells anybody.

    Attributes:
        id: The org's id.
        pipeline: ``v1`` is Classic Engine, ``idx`` Identity Engine; None when it isn't said.
        hosts: Names under which the org answers, lower-case: Okta's own, and the custom domain.
    """

    id: str
    pipeline: str | None
    hosts: frozenset[str]


class LinkSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    href = ma.fields.String(load_default=None, allow_none=True)


class OrganizationLinksSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    organization = ma.fields.Nested(LinkSchema, load_default=None, allow_none=True)
    alternate = ma.fields.Nested(LinkSchema, load_default=None, allow_none=True)


class OrganizationSchema(ma.Schema):
    """``GET /.well-known/okta-organization``."""

    class Meta:
        unknown = ma.EXCLUDE

    id = ma.fields.String(required=True)
    pipeline = ma.fields.String(load_default=None, allow_none=True)
    links = ma.fields.Nested(OrganizationLinksSchema, data_key="_links", load_default=None, allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Organization:
        named = [link["href"] for link in (data["links"] or {}).values() if link and link["href"]]
        hosts = frozenset(host for host in map(_netloc, named) if host)
        return Organization(data["id"], data["pipeline"], hosts)


def _netloc(address: str) -> str | None:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return None
