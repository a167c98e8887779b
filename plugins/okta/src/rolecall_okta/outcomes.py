"""What becomes of a write that Okta didn't plainly do or plainly refuse."""

from rolecall import Unavailable


class OutcomeUnknown(Unavailable):
    """A write may have reached Okta, and nobody knows whether it was done.

    It isn't repeated: read what it was to change, then decide. ``method`` and ``path`` say which it was.
    """

    code = "outcome_unknown"


class NoAgent(Unavailable):
    """No agent of the directory is connected, so the change wasn't made; a person can make it there."""

    code = "no_agent"
