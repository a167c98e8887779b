"""The guide's examples of plugins' tables are configurations that load, and it tells of every notice."""

import re
import tomllib
from pathlib import Path

import pytest

from rolecall.config import configure, draft_from
from rolecall.notices import KINDS
from rolecall.plugins import load_plugins

GUIDE = Path(__file__).parents[3] / "docs" / "user-guide"
TABLES = {
    "policies.md": {"policy"},
    "notifications.md": {"webhooks", "mail"},
    "just-in-time.md": {"requests"},
    "audit.md": {"audit"},
}


@pytest.mark.parametrize("page", sorted(TABLES))
def test_the_examples_load(page, tmp_path):
    examples = re.findall(r"```toml\n(.*?)```", (GUIDE / page).read_text(encoding="utf-8"), re.DOTALL)

    draft = draft_from(tomllib.loads("\n".join(examples)), tmp_path / "rolecall.toml")
    config = configure(draft, load_plugins())

    assert set(config.tables) == TABLES[page]


def test_every_kind_of_notice_is_told_of():
    text = (GUIDE / "notifications.md").read_text(encoding="utf-8")

    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
