"""Cassettes that can be shown to anyone: recorded by VCR.py through a policy that keeps no secret.

Use with pytest-recording: return ``CassettePolicy(…).vcr_config()`` from a ``vcr_config`` fixture, mark
the tests ``vcr`` and have them use the fixture ``cassette``. Recording keeps headers by an allow-list,
writes the provider's address as the one that the cassette is to be known by, and sorts the
interactions, so that recording the same answers again gives the same file. Replaying needs no network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolecall.testing.persisting import ReadableCassettes
from rolecall.testing.scrubbing import PUBLIC_HOSTS, Scrubber

KEPT_REQUEST_HEADERS = frozenset({"accept", "content-type"})
KEPT_RESPONSE_HEADERS = frozenset({"content-type", "date", "link", "location", "retry-after"})
MATCH_ON = ("method", "scheme", "host", "path", "query", "body")


@dataclass(frozen=True, slots=True)
class CassettePolicy:
    """What a recording keeps.

    Attributes:
        origin: Where the provider really is, such as ``http://127.0.0.1:8080``.
        recorded_as: The address that the cassette names instead, such as ``https://acme.okta.example``.
        headers: Further response headers to keep, in lower case.
        aliases: Further hosts of the provider, and the host that the cassette names instead.
        public_hosts: Hosts that tell nothing about anybody; others are replaced by stand-ins,
            and so are mail addresses that aren't at ``acme.example``.
        kept_fields: For JSON objects that describe people: the key under which such objects are, and
            which of their fields keep their values. All others get stand-ins.
        hidden_fields: Fields of JSON objects whose values get stand-ins wherever they are.
        key: A secret of whoever records, so that stand-ins can't be traced back by guessing.
    """

    origin: str
    recorded_as: str
    headers: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    public_hosts: frozenset[str] = PUBLIC_HOSTS
    kept_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hidden_fields: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)

    def vcr_config(self) -> dict[str, Any]:
        """Keyword arguments for VCR.py, as pytest-recording's ``vcr_config`` fixture returns them."""
        return {
            "before_record_request": self._scrub_request,
            "before_record_response": self._scrub_response,
            "decode_compressed_response": True,
            "match_on": MATCH_ON,
            "allow_playback_repeats": False,
            "persister": ReadableCassettes,
        }

    def _scrub_request(self, request: Any) -> Any:
        scrubber = self._scrubber()
        request.uri = scrubber.text(request.uri)
        request.headers = {
            name.lower(): scrubber.text(value)
            for name, value in request.headers.items()
            if name.lower() in KEPT_REQUEST_HEADERS
        }
        if request.body:
            request.body = scrubber.body(request.body)
        return request

    def _scrub_response(self, response: dict[str, Any]) -> dict[str, Any]:
        if any(name.lower() == "content-encoding" for name in response["headers"]):
            raise ValueError("a body came in a compression that VCR.py can't undo, so it can't be scrubbed")
        scrubber = self._scrubber()
        kept = KEPT_RESPONSE_HEADERS | self.headers
        headers = {
            name.lower(): [scrubber.text(value) for value in values]
            for name, values in sorted(response["headers"].items())
            if name.lower() in kept
        }
        body = response["body"]["string"]
        content = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
        return {
            "status": response["status"],
            "headers": headers,
            "body": {"string": scrubber.body(content) if content else content},
        }

    def _scrubber(self) -> Scrubber:
        return Scrubber(
            self.origin,
            self.recorded_as,
            self.aliases,
            self.public_hosts,
            self.kept_fields,
            self.hidden_fields,
            self.key,
        )


def unplayed(cassette: Any) -> list[str]:
    """Requests in a replayed cassette that the test no longer makes, as ``METHOD uri``."""
    return [
        f"{request.method} {request.uri}"
        for index, (request, _response) in enumerate(cassette.data)
        if not cassette.play_counts[index]
    ]
