"""The smallest admin role and credential for a purpose, as people and as scripts get it."""

from collections.abc import Iterator

from rolecall.cli.session import Session
from rolecall.output import Column, Format, Listing
from rolecall.plans import Recipe

RECIPE = Listing(
    ("part", "name", "why"),
    (Column("part", "PART"), Column("name", "WHAT"), Column("why", "WHY")),
)


def print_recipe(session: Session, connector: str, purpose: str, recipe: Recipe) -> None:
    """Print a recipe in the session's format."""
    if session.form is Format.TABLE:
        session.print_text([f"To {_purpose(purpose)} {connector}: a custom role named '{recipe.role}'", ""])
        session.print_rows(RECIPE, _rows(recipe))
        session.print_text(["", *(f"note: {note}" for note in recipe.notes)])
    elif session.form is Format.CSV:
        session.print_rows(RECIPE, _rows(recipe))
    else:
        session.print_object(_whole(connector, purpose, recipe))


def _purpose(purpose: str) -> str:
    return "sync" if purpose == "read" else "sync and provision"


def _rows(recipe: Recipe) -> Iterator[dict[str, object]]:
    for part, pairs in (("permission", recipe.permissions), ("resource", recipe.resources)):
        for name, why in pairs:
            yield {"part": part, "name": name, "why": why}
    for scope in recipe.scopes:
        yield {"part": "scope", "name": scope, "why": "for a service app"}


def _whole(connector: str, purpose: str, recipe: Recipe) -> dict[str, object]:
    return {
        "connector": connector,
        "purpose": purpose,
        "role": recipe.role,
        "permissions": [{"name": name, "why": why} for name, why in recipe.permissions],
        "resources": [{"name": name, "why": why} for name, why in recipe.resources],
        "scopes": list(recipe.scopes),
        "notes": list(recipe.notes),
    }
