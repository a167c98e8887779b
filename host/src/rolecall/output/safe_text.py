"""Text from outside, made safe to show: what can't be seen, or would steer a terminal, is written out."""

import re

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BLANKS_THAT_COUNT_AS_LETTERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_HIDDEN = re.compile(f"[{_BLANKS_THAT_COUNT_AS_LETTERS}]")
_IDEOGRAPHIC_SPACE = "\u3000"  # parts family and given names in Japanese, and is as wide as a letter


def safe(text: str) -> str:
    r"""The text with control, bidi, zero-width and other invisible characters and lone surrogates escaped.

    They show as ``\x1b``, ``\u202e`` or ``\U000e0001``. A backslash stays as it is, so that applying
    this twice changes nothing more; read JSON output where the difference matters.
    """
    if text.isprintable() and (text.isascii() or not _HIDDEN.search(text)):
        return text
    return "".join(character if _is_visible(character) else _escaped(character) for character in text)


def _is_visible(character: str) -> bool:
    if character == _IDEOGRAPHIC_SPACE:
        return True
    return character.isprintable() and not _HIDDEN.match(character)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code <= 0xFF:  # noqa: PLR2004 - what two hexadecimal digits hold
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits
