"""Every finding that the host makes stands in the user's guide."""

import re
from pathlib import Path

import pytest

from rolecall import journal, sources

GUIDE = Path(__file__).parents[2] / "docs" / "user-guide" / "findings.md"
CODES = {
    code
    for module in (journal, sources)
    for code in re.findall(r'inding\(\s*"([a-z_]+)"', Path(module.__file__).read_text(encoding="utf-8"))
}


def test_the_host_makes_findings():
    assert {"list_short", "source_stale", "principals_unmatched"} <= CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_finding_is_in_the_guide(code):
    assert f"| `{code}` | medium |" in GUIDE.read_text(encoding="utf-8")
