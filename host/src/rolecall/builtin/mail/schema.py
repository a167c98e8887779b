"""The table ``[mail]`` of the configuration: its schema, and what it loads to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import marshmallow as ma

from rolecall import SecretField, SecretRef
from rolecall.builtin.loopback import is_loopback
from rolecall.config_schemas import NOT_EMPTY

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
"""An address that needs no quotes, in ASCII: all that is written to."""
LONGEST_ADDRESS = 254


def is_address(text: str) -> bool:
    """Whether a text is an e-mail address and nothing else."""
    return len(text) <= LONGEST_ADDRESS and bool(ADDRESS.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Mail:
    """How e-mail is sent, and from whom.

    Attributes:
        to: Who gets every notice, beside those whom it concerns.
        tls: From the first byte, after a greeting, or not at all.
    """

    host: str
    port: int
    sender: str
    to: tuple[str, ...] = ()
    username: str | None = None
    password: SecretRef | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"


class AddressField(ma.fields.Field[str]):
    """An e-mail address and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str) or not is_address(value):
            raise ma.ValidationError('must be an e-mail address, such as "rolecall@acme.example"')
        return value


class MailSchema(ma.Schema):
    """``[mail]``."""

    class Meta:
        unknown = ma.RAISE

    host = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"[A-Za-z0-9.:-]+\Z", error="must be a host's name or address"),
    )
    port = ma.fields.Integer(
        strict=True, validate=ma.validate.Range(1, 65535, error="must be from 1 to 65535")
    )
    sender = AddressField(required=True, data_key="from", metadata={"type": "string", "format": "email"})
    to = ma.fields.List(
        AddressField(metadata={"type": "string", "format": "email"}),
        metadata={"description": "Who gets every notice, beside those whom it concerns."},
    )
    username = ma.fields.String(validate=NOT_EMPTY)
    password = SecretField()
    tls = ma.fields.String(
        validate=ma.validate.OneOf(list(PORTS), error='must be "starttls", "tls" or "none"')
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _goes_together(self, data: Mapping[str, Any], **_: Any) -> None:
        mistakes = {
            other: [f"missing, since there is a {one}"]
            for one, other in (("username", "password"), ("password", "username"))
            if one in data and other not in data
        }
        if data.get("tls") == "none" and not is_loopback(data["host"]):
            mistakes["tls"] = ['"none" is for a server on this machine only']
        if mistakes:
            raise ma.ValidationError(mistakes)

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Mail:
        port = data.get("port", PORTS[data.get("tls", "starttls")])
        return Mail(**data | {"port": port, "to": tuple(data.get("to", ()))})
