"""The user's guide tells of every command, every option, every key of the configuration and every refusal."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import marshmallow as ma

from rolecall.cli.options import GLOBAL_OPTIONS
from rolecall.cli.program import COMMANDS, program
from rolecall.config_schemas import TABLES, ConnectorSchema, NamedTables
from rolecall.plugins import load_plugins
from tests.e2e.transcripts import PAGES, ROOT

GUIDE = ROOT / "docs" / "user-guide"
SOURCES = [
    ROOT / "host/src/rolecall/provisioning",
    ROOT / "plugins/okta/src/rolecall_okta/provisioning",
    ROOT / "plugins/okta/src/rolecall_okta/directory",
    ROOT / "plugins/okta_aws_federation/src/rolecall_okta_aws_federation/provisioning",
]


def page(name: str) -> str:
    return (GUIDE / name).read_text(encoding="utf-8")


def whole_guide() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(GUIDE.glob("*.md")))


def each_command() -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name; what stands for a command is resolved to it."""
    plugins = load_plugins()
    top = {name: program.get_command(click.Context(program), name) for name in COMMANDS}
    waiting = [*top.items(), *((command.name, command) for command in plugins.commands)]
    while waiting:
        name, command = waiting.pop()
        command = command.make_context(name, [], resilient_parsing=True).command
        is_group = isinstance(command, click.Group)
        if is_group:
            waiting += [(f"{name} {child}", each) for child, each in command.commands.items()]
        if not is_group or command.invoke_without_command:
            yield name, command


def keys(schema: ma.Schema) -> Iterator[str]:
    if isinstance(schema, NamedTables):
        schema = schema.each()
    for name, field in schema.fields.items():
        yield field.data_key or name
        inner = field.inner if isinstance(field, ma.fields.List) else field
        if isinstance(inner, ma.fields.Nested):
            yield from keys(inner.schema)


def test_every_key_of_the_configuration_is_told_of():
    plugins = load_plugins()
    schemas = {
        **{name: schema() for name, schema in (TABLES | plugins.tables).items()},
        **{name: kind.settings() for name, kind in plugins.kinds.items()},
        "connectors": ConnectorSchema(),
    }
    text = whole_guide()

    missing = [
        f"{name}.{key}" for name, schema in schemas.items() for key in keys(schema) if f"`{key}`" not in text
    ]

    assert missing == []


def test_every_command_is_in_the_list_of_commands():
    text = page("commands.md")

    missing = sorted(name for name, _ in each_command() if not re.search(rf"`(rolecall )?{name}[ `]", text))

    assert missing == []


def test_every_option_is_told_of():
    text, everywhere = whole_guide(), {option for each in GLOBAL_OPTIONS for option in each.opts}

    missing = sorted(
        f"{name} {option}"
        for name, command in each_command()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option not in everywhere and not re.search(rf"{option}\b", text)
    )

    assert missing == []


def refusals(tree: ast.Module) -> Iterator[str]:
    """The codes of the refusals that a module makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
            yield from (
                each.value.value for each in node.keywords if each.arg == "code" and is_text(each.value)
            )


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_refusal_of_a_write_is_told_of():
    codes = {
        code
        for folder in SOURCES
        for path in folder.rglob("*.py")
        for code in refusals(ast.parse(path.read_text(encoding="utf-8")))
    }
    text = page("provisioning.md")

    assert {"inherited", "conversion_not_allowed", "provisioning_off"} <= codes
    assert sorted(code for code in codes if f"`{code}`" not in text) == []


def test_every_link_within_the_documentation_leads_somewhere():
    broken = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^()#\s]*\.md)?(#[^()\s]+)?\)", text):
            aim = (path.parent / target) if target else path
            if not aim.is_file() or (anchor and anchor[1:] not in anchors(aim)):
                broken.append(f"{path.name}: {target}{anchor}")

    assert broken == []


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
