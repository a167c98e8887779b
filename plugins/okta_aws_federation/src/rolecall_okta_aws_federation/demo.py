"""``rolecall demo``: the main job against an embedded Okta simulator, over real HTTP, command by command."""

import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

TOKEN_VARIABLE = "OKTA_API_TOKEN"  # noqa: S105 - a variable's name
TOKEN = "demo-token"  # noqa: S105 - the simulator's own, of no use elsewhere
CONFIGURATION = """\
[connectors.okta]
kind = "okta"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}

[connectors.aws]
kind = "okta_aws_federation"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}
aws_okta_app_id = "{mapping_app}"
identity_source = "okta"
owners = ["ada@acme.example"]

[connectors.aws-data]
kind = "okta_aws_federation"
domain = "{domain}"
api_token = {{ env = "OKTA_API_TOKEN" }}
aws_okta_app_id = "{single_app}"

[accounts]
file = "accounts.csv"
"""
ACCOUNTS = """\
account_id,name,owner,tags
210987654321,production,ada.lovelace@acme.example,env=prod
123456789012,staging,grace.hopper@acme.example,env=staging
012345678901,sandbox,,env=dev
345678901234,data-platform,ada.lovelace@acme.example,env=prod
"""
TOUR = (
    ("What can this credential do?", "check aws"),
    ("Read the directory, then both AWS apps; one of them takes its people and groups from it.", "sync"),
    ("Who can assume which role, and by what path?", "access --connector aws"),
    (
        "Why does Grace have ReadOnly in production?",
        "explain grace.hopper@acme.example production/ReadOnly --connector aws",
    ),
    (
        "Mallory is in the same role group. Why doesn't she?",
        "explain mallory.contractor@acme.example production/ReadOnly --connector aws",
    ),
    (
        "Alan is in a group with the right name, made by another app. Does it count?",
        "explain alan.turing@acme.example production/Admin --connector aws",
    ),
    (
        "The other app has one account, and roles come from the highest-priority group.",
        "access --connector aws-data",
    ),
    ("What looked odd on the way?", "findings"),
    ("And the connectors?", "status"),
)
AFTER_A_CHANGE = (
    ("Meanwhile Grace left the group in Okta. The next sync reads only what changed.", "sync"),
    ("Who did that?", "events okta"),
    ("What Grace has now:", "access --user grace.hopper@acme.example"),
)


@click.command
@click.option(
    "--keep", is_flag=True, help="Leave the workspace in ./rolecall-demo, to look at it afterwards."
)
def demo(*, keep: bool) -> None:
    r"""Run the main job against an embedded Okta.

    Shows each command and what it prints.

    \b
    Examples:
      rolecall demo
      rolecall demo --keep
    """
    try:
        from rolecall_okta.simulator import sample_organisation, serve  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise click.ClickException(
            "The demo needs the simulator: pip install 'rolecall-okta-aws-federation[demo]'"
        ) from error
    with ExitStack() as stack:
        org = sample_organisation()
        okta = stack.enter_context(serve(org, {TOKEN: "read_only"}))
        if keep:
            folder = Path("rolecall-demo").resolve()
            folder.mkdir(mode=0o700, exist_ok=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rolecall-demo-")))
        by_label = {app.label: app for app in org.apps}
        mapping, single = by_label["AWS Account Federation"], by_label["AWS Data Platform"]
        (folder / "rolecall.toml").write_text(
            CONFIGURATION.format(domain=okta.domain, mapping_app=mapping.id, single_app=single.id),
            encoding="utf-8",
        )
        (folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
        click.echo("An Okta organisation is simulated in this process and spoken to over HTTP.")
        for remark, arguments in TOUR:
            _show(folder, remark, arguments)
        grace, group = org.user("grace.hopper@acme.example"), org.group("aws_210987654321_ReadOnly")
        if grace and group:
            org.remove_member(group, grace)
        for remark, arguments in AFTER_A_CHANGE:
            _show(folder, remark, arguments)


def _show(folder: Path, remark: str, arguments: str) -> None:
    click.echo(f"\n# {remark}\n$ rolecall {arguments}")
    subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "rolecall", *shlex.split(arguments), "-o", "table"],
        cwd=folder,
        env=os.environ | {TOKEN_VARIABLE: TOKEN, "ROLECALL_CONFIG": str(folder / "rolecall.toml")},
        check=False,
    )
