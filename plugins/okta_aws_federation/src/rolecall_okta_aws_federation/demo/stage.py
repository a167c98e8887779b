"""Where the tour is played: a workspace, and a company whose Okta is simulated in this process."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click

from rolecall_okta.simulator import sample_organisation, serve
from rolecall_okta_aws_federation.demo.company import (
    READ_TOKEN,
    TOKENS,
    WRITE_TOKEN,
    names,
    people_are_imported,
    write_workspace,
)
from rolecall_okta_aws_federation.demo.tour import TOUR, Scene

ACTING = "ada.lovelace@acme.example"


def play(folder: Path) -> None:
    """Play the whole tour in a folder, and print it.

    Raises:
        ClickException: A command ended otherwise than it should.
    """
    surprises = []
    org = sample_organisation()
    people_are_imported(org)
    with serve(org, TOKENS) as okta:
        write_workspace(folder, org, okta.domain)
        click.echo("An Okta organisation is simulated in this process and spoken to over HTTP.")
        for chapter in TOUR:
            click.echo(f"\n== {chapter.title} ==")
            for scene in chapter.scenes:
                scene.before(org)
                command = scene.command.format(**names(org))
                if _show(folder, scene, command) != scene.code:
                    surprises.append(command)
    if surprises:
        raise click.ClickException(f"This ended otherwise than it should: {'; '.join(surprises)}")


def _show(folder: Path, scene: Scene, command: str) -> int:
    """Run a command, and print what it prints; gives its exit code."""
    tokens = {name: scene.token for name in (READ_TOKEN, WRITE_TOKEN) if scene.token}
    shown = "".join(f"{name}={text} " for name, text in tokens.items())
    click.echo(f"\n# {scene.remark}\n$ {shown}rolecall {command}")
    finished = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "rolecall", *shlex.split(command), "-o", "table"],
        cwd=folder,
        env=os.environ
        | {
            READ_TOKEN: "reader",
            WRITE_TOKEN: "writer",
            **tokens,
            "ROLECALL_AS": ACTING,
            "ROLECALL_CONFIG": str(folder / "rolecall.toml"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    click.echo(_part(finished.stdout, scene.only), nl=False)
    if finished.returncode:
        click.echo(f"[exit code {finished.returncode}]")
    return finished.returncode


def _part(text: str, title: str) -> str:
    """The one table of what was printed whose first column has this title; all of it without one."""
    if not title:
        return text
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.startswith(title)), None)
    if first is None:
        return text
    rest = lines[first:]
    return "[…]\n" + "".join(rest[: rest.index("\n")] if "\n" in rest else rest)
