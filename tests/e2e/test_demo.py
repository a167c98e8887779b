"""The demo runs the main job, and the README shows what it prints."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
TRANSCRIPT = re.compile(
    r"<!-- demo transcript: begin -->\n\n```text\n(.*?)```\n\n<!-- demo transcript: end -->", re.DOTALL
)
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ| \d\d:\d\d UTC)?|\d+ seconds? old")


def printed(folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "rolecall", "demo"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=120,
    )
    return finished.stdout


def timeless(text: str) -> str:
    """What is printed at any time: columns are as wide as the times in them."""
    return re.sub(" {2,}", "  ", TIME.sub("TIME", text)).strip()


def test_the_readme_shows_what_the_demo_prints(tmp_path):
    (shown,) = TRANSCRIPT.findall(README.read_text(encoding="utf-8"))

    assert timeless(printed(tmp_path)) == timeless(shown)


def test_the_demo_says_who_has_which_role_and_why(tmp_path):
    text = printed(tmp_path)

    assert "Grace Hopper (ACTIVE) has ReadOnly on account production (210987654321)." in text
    assert "Mallory (contractor) (ACTIVE) does not have ReadOnly on account production" in text
    assert 'its source "slack" is not admitted by appFilter' in text
    assert re.search(r"aws +published +incremental .* 0 +1 +1 +okta run 4", text)
    assert "Grace Hopper (User), aws_210987654321_ReadOnly (UserGroup)" in text
    assert list(tmp_path.iterdir()) == []
