"""Findings are sentences with a stable code; what others wrote is marked as theirs."""

import re
from pathlib import Path

import pytest

import rolecall_okta_aws_federation
from rolecall import Ref, Severity
from rolecall_okta_aws_federation.findings import _TEXTS, described, finding, quoted

(FOLDER,) = map(Path, rolecall_okta_aws_federation.__path__)


def test_a_finding_has_its_severity_and_subject():
    made = finding("group_gone", Ref("group", "00g:1"), name='"admins"')

    assert (made.code, made.severity, made.subject) == ("group_gone", Severity.MEDIUM, "group:00g%3A1")
    assert made.message == 'The group "admins" vanished during the run; what it held was dropped.'


def test_every_code_of_the_table_is_used_and_no_other():
    source = "".join(path.read_text() for path in FOLDER.glob("*.py"))

    assert set(re.findall(r'\b(?:finding|_odd)\(\s*"(\w+)"', source)) == set(_TEXTS)


def test_every_finding_is_explained_in_the_user_guide_with_its_severity():
    guide = Path(__file__).parents[3] / "docs" / "user-guide" / "findings.md"
    kinds = re.split(r"of the kind `(\w+)`", guide.read_text(encoding="utf-8"))
    section = kinds[kinds.index("okta_aws_federation") + 1]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)

    assert dict(rows) == {code: severity.value for code, (severity, _) in _TEXTS.items()}
    assert len(rows) == len(_TEXTS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (3, "the number 3"),
        ([1] * 10_000, "a list"),
        ({"secretKey": "hidden"}, "an object"),
        ("x" * 500, '"' + "x" * 120 + '…"'),
    ],
)
def test_values_are_described_in_short(value, words):
    assert described(value) == words


def test_a_missing_text_is_nothing():
    assert quoted(None) == "nothing"
