"""What the demo prints, and where the project's pages show it: whole chapters, between two comments.

``python -m tests.e2e.transcripts`` runs the demo and writes what it prints into the pages.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
QUOTED = re.compile(
    r"(?P<begin><!-- demo: (?P<title>[^\n]+?) -->\n\n```text\n)"
    r"(?P<text>.*?)"
    r"(?P<end>```\n\n<!-- demo: end -->)",
    re.DOTALL,
)
CHAPTER = re.compile(r"^== (.+) ==\n", re.MULTILINE)
TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ| \d\d:\d\d(?::\d\d)?(?: UTC)?)?|\d+ seconds? old|\b[0-9a-f]{64}\b"
)
"""Times, ages, and the hash of an audit record, which holds times."""


def printed(folder: Path) -> str:
    """What the demo prints when it is run in a folder."""
    finished = subprocess.run(
        [sys.executable, "-m", "rolecall", "demo"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=300,
    )
    return finished.stdout


def chapters(text: str) -> Mapping[str, str]:
    """By its title, what a chapter of the demo prints, in order."""
    _, *rest = CHAPTER.split(text)
    return {title: body.strip() + "\n" for title, body in zip(rest[::2], rest[1::2], strict=True)}


def quoted(page: Path) -> Mapping[str, str]:
    """By its title, what a page shows of a chapter."""
    return {found["title"]: found["text"] for found in QUOTED.finditer(page.read_text(encoding="utf-8"))}


def timeless(text: str) -> str:
    """What is printed at any time: columns are as wide as the times in them."""
    return re.sub(" {2,}", "  ", TIME.sub("TIME", text)).strip()


def _rewritten(page: str, told: Mapping[str, str]) -> str:
    return QUOTED.sub(lambda found: found["begin"] + told[found["title"]] + found["end"], page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        told = chapters(printed(Path(folder)))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (rewritten := _rewritten(text, told)) != text:
            page.write_text(rewritten, encoding="utf-8")
