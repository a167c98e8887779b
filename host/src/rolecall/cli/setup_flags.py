"""The flags of ``rolecall init``, which connector kinds declare, and what was given with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from rolecall.contracts import ConnectorKind, SetupQuestion
from rolecall.errors import UsageError
from rolecall.secrets import SecretField, SecretRef

SECRET_SCHEMES = ("env", "file", "keyring")
_SECRET_HELP = {
    "env": "Name of the environment variable that holds it",
    "file": "Path of the file that holds it",
    "keyring": "SERVICE/USER of the keyring entry that holds it",
}


@dataclass(frozen=True, slots=True)
class SetupFlag:
    """One flag: what it sets, and for a secret in which way.

    Attributes:
        scheme: For a secret, the kind of place that is named; otherwise None.
    """

    option: str
    question: SetupQuestion
    scheme: str | None = None

    @property
    def parameter(self) -> str:
        """The name that click gives the flag's value."""
        return self.option.removeprefix("--").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line said.

    Attributes:
        flags: Option → value.
    """

    flags: Mapping[str, str] = field(default_factory=dict)

    def settings(self, kind: ConnectorKind) -> dict[str, str | SecretRef]:
        """The kind's settings that were given.

        Raises:
            UsageError: A secret was given twice.
        """
        settings: dict[str, str | SecretRef] = {}
        for flag in flags_of(kind):
            if flag.option not in self.flags:
                continue
            if flag.question.setting in settings:
                raise UsageError(f"{alternatives(kind, flag.question)} exclude each other.")
            value = self.flags[flag.option]
            settings[flag.question.setting] = SecretRef(flag.scheme, value) if flag.scheme else value
        return settings


def flags_of(kind: ConnectorKind) -> list[SetupFlag]:
    """The flags for a kind's setup questions, in their order; a secret has three."""
    flags = []
    for question in kind.setup:
        if is_secret(kind, question):
            flags += [SetupFlag(f"{question.flag}-{scheme}", question, scheme) for scheme in SECRET_SCHEMES]
        else:
            flags.append(SetupFlag(question.flag, question))
    return flags


def is_secret(kind: ConnectorKind, question: SetupQuestion) -> bool:
    """Whether the question is for a secret."""
    return isinstance(kind.settings().fields.get(question.setting), SecretField)


def is_required(kind: ConnectorKind, question: SetupQuestion) -> bool:
    """Whether the kind can't do without the setting."""
    setting = kind.settings().fields.get(question.setting)
    return setting is not None and setting.required


def alternatives(kind: ConnectorKind, question: SetupQuestion) -> str:
    """The flags that answer a question, ``--token-env|--token-file|--token-keyring``."""
    return "|".join(flag.option for flag in flags_of(kind) if flag.question == question)


def click_options(kinds: Mapping[str, ConnectorKind], taken: set[str]) -> list[click.Option]:
    """The flags of all kinds as options; those that several kinds share stand once."""
    options = []
    for kind in kinds.values():
        for flag in flags_of(kind):
            if flag.option in taken:
                continue
            taken.add(flag.option)
            prompt = flag.question.prompt
            text = f"{prompt}: {_SECRET_HELP[flag.scheme]}." if flag.scheme else f"{prompt}."
            options.append(click.Option([flag.option, flag.parameter], metavar="VALUE", help=text))
    return options
