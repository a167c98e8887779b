"""The findings of the directory: one table, all of it used and explained."""

import re
from pathlib import Path

from rolecall import Ref, Severity
from rolecall_okta.directory import findings
from rolecall_okta.directory.findings import finding, quoted

ROOT = Path(__file__).parents[4]


def test_a_finding_has_its_severity_and_subject():
    made = finding("admin_gone", Ref("user", "00u1"), name="00u1")

    assert (made.code, made.severity, made.subject) == ("admin_gone", Severity.MEDIUM, "user:00u1")


def test_every_code_of_the_table_is_used_and_no_other():
    source = "".join(path.read_text() for path in Path(findings.__file__).parent.glob("*.py"))

    assert set(re.findall(r'\bfinding\(\s*"(\w+)"', source)) == set(findings._TEXTS)


def test_every_finding_is_explained_in_the_user_guide_with_its_severity():
    guide = (ROOT / "docs" / "user-guide" / "findings.md").read_text(encoding="utf-8")
    kinds = re.split(r"of the kind `(\w+)`", guide)
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", kinds[kinds.index("okta") + 1], re.MULTILINE)

    assert dict(rows) == {code: severity.value for code, (severity, _) in findings._TEXTS.items()}
    assert len(rows) == len(findings._TEXTS)


def test_a_long_name_is_cut():
    assert quoted("x" * 500) == '"' + "x" * 120 + '…"'
