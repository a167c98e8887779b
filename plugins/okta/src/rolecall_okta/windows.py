"""The rule by which calls of one bucket may go: our share of it is ours, and the rest is left to others.

No clock, no waiting: ``governor`` does that. Why the rule is as it is: decision 0015.
"""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from rolecall_okta.limits import AFTER_RESET, RateHeaders

WINDOW = 60.0
"""Seconds that Okta counts, until the bucket's own windows were seen."""
BLIND = 4
"""Calls that may go before a reply tells what is left; fewer where our share is small."""
FRESH = 5.0
"""Seconds after which a reply says nothing any more of what others did to the bucket."""
PROMPT = 2.0
"""Seconds after a window's end in which the next one has only just begun."""
MOST_MISSES = 6
KEPT_PART = 0.1
"""Of the others' share, kept to the end for what two runners send before they hear of each other."""
SURE = 4
"""Replies that make up for as many that can't be true."""


class Ticket(NamedTuple):
    """What was known when a call went: its reply must say less of the same window."""

    limit: int
    reset: int | None
    lowest: int


UNKNOWN = Ticket(0, None, 0)


class Allowance(NamedTuple):
    """What a bucket allows us.

    Attributes:
        limit: What Okta allows in a window.
        per_window: Our share of that.
        left: Of this share, in the present window.
        opens: Seconds until the next window.
        length: Seconds from one window to the next.
    """

    limit: int
    per_window: int
    left: int
    opens: float
    length: float


@dataclass(slots=True)
class _Window:
    """One counting period, as far as replies told.

    Attributes:
        reset: When Okta says that it ends; None until a reply told.
        last_reset: The same of the period before, where ``reset`` is None.
        ends: By the local clock, and never too early: a reply's Date is at most the time at which it was
            sent, so each reply bounds the end from above, and the least bound counts.
        lowest: The least that a reply said is left.
        used: Calls of ours that may count in it.
        misses: Guesses in a row that others leave their share.
    """

    limit: int
    reset: int | None
    last_reset: int
    ends: float
    lowest: int
    used: int
    misses: int = 0

    @property
    def opens(self) -> float:
        return self.ends + AFTER_RESET


