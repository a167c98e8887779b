"""Service apps as a JSON file: a list of what ``ServiceApp`` takes, each with its public keys as JWKs.

[{"client_id": "0oaService", "keys": [{"kty": "EC", …}], "scopes": ["okta.groups.read"],
  "profile": "super", "dpop": true}]
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from rolecall_okta.simulator.permissions import check_profile
from rolecall_okta.simulator.raw_json import Json, JsonObject
from rolecall_okta.simulator.service_apps import ServiceApp

_READ: Final[Mapping[str, Callable[[Json], Json]]] = {
    "client_id": str,
    "keys": list,
    "scopes": set,
    "profile": str,
    "groups": frozenset,
    "apps": frozenset,
    "dpop": bool,
    "label": str,
    "active": bool,
}


def load_clients(path: Path) -> list[ServiceApp]:
    """Read service apps; only ``client_id`` and ``keys`` are needed.

    Raises:
        ValueError: It is of another form.
    """
    try:
        return [ServiceApp(**_values(each)) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, AttributeError) as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def alter_client(client: ServiceApp, asked: JsonObject) -> None:
    """Change what is named of a service app, such as its ``profile``.

    Raises:
        ValueError: It has no such attribute, or no such value of it.
    """
    try:
        values = _values(asked)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for name, value in values.items():
        setattr(client, name, value)


def _values(given: JsonObject) -> JsonObject:
    unknown = given.keys() - _READ.keys()
    if unknown:
        msg = f"{', '.join(sorted(unknown))}: there is {', '.join(_READ)}"
        raise ValueError(msg)
    values = {name: None if value is None else _READ[name](value) for name, value in given.items()}
    if "profile" in values:
        check_profile(str(values["profile"]))
    return values
