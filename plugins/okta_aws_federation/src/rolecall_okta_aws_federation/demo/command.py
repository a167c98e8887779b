"""``rolecall demo``: plays the tour, and shows each command and what it prints."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import click


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
        from rolecall_okta_aws_federation.demo.stage import play  # noqa: PLC0415 - needs an extra
    except ImportError as error:
        raise click.ClickException(
            "The demo needs the simulator: pip install 'rolecall-okta-aws-federation[demo]'"
        ) from error
    with ExitStack() as stack:
        if keep:
            folder = Path("rolecall-demo").resolve()
            folder.mkdir(mode=0o700, exist_ok=True)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rolecall-demo-")))
        play(folder)
