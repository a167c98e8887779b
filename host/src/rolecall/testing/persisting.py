"""Cassette files that people can read and compare: sorted by address, bodies as blocks of text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class ReadableCassettes:
    """A persister for VCR.py; it reads any cassette, and writes sorted and readable ones."""

    @staticmethod
    def load_cassette(cassette_path: str | Path, serializer: Any) -> tuple[list[Any], list[Any]]:
        """The requests and responses in a file."""
        from vcr.persisters.filesystem import (  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
            CassetteNotFoundError,
        )
        from vcr.serialize import deserialize  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra

        path = Path(cassette_path)
        if not path.is_file():
            raise CassetteNotFoundError
        requests, responses, *_metadata = deserialize(path.read_text(encoding="utf-8"), serializer)
        return requests, responses

    @staticmethod
    def save_cassette(cassette_path: str | Path, cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Write a file; interactions with one address stay in the order in which they happened."""
        pairs = sorted(
            zip(cassette_dict["requests"], cassette_dict["responses"], strict=True),
            key=lambda pair: (pair[0].uri, pair[0].method),
        )
        path = Path(cassette_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_yaml(pairs), encoding="utf-8")


def _yaml(pairs: Sequence[tuple[Any, Any]]) -> str:
    import yaml  # noqa: PLC0415 - an extra

    class Dumper(yaml.SafeDumper):
        """Writes texts of several lines as blocks."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    Dumper.add_representer(str, represent)
    interactions = [
        {
            "request": {
                "method": request.method,
                "uri": request.uri,
                "headers": {name: [value] for name, value in request.headers.items()},
                "body": _text(request.body),
            },
            "response": {**response, "body": {"string": _text(response["body"]["string"])}},
        }
        for request, response in pairs
    ]
    document = {"version": 1, "interactions": interactions}
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=10_000)


def _text(body: Any) -> Any:
    try:
        return body.decode("utf-8") if isinstance(body, bytes) else body
    except UnicodeDecodeError:
        return body
