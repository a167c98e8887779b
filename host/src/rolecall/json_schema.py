"""The configuration of a connector kind or a plugin as JSON Schema, from its marshmallow schema."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from rolecall.config_schemas import ConnectorSchema, NamedTables
from rolecall.contracts import ConnectorKind
from rolecall.secrets import SecretField

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SECRET: Mapping[str, object] = {
    "type": "object",
    "description": "Where the secret is: env names a variable, file a path, keyring SERVICE/USER.",
    "properties": {name: {"type": "string", "minLength": 1} for name in ("env", "file", "keyring")},
    "additionalProperties": {"type": "string", "minLength": 1},
    "minProperties": 1,
    "maxProperties": 1,
}
_TYPES: tuple[tuple[type[ma.fields.Field[Any]], Mapping[str, object]], ...] = (
    (SecretField, _SECRET),
    (ma.fields.Boolean, {"type": "boolean"}),
    (ma.fields.Integer, {"type": "integer"}),
    (ma.fields.Number, {"type": "number"}),
    (ma.fields.AwareDateTime, {"type": "string", "format": "date-time"}),
    (ma.fields.NaiveDateTime, {"type": "string", "format": "date-time"}),
    (ma.fields.DateTime, {"type": "string", "format": "date-time"}),
    (ma.fields.Date, {"type": "string", "format": "date"}),
    (ma.fields.Email, {"type": "string", "format": "email"}),
    (ma.fields.Url, {"type": "string", "format": "uri"}),
    (ma.fields.UUID, {"type": "string", "format": "uuid"}),
    (ma.fields.String, {"type": "string"}),
)

_METADATA = ("title", "description", "examples", "type", "format", "pattern")
"""What a field's ``metadata`` may say; the last three are for fields of a plugin's own class."""


def kind_schema(kind: ConnectorKind) -> dict[str, object]:
    """JSON Schema of the kind's table in ``[connectors]``, the host's keys included."""
    host, own = _object(ConnectorSchema()), _object(kind.settings())
    required = ["kind", *own.get("required", [])]
    if kind.credential_settings:
        host["properties"]["write_credential"] |= {
            "properties": {name: own["properties"][name] for name in kind.credential_settings},
            "additionalProperties": False,
        }
    else:
        del host["properties"]["write_credential"]
    return {
        "$schema": DIALECT,
        "title": kind.display_name,
        "type": "object",
        "properties": {
            **host["properties"],
            "kind": {**host["properties"]["kind"], "const": kind.id},
            **own["properties"],
        },
        "required": required,
        "additionalProperties": False,
    }


def table_schema(name: str, schema: type[ma.Schema]) -> dict[str, object]:
    """JSON Schema of a table that is a plugin's own."""
    return {"$schema": DIALECT, "title": f"[{name}]", **_object(schema())}


def _object(schema: ma.Schema) -> dict[str, Any]:
    if isinstance(schema, NamedTables):
        return {"type": "object", "additionalProperties": _object(schema.each())}
    fields = {field.data_key or name: field for name, field in schema.fields.items() if not field.dump_only}
    required = [name for name, field in fields.items() if field.required]
    described: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field(field) for name, field in fields.items()},
        "additionalProperties": schema.unknown != ma.RAISE,
    }
    return described | ({"required": required} if required else {})


def _field(field: ma.fields.Field[Any]) -> dict[str, object]:
    described = _shape(field) | _limits(field)
    described |= {word: field.metadata[word] for word in _METADATA if word in field.metadata}
    default = field.load_default
    if isinstance(default, str | int | float | bool | list) or default == {}:
        described["default"] = default
    if field.allow_none and "type" in described:
        described["type"] = [described["type"], "null"]
    return described


def _shape(field: ma.fields.Field[Any]) -> dict[str, object]:
    if isinstance(field, ma.fields.Nested):
        shape = _object(field.schema)
        return {"type": "array", "items": shape} if field.many else shape
    if isinstance(field, ma.fields.List):
        return {"type": "array", "items": _field(field.inner)}
    if isinstance(field, ma.fields.Dict):
        inner = field.value_field
        return {"type": "object", "additionalProperties": _field(inner) if inner else True}
    if isinstance(field, ma.fields.Enum):
        return {"enum": [member.value if field.by_value else member.name for member in field.enum]}
    return next((dict(shape) for kind, shape in _TYPES if isinstance(field, kind)), {})


def _limits(field: ma.fields.Field[Any]) -> dict[str, object]:
    """What the validators that JSON Schema knows of add; the others are left to marshmallow."""
    limits: dict[str, object] = {}
    for validator in field.validators:
        if isinstance(validator, ma.validate.OneOf):
            limits["enum"] = list(validator.choices)
        elif isinstance(validator, ma.validate.Equal):
            limits["const"] = validator.comparable
        elif isinstance(validator, ma.validate.Regexp):
            limits["pattern"] = "^(?:" + str(validator.regex.pattern).replace(r"\Z", "$") + ")"
        elif isinstance(validator, ma.validate.Length):
            limits |= _length(validator, field)
        elif isinstance(validator, ma.validate.Range):
            limits |= _range(validator)
    return limits


def _length(validator: ma.validate.Length, field: ma.fields.Field[Any]) -> dict[str, object]:
    noun = "Length"
    if isinstance(field, ma.fields.List):
        noun = "Items"
    elif isinstance(field, ma.fields.Dict):
        noun = "Properties"
    bounds = {"min": validator.min, "max": validator.max}
    if validator.equal is not None:
        bounds = {"min": validator.equal, "max": validator.equal}
    return {f"{bound}{noun}": value for bound, value in bounds.items() if value is not None}


def _range(validator: ma.validate.Range) -> dict[str, object]:
    limits: dict[str, object] = {}
    if validator.min is not None:
        limits["minimum" if validator.min_inclusive else "exclusiveMinimum"] = validator.min
    if validator.max is not None:
        limits["maximum" if validator.max_inclusive else "exclusiveMaximum"] = validator.max
    return limits
