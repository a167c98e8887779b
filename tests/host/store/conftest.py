"""Fixtures of the store's tests."""

import shutil

import pytest

from rolecall.store.migration import HEAD, SCRIPTS

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("run", sa.Column("mood", sa.Text()))
    {then}
"""


@pytest.fixture
def next_release(tmp_path):
    """Makes migration scripts of a later release, whose last one ends as told."""

    def scripts(then="pass"):
        folder = shutil.copytree(SCRIPTS, tmp_path / "scripts")
        (folder / "versions" / "next.py").write_text(NEXT.format(head=HEAD, then=then))
        return folder

    return scripts
