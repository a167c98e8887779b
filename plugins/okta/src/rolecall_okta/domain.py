"""The host of an Okta org, as people write it and as the client needs it."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import marshmallow as ma

from rolecall_okta.text import shown

OKTA_SUFFIXES = (
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
    "okta-miltest.com",
    "trex-govcloud.com",
)
"""Where Okta's own hosts are, and where an Admin Console is ``{org}-admin.{suffix}``. Not an allow-list."""

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
MAX_HOST = 253
MAX_PORT = 65535
DEFAULT_PORTS = {"https": 443, "http": 80}
CONSOLE = "-admin"


class DomainError(ValueError):
    """The text names no Okta org; says why, and what to write instead."""


@dataclass(frozen=True, slots=True)
class OktaDomain:
    """The host that API calls go to.

    Attributes:
        host: Lower-case name, IPv4 loopback address, or ``[::1]``.
        scheme: ``http`` only on a loopback host.
        port: None for the scheme's default.
        note: What was put right in the text that was given, or None.
    """

    host: str
    scheme: Literal["https", "http"] = "https"
    port: int | None = None
    note: str | None = field(default=None, compare=False)

    @property
    def netloc(self) -> str:
        """``host`` or ``host:port``."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return _is_loopback(self.host)

    def __str__(self) -> str:
        """What to write in a configuration: normalising it gives this domain again."""
        return self.url if self.is_loopback and self.scheme == "https" else self.netloc


class OktaDomainField(ma.fields.Field[OktaDomain]):
    """A setting that names an Okta org; loads to an ``OktaDomain``."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> OktaDomain:
        if not isinstance(value, str):
            raise ma.ValidationError("must be a text such as acme.okta.com")
        try:
            return normalise_domain(value)
        except DomainError as error:
            raise ma.ValidationError(str(error)) from error


def normalise_domain(text: str) -> OktaDomain:
    """The org's host, from what somebody typed or pasted.

    Blanks around it, ``https://`` and slashes at the end are dropped; an Admin Console's address is
    put right and noted. A loopback host speaks plain http unless ``https://`` says otherwise.

    Raises:
        DomainError: Anything else than a host.
    """
    text = text.strip()
    _refuse_what_is_no_address(text)
    scheme, rest = _split_scheme(text)
    authority, path = _split_path(rest)
    host, port = _split_port(authority)
    _refuse_bad_host(host)
    console = _console_twin(host)
    if path and not (console and (path == "admin" or path.startswith("admin/"))):
        _refuse(f"'{shown(host)}' is followed by a path", f"the host alone: {console or host}")
    loopback = _is_loopback(host)
    if scheme == "http" and not loopback:
        _refuse("plain http would send the token unprotected", f"https://{console or host}")
    speaks: Literal["https", "http"] = "http" if loopback and scheme != "https" else "https"
    return OktaDomain(
        console or host,
        speaks,
        None if port == DEFAULT_PORTS[speaks] else port,
        f"{host} is the Admin Console; the API is at {console}" if console else None,
    )


def console_of(host: str) -> str:
    """The name that an org's Admin Console has, if its host has a name of Okta's form."""
    label, dot, suffix = host.partition(".")
    return f"{label}{CONSOLE}{dot}{suffix}"


def _refuse(reason: str, instead: str) -> NoReturn:
    raise DomainError(f"{reason}; write {instead}")


def _refuse_what_is_no_address(text: str) -> None:
    example = "the org's host, such as acme.okta.com"
    if not text:
        _refuse("it is empty", example)
    if any(mark in text for mark in "{}<>$"):
        _refuse(f"'{shown(text)}' is a placeholder", example)
    if not text.isascii():
        _refuse(f"'{shown(text)}' has letters outside ASCII", "such a name in its xn-- form")
    if not text.isprintable() or " " in text:
        _refuse(f"'{shown(text)}' has blanks or control characters inside", example)
    if text.count("://") > 1:
        _refuse(f"'{shown(text)}' has two schemes", example)
    if "@" in text:
        _refuse("it holds a user name or password", example)
    if "?" in text or "#" in text:
        _refuse(f"'{shown(text)}' has a query or a fragment", example)


def _split_scheme(text: str) -> tuple[str | None, str]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        return None, text
    if scheme.lower() not in DEFAULT_PORTS:
        _refuse(f"'{shown(scheme)}' is no scheme of Okta's", "https:// or nothing before the host")
    return scheme.lower(), rest


def _split_path(rest: str) -> tuple[str, str]:
    authority, _, path = rest.rstrip("/").partition("/")
    return authority, path


def _split_port(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, bracket, after = authority.partition("]")
        host += bracket
        separator, digits = after[:1], after[1:]
        if separator not in {"", ":"}:
            _refuse(f"'{shown(authority)}' is no host", "[::1] or [::1]:PORT")
    else:
        host, separator, digits = authority.partition(":")
    if not separator:
        return host.lower(), None
    if not re.fullmatch(r"[0-9]{1,5}", digits) or not 0 < int(digits) <= MAX_PORT:
        _refuse(f"'{shown(digits)}' is no port", f"a number from 1 to {MAX_PORT} after the host")
    return host.lower(), int(digits)


def _refuse_bad_host(host: str) -> None:
    if _is_loopback(host):
        return
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(LABEL.fullmatch(label) for label in labels):
        _refuse(f"'{shown(host)}' is no host name", "the org's host, such as acme.okta.com")
    if len(labels) == 1:
        _refuse(f"'{host}' has no dot", f"the whole host, such as {host}.okta.com")
    if labels[-1].isdigit():
        _refuse(f"'{host}' is an address, not an org's name", "the org's host, such as acme.okta.com")
    if host.endswith(".com.com"):
        _refuse(f"'{host}' ends in .com twice", host.removesuffix(".com"))


def _console_twin(host: str) -> str | None:
    """The org's host, when this is its Admin Console on a suffix of Okta's."""
    label, _, suffix = host.partition(".")
    if suffix not in OKTA_SUFFIXES or not label.endswith(CONSOLE):
        return None
    org = label.removesuffix(CONSOLE)
    if org.endswith(CONSOLE):
        _refuse(f"'{host}' has {CONSOLE} twice", "the org's host, without it")
    if not LABEL.fullmatch(org):
        _refuse(f"'{host}' names no org", "the org's host, such as acme.okta.com")
    return f"{org}.{suffix}"


def _is_loopback(host: str) -> bool:
    if host in {"localhost", "[::1]"}:
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
