"""The table ``[webhooks]`` of the configuration: its schema, and what it loads to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import marshmallow as ma

from rolecall import SecretField, SecretRef
from rolecall.builtin.loopback import is_loopback
from rolecall.config_schemas import NOT_EMPTY, Duration, NamedTables, TextOrSecret
from rolecall.notices import KINDS


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver.

    Attributes:
        url: Where it is; or where the URL is kept, which may be the key to it.
        secret: For the signature; None without one.
        kinds: Of notices that it gets; empty: all.
    """

    url: str | SecretRef = field(repr=False)
    secret: SecretRef | None = None
    kinds: frozenset[str] = frozenset()
    format: Literal["json", "slack"] = "json"
    timeout: timedelta = timedelta(seconds=10)


def url_fault(url: str) -> str:
    """What keeps a URL from being called; empty where nothing does."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is no URL"
    if not host or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        return "is no URL"
    if parts.username is not None or parts.password is not None:
        return "must not hold a name or a password"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)):
        return ""
    return "must begin with https://"


class UrlField(TextOrSecret):
    """A URL, or where it is kept: ``{ env = "NAME" }``."""

    def check_text(self, text: str) -> None:
        """See ``TextOrSecret``."""
        fault = url_fault(text)
        if fault:
            raise ma.ValidationError(fault)


class WebhookSchema(ma.Schema):
    """One of ``[webhooks.NAME]``."""

    class Meta:
        unknown = ma.RAISE

    url = UrlField(
        required=True,
        metadata={"description": 'Where to post, or where that is kept: { env = "NAME" }. https only.'},
    )
    secret = SecretField(metadata={"description": "Key of the signature; needed unless the format is slack."})
    kinds = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(KINDS, error=f"must be one of {', '.join(KINDS)}")),
        validate=NOT_EMPTY,
        metadata={"description": "Kinds of notices that are sent; all unless given."},
    )
    format = ma.fields.String(
        validate=ma.validate.OneOf(["json", "slack"], error='must be "json" or "slack"')
    )
    timeout = Duration("How long an answer is waited for; 10s unless given.")

    @ma.validates("timeout")
    def _is_some_time(self, value: timedelta, data_key: str) -> None:
        if not timedelta() < value <= timedelta(minutes=1):
            raise ma.ValidationError("must be from 1s to 1m")

    @ma.validates_schema(skip_on_field_errors=True)
    def _keys_are_kept(self, data: Mapping[str, Any], **_: Any) -> None:
        slack = data.get("format") == "slack"
        if not slack and "secret" not in data:
            raise ma.ValidationError("missing; calls are signed with it", "secret")
        if slack and isinstance(data["url"], str) and not is_loopback(urlsplit(data["url"]).hostname or ""):
            raise ma.ValidationError(
                'whoever has this URL can post; say where it is kept: { env = "NAME" }', "url"
            )

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Webhook:
        return Webhook(**data | {"kinds": frozenset(data.get("kinds", ()))})


class WebhooksSchema(NamedTables):
    """``[webhooks]``; loads to a Webhook by name."""

    each: ClassVar[type[ma.Schema]] = WebhookSchema
