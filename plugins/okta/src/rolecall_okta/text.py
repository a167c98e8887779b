"""How text from outside is quoted in a message: short, on one line, nothing that acts on a terminal."""

ENOUGH = 160


def shown(text: str, limit: int = ENOUGH) -> str:
    """The text with what can't be printed written as escapes, and cut where it is long."""
    short = text if len(text) <= limit else f"{text[:limit]}…"
    if short.isprintable():
        return short
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii") for mark in short
    )
