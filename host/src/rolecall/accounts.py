"""Names of AWS accounts from an optional CSV: ``account_id,name,owner,tags``."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.errors import ConfigError, UsageError

ID_LENGTH = 12
COLUMNS = ("account_id", "name", "owner", "tags")


@dataclass(frozen=True, slots=True)
class Account:
    """One account, as the file has it."""

    id: str
    name: str
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts that have a name, by id."""

    by_id: Mapping[str, Account] = field(default_factory=dict)

    def name(self, account_id: str) -> str | None:
        """The account's name, or None."""
        account = self.by_id.get(account_id)
        return account.name if account else None

    def id_of(self, text: str) -> str:
        """The id that a person means by an id or a name; what is neither is taken for an id.

        Raises:
            UsageError: Several accounts have the name.
        """
        if text in self.by_id:
            return text
        exact = [account for account in self.by_id.values() if account.name == text]
        alike = exact or [a for a in self.by_id.values() if a.name.casefold() == text.casefold()]
        if len(alike) > 1:
            candidates = ", ".join(f"{account.id} ({account.name})" for account in alike)
            raise UsageError(f"Several accounts are named '{text}': {candidates}.", hint="give the id")
        return alike[0].id if alike else text


def load_accounts(file: Path | None) -> Accounts:
    """Read the file; columns beside the four known ones are ignored.

    Args:
        file: The CSV, in UTF-8 with or without a byte order mark, or None.

    Raises:
        ConfigError: It can't be read, or has mistakes, all of which are named by line.
    """
    if file is None:
        return Accounts()
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"accounts.file: can't read {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"accounts.file: {file} is not UTF-8 text (byte {error.start}).") from error
    problems: list[str] = []
    accounts: dict[str, Account] = {}
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="")
    try:
        lacking = [column for column in COLUMNS[:2] if column not in (reader.fieldnames or ())]
        if lacking:
            problems.append(f"line 1: no column {', '.join(lacking)}; the columns are {','.join(COLUMNS)}")
        else:
            for row in reader:
                _take(row, reader.line_num, accounts, problems)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if problems:
        count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        raise ConfigError(f"accounts.file: {file} has {count}; nothing was attempted.", problems=problems)
    return Accounts(accounts)


def _take(row: Mapping[str, str], line: int, accounts: dict[str, Account], problems: list[str]) -> None:
    ident, name, owner = (row.get(column, "").strip() for column in COLUMNS[:3])
    mistakes = []
    if None in row:
        mistakes.append("more cells than columns")
    if not (ident.isascii() and ident.isdigit() and len(ident) == ID_LENGTH):
        mistakes.append(
            f"account_id '{ident}' must have {ID_LENGTH} digits (a spreadsheet may have cut leading zeros)"
        )
    elif ident in accounts:
        mistakes.append(f"account_id {ident} stands here twice")
    if not name:
        mistakes.append("name is empty")
    tags = {}
    for tag in filter(None, (part.strip() for part in row.get("tags", "").replace(",", ";").split(";"))):
        key, separator, value = tag.partition("=")
        if not separator or not key.strip():
            mistakes.append(f"tag '{tag}' must be KEY=VALUE; several are parted by ;")
        tags[key.strip()] = value.strip()
    problems.extend(f"line {line}: {mistake}" for mistake in mistakes)
    if not mistakes:
        accounts[ident] = Account(ident, name, owner, tags)
