"""What is taken out of a recording: credentials, the provider's address, people's addresses and names, hosts.

Everything taken out is replaced by a stand-in that is the same for the same original, so that a
replay still tells people and hosts apart. Scrubbing what was scrubbed changes nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

MAIL = re.compile(
    r"(?<![\w.%+'-])[\w.%+'-]+?(?:@|%40)(?!acme\.example(?!\.?[\w-]))[A-Za-z0-9.-]+\.[A-Za-z]{2,}"
)
"""A mail address that is not at acme.example, plain or in a URL."""
URL = re.compile(
    r"(?P<scheme>https?(?:://|:\\/\\/|%3A%2F%2F))(?P<host>[A-Za-z0-9.-]+(?::\d+)?|\[[0-9A-Fa-f:]+\](?::\d+)?)",
    re.IGNORECASE,
)
SIGNED = re.compile(r"\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?")
"""A JSON web token."""
SECRET_NAMES = frozenset(
    {"access_token", "client_assertion", "client_secret", "id_token", "refresh_token", "dpop"}
)
"""Fields of an exchange for a token, in a form or in JSON, of which nothing may be kept."""
SECRET_IN_FORM = re.compile(rf"(?<![\w-])({'|'.join(sorted(SECRET_NAMES))})=[^&\s\"]*")
SCRUBBED = "scrubbed"
STAND_IN = re.compile(r"(?:person|text)-[0-9a-f]{12}(?:@acme\.example)?")
LINE = 100
PUBLIC_HOSTS = frozenset({"json-schema.org", "www.w3.org"})


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes out of texts and JSON what must not be shown; see ``CassettePolicy`` for the attributes."""

    origin: str
    recorded_as: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    public_hosts: frozenset[str] = PUBLIC_HOSTS
    kept_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hidden_fields: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)

    def text(self, text: str) -> str:
        """A header, an address or a body that isn't JSON."""
        text = SIGNED.sub(SCRUBBED, SECRET_IN_FORM.sub(rf"\1={SCRUBBED}", text))
        text = text.replace(self.origin, self.recorded_as)
        text = text.replace(self.origin.replace("/", "\\/"), self.recorded_as.replace("/", "\\/"))
        own = {urlsplit(self.origin).netloc: urlsplit(self.recorded_as).netloc, **self.aliases}
        for host, shown in own.items():
            text = _host_pattern(host).sub(shown, text)
        return MAIL.sub(self._person, URL.sub(self._elsewhere, text))

    def body(self, body: bytes) -> bytes:
        """A body; JSON comes back laid out and in ASCII, so that people can read it and see all of it."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return self.text(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        return _laid_out(self._value(content)).encode("ascii")

    def _value(self, value: Any, within: str = "") -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item, within) for item in value]
        if not isinstance(value, dict):
            return value
        kept = self.kept_fields.get(within)
        return {
            self.text(name): self._field(name, item) if kept is None or name in kept else self._hidden(item)
            for name, item in value.items()
        }

    def _field(self, name: str, value: Any) -> Any:
        if name.lower() in SECRET_NAMES and isinstance(value, str):
            return SCRUBBED
        return self._hidden(value) if name in self.hidden_fields else self._value(value, name)

    def _hidden(self, value: Any) -> Any:
        """A value that keeps its shape and says nothing."""
        if isinstance(value, dict):
            return {name: self._hidden(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._hidden(item) for item in value]
        if isinstance(value, str) and value and not STAND_IN.fullmatch(value):
            mail = "@" in value
            return f"person-{self._digest(value)}@acme.example" if mail else f"text-{self._digest(value)}"
        return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value

    def _elsewhere(self, url: re.Match[str]) -> str:
        host = url["host"].lower()
        if host.partition(":")[0].endswith(".example") or host in self.public_hosts:
            return url[0]
        return f"{url['scheme']}host-{self._digest(host)}.example"

    def _person(self, mail: re.Match[str]) -> str:
        return f"person-{self._digest(mail[0].replace('%40', '@'))}@acme.example"

    def _digest(self, original: str) -> str:
        """Keyed, so that nobody can try out whether a guessed original is the one."""
        text = original.lower().encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=6, key=self.key[:64]).hexdigest()


def _laid_out(value: Any, indent: str = "") -> str:
    """JSON with a line for each value, unless several fit on one."""
    line = json.dumps(value)
    if len(indent) + len(line) <= LINE or not value or not isinstance(value, dict | list):
        return line
    inner = indent + " "
    if isinstance(value, list):
        lines = [inner + _laid_out(item, inner) for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    lines = [f"{inner}{json.dumps(name)}: {_laid_out(item, inner)}" for name, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _host_pattern(host: str) -> re.Pattern[str]:
    """The host as a whole: neither the end of a longer name nor the beginning of one."""
    return re.compile(rf"(?:(?<![\w.-])|(?<=%2[Ff])){re.escape(host)}(?!\.?[\w-])", re.IGNORECASE)
