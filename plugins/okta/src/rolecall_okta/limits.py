"""What Okta's rate limits are: which calls count together, and what a reply's headers say of that.

Okta counts calls per bucket (a family of paths) and minute, and says in each reply what is left.
"""

import re
from dataclasses import dataclass

import httpx

from rolecall_okta.dates import http_date

LONGEST_WINDOW = 65.0
"""Seconds; Okta counts per minute, so a reset further off than this is none."""
AFTER_RESET = 1.0
"""Seconds; Okta tells the reset in whole seconds, and may have cut off a fraction."""
FAMILIES = frozenset({"apps", "groups", "users", "logs", "iam", "org"})
"""Those with a bucket of their own, of what is below ``/api/v1``; all others share one."""
OTHERS = "/api/v1"

NUMBER = re.compile(r"[0-9]{1,12}")
OBJECT = re.compile(r"/api/v1/(app|group|user)s/(?!rules$)[^/]+")
FAMILY = re.compile(r"/api/v1/([^/?]+)")


def bucket_of(path: str) -> str:
    """The bucket that a read of this path counts in; an app by id isn't counted with its users.

    A path's template (``/api/v1/groups/{id}/users``) and a bucket's name will do as well.
    """
    single = OBJECT.fullmatch(path)
    if single:
        return f"/api/v1/{single[1]}s/{{id}}"
    family = FAMILY.match(path)
    if family:
        return family[0] if family[1] in FAMILIES else OTHERS
    return path


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """A reply's ``X-Rate-Limit-*`` headers; None for each that is missing or no number.

    Attributes:
        limit: Calls per window; 0 when the concurrency limit was hit.
        remaining: Calls left in the window.
        reset: When the window ends, in seconds since 1970 by Okta's clock.
        seconds_to_reset: From the reply's own ``Date`` to the window's end.
    """

    limit: int | None
    remaining: int | None
    reset: int | None
    seconds_to_reset: float | None

    @property
    def concurrency(self) -> bool:
        """Whether a 429 with these headers is for too many calls at once."""
        return self.limit == 0 and self.remaining == 0

    @property
    def sound(self) -> bool:
        """Whether they can be true: a window that ends soon, and of which this call used something."""
        return (
            self.limit is not None
            and self.remaining is not None
            and 0 <= self.remaining < self.limit
            and self.seconds_to_reset is not None
            and 0 < self.seconds_to_reset <= LONGEST_WINDOW
        )


def rate_headers(headers: httpx.Headers) -> RateHeaders:
    """Read the headers; the local clock isn't asked, because it may be wrong."""
    reset, date = _number(headers.get("x-rate-limit-reset")), http_date(headers.get("date"))
    return RateHeaders(
        _number(headers.get("x-rate-limit-limit")),
        _number(headers.get("x-rate-limit-remaining")),
        reset,
        None if reset is None or date is None else reset - date.timestamp(),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and NUMBER.fullmatch(text) else None