class Bucket:
    """One bucket's memory.

    Attributes:
        in_flight: Calls that went and have not ended.
        held_until: A refusal said that nothing goes before this time.
    """

    def __init__(self, share: float) -> None:
        self.in_flight = 0
        self.held_until = 0.0
        self._share = share
        self._window: _Window | None = None
        self._nested: _Window | None = None  # the org's, while replies tell of the token's, or the reverse
        self._length: float | None = None
        self._replied = False
        self._heard_at = 0.0
        self._blind = 0
        self._trust = 0
        self._prompt = False

    def pause(self, now: float) -> float:
        """Seconds until the next call may go: 0 at once, infinite for as long as no call in flight ends."""
        if now < self.held_until:
            return self.held_until - now
        window = self._window
        if window is None:
            return inf if not self._replied and self._blind >= BLIND else 0.0
        if self._trust < 0:
            return 0.0
        if now >= window.opens:
            window = self._turned(window, now)
        return self._pause_for_share(now) or self._pause_for_word(window, now)

    def enter(self) -> Ticket:
        """Count a call that goes now. It counts as used, whatever becomes of it."""
        self.in_flight += 1
        self._blind += 1
        if self._window is None:
            return UNKNOWN
        self._window.used += 1
        if self._nested is not None:
            self._nested.used += 1
        return Ticket(self._window.limit, self._window.reset, self._window.lowest)

    def left(self) -> None:
        """Count a call that ended."""
        self.in_flight -= 1
        self._blind = max(0, self._blind - 1)

    def answered(self, ticket: Ticket, rate: RateHeaders, now: float) -> None:
        """Take note of a reply to a call that is still in flight."""
        self._replied = True
        self._blind = 0
        self._heard_at = now
        if rate.limit is None or rate.remaining is None or rate.reset is None or not rate.sound:
            return
        ends = now + (rate.seconds_to_reset or 0.0)
        window = self._window_of(rate.limit)
        if window is None or rate.reset > (window.reset or window.last_reset):
            self._open(rate.limit, rate.remaining, rate.reset, ends)
        elif rate.reset == window.reset:
            if ticket.reset == window.reset and ticket.limit == window.limit:
                step = 1 if rate.remaining < ticket.lowest else -1
                self._trust = max(-SURE, min(SURE, self._trust + step))
            window.lowest = min(window.lowest, rate.remaining)
            window.ends = min(window.ends, ends)
            self._judge_guess(window, now)
        elif ticket.reset is None and rate.reset == window.last_reset:  # not over: Okta's clocks differ
            self.held_until = max(self.held_until, ends + AFTER_RESET)
        else:  # it counted in an earlier one
            window.used -= 1

    def refused(self, ticket: Ticket, rate: RateHeaders, now: float) -> None:
        """Take note of a 429 to a call that is still in flight. It is believed, if it makes sense."""
        self.answered(ticket, rate, now)
        if rate.sound:
            self._trust = SURE
            self.held_until = max(self.held_until, now + (rate.seconds_to_reset or 0.0) + AFTER_RESET)

    def allowance(self, now: float) -> Allowance | None:
        """What may go from now on; None where nothing is known, or nothing limits."""
        window = self._window
        if window is None or self._trust < 0:
            return None
        per_window, length = share_of(window.limit, self._share), self._length_or_usual
        opens = max(0.0, window.opens - now, self.held_until - now)
        left = per_window if not opens else max(0, per_window - window.used)
        return Allowance(window.limit, per_window, left if now >= self.held_until else 0, opens, length)

    @property
    def replied(self) -> bool:
        """Whether any reply came."""
        return self._replied

    def _judge_guess(self, window: _Window, now: float) -> None:
        if window.lowest >= self._reserve(window, now) - 1:
            window.misses = 0
        elif self.in_flight == 1:
            window.misses += 1

    def _window_of(self, limit: int) -> _Window | None:
        """The window that a reply tells of: a token's and the org's have different limits."""
        if self._window is not None and self._window.limit != limit:
            nested = self._nested
            self._nested = self._window
            self._window = nested if nested is not None and nested.limit == limit else None
        return self._window

    def _turned(self, window: _Window, now: float) -> _Window:
        """The window after one that is over; calls in flight may count in it."""
        self._blind = 0
        self._prompt = now - window.opens < PROMPT
        ends, last_reset = now + self._length_or_usual, window.reset or window.last_reset
        self._window = _Window(window.limit, None, last_reset, ends, window.limit, self.in_flight)
        return self._window

    def _open(self, limit: int, remaining: int, reset: int, ends: float) -> None:
        """A reply shows a window that wasn't known."""
        window, used = self._window, self.in_flight
        if window is not None:
            if window.reset is None:
                used = window.used
            if window.reset is not None or self._prompt:  # it has only just begun
                self._length = max(self._length or 0.0, ends - self._heard_at)
        elif self._nested is not None:
            used = self._nested.used
        self._window = _Window(limit, reset, reset, ends, remaining, used)

    def _pause_for_share(self, now: float) -> float:
        """Our own use of a window is bounded, whatever is left of it."""
        return max(
            max(0.0, window.opens - now) if window.used >= share_of(window.limit, self._share) else 0.0
            for window in (self._window, self._nested)
            if window is not None
        )

    def _pause_for_word(self, window: _Window, now: float) -> float:
        """A few calls go before a reply told what is left, or told it lately, or was found to be true."""
        unsure = window.reset is None or not self._trust
        few = max(1, min(BLIND, share_of(window.limit, self._share) // 2))
        if self._blind >= few and (unsure or now - self._heard_at > FRESH):
            return inf
        return 0.0 if unsure else self._pause_for_others(window, now)

    def _pause_for_others(self, window: _Window, now: float) -> float:
        """What is left must not fall below the others' share of the rest of the window.

        What is in flight takes at most a third of what is over that, since another runner may have as much
        in flight by the same rule. That others don't use their share while nothing is heard of it is a
        guess; each that failed lets the share shrink a quarter as fast until the next.
        """
        spare = window.lowest - (3 * (self.in_flight + 1) if self.in_flight else 1)
        if spare < 0:
            return window.opens - now
        slower = 4.0 ** min(window.misses, MOST_MISSES)
        if spare >= self._reserve(window, self._heard_at + (now - self._heard_at) / slower):
            return 0.0
        shrinking = spare - self._kept(window)
        if shrinking <= 0:
            return window.opens - now
        shrunk = window.ends - self._length_or_usual * shrinking / self._theirs(window)
        return min(window.opens, self._heard_at + (shrunk - self._heard_at) * slower) - now

    def _reserve(self, window: _Window, when: float) -> float:
        """How much of the rest is the others', and a little more until the window's end."""
        theirs, part = self._theirs(window), max(0.0, window.ends - when) / self._length_or_usual
        return min(theirs, theirs * part + self._kept(window))

    def _kept(self, window: _Window) -> float:
        return max(KEPT_PART * self._theirs(window), BLIND)

    def _theirs(self, window: _Window) -> float:
        return (1.0 - self._share) * window.limit

    @property
    def _length_or_usual(self) -> float:
        return self._length or WINDOW


def share_of(limit: int, share: float) -> int:
    """How many calls of a limit are ours; one in any case."""
    return max(1, int(limit * share))
