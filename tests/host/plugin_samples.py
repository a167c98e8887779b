"""Plugins, good and bad, laid into a folder as installed distributions with real entry points."""

from pathlib import Path

GOOD = """
import marshmallow as ma
import rolecall
from rolecall import hookimpl

class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE
    colour = ma.fields.String(load_default="red")

@hookimpl
def rolecall_connector_kinds():
    return [rolecall.ConnectorKind("paint", "Paint", Settings, (rolecall.ResourceType("tin", "Tin"),))]

class Tins:
    def __init__(self, context):
        self.context = context
    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        yield [rolecall.Resource(rolecall.Ref("tin", "1"), self.context.settings["colour"])]
    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        yield []
    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        yield []

@hookimpl
async def rolecall_open(context):
    return Tins(context)
"""


def install(folder: Path, name: str, source: str, version: str = "1.0") -> None:
    """Lay a distribution with one module and one entry point into a folder that is on ``sys.path``."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    metadata = folder / f"{module}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(f"[rolecall.plugins]\n{module} = {module}\n", encoding="utf-8")
