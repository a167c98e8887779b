"""Okta-like object ids: twenty characters, the kind in front, the org's mark at the end."""

import base64
from collections import Counter
from hashlib import blake2b

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MARK = "5d7"


class IdSource:
    """Deterministic ids for one org: the same calls with the same seed give the same ids.

    ``scrambled`` ids come in no order; ``sequential`` ones sort as they were made.
    """

    def __init__(self, seed: int = 0, *, scrambled: bool = True) -> None:
        self.seed = seed
        self.scrambled = scrambled
        self._made: Counter[str] = Counter()

    def next(self, prefix: str) -> str:
        """A new id, for example ``00uk3Jx0aZ8…5d7`` for ``00u``."""
        self._made[prefix] += 1
        number = self._made[prefix]
        if self.scrambled:
            digest = blake2b(f"{self.seed}:{prefix}:{number}".encode(), digest_size=11).digest()
            number = int.from_bytes(digest, "big")
        return prefix + _base62(number, 20 - len(prefix) - len(_MARK)) + _MARK


def role_assignment_id(role_type: str) -> str:
    """The id Okta gives a standard role's assignment: the same for every principal."""
    return base64.b32encode(role_type.encode()).decode().rstrip("=")


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
