"""Secrets by reference: the configuration says where a secret is, never what it is."""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marshmallow as ma

from rolecall.contracts import Secret
from rolecall.errors import ConfigError

Resolver = Callable[[str, str], str | None]
"""(scheme, reference) → the secret, or None for a scheme that it doesn't know."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is: ``{ env = "OKTA_API_TOKEN" }`` is ``SecretRef("env", "OKTA_API_TOKEN")``."""

    scheme: str
    reference: str


class SecretField(ma.fields.Field[SecretRef]):
    """A setting that is a table with one key: ``{ env | file | keyring = "…" }``; loads to a SecretRef."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> SecretRef:
        if isinstance(value, str):
            raise ma.ValidationError(
                'a secret is never written here; say where it is: { env = "NAME" }, { file = "PATH" } '
                'or { keyring = "SERVICE/USER" }'
            )
        if not isinstance(value, Mapping) or len(value) != 1:
            raise ma.ValidationError(
                'write { env = "NAME" }, { file = "PATH" } or { keyring = "SERVICE/USER" }'
            )
        (scheme, reference), *_rest = value.items()
        if not isinstance(reference, str) or not reference:
            raise ma.ValidationError(f"{scheme} must be a text that isn't empty")
        return SecretRef(scheme, reference)


def read_secret(ref: SecretRef, folder: Path, plugins: Resolver) -> Secret:
    """Fetch the secret that a reference names.

    Args:
        ref: Where it is.
        folder: What a relative ``file`` is relative to: the configuration's folder.
        plugins: Asked for schemes that aren't the host's own.

    Raises:
        ConfigError: There is none; the message names the place and never the value.
    """
    own = {"env": _from_env, "keyring": _from_keyring}
    if ref.scheme == "file":
        text: str | None = _from_file(folder / Path(ref.reference).expanduser())
    elif ref.scheme in own:
        text = own[ref.scheme](ref.reference)
    else:
        text = plugins(ref.scheme, ref.reference)
    if text is None:
        raise ConfigError(f"no installed plugin reads secrets from '{ref.scheme}'")
    if not _is_fit(text):
        raise ConfigError(f"the secret from {ref.scheme} '{ref.reference}' holds characters no token has")
    return Secret(text)


def _is_fit(text: str) -> bool:
    """Whether it can be a token or a key; only keys have several lines, as PEM or JSON."""
    lines = text.splitlines() if text.startswith(("-----BEGIN ", "{")) else [text]
    return text.isascii() and all(line.isprintable() for line in lines)


def _from_env(name: str) -> str:
    text = os.environ.get(name, "").strip()
    if not text:
        raise ConfigError(f"environment variable {name} is not set")
    return text


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"can't read the secret file {path}: {reason}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"the secret file {path} is open to others (mode {stat.S_IMODE(mode):04o}); chmod 600 it"
        )
    if not text:
        raise ConfigError(f"the secret file {path} is empty")
    return text


def _from_keyring(reference: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError("reading the keyring needs the extra: pip install 'rolecall[keyring]'") from error
    service, separator, user = reference.rpartition("/")
    if not separator:
        raise ConfigError(f"keyring '{reference}' must be SERVICE/USER")
    try:
        text = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise ConfigError(f"the keyring refused {service}/{user}: {type(error).__name__}") from error
    if not text:
        raise ConfigError(f"the keyring holds nothing under {service}/{user}")
    return text
