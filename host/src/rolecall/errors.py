"""Every error that Rolecall raises on purpose, grouped by what its reader does next.

RolecallError             code, message, hint
├── ConfigError           edit the configuration; nothing was attempted (exit 2)
├── UsageError            the command's arguments don't fit; nothing was attempted (exit 2)
├── PluginError           fix, upgrade or disable a plugin
├── StoreError            the database can't be opened, or holds no such thing
├── ProviderError         the provider refused, or did not answer; has status, provider_code, request_id
│   ├── AuthRefused       replace the credential, or give it the missing right
│   ├── NotFound          the object is gone; a sync run skips it
│   ├── RateLimited       wait ``retry_after`` seconds, then repeat
│   ├── Unavailable       repeat later
│   └── BadPayload        the provider's answer isn't what its API promises
├── Refused               a guard or policy said no; nothing changed (exit 3)
│   └── PlanOutdated      the provider changed since the plan was made: plan again
└── FullRunNeeded         raised by a connector in an incremental run: the host reads everything instead
"""

from collections.abc import Mapping, Sequence


class RolecallError(Exception):
    """An error with one line for its reader and, where there is one, a way forward.

    Attributes:
        code: A stable snake_case word for scripts.
        message: What failed, on what, and why. Never a token, never a whole body.
        hint: What to do about it, or None.
        connector: Name of the connector concerned, set by the host where it is known.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.connector: str | None = None
        if code is not None:
            self.code = code


class ConfigError(RolecallError):
    """The configuration has mistakes, all of which are in ``problems``; nothing was attempted."""

    code = "config_invalid"

    def __init__(self, message: str, *, problems: Sequence[str] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class UsageError(RolecallError):
    """An argument of the command names nothing, or too much; nothing was attempted."""

    code = "usage"


class PluginError(RolecallError):
    """A plugin is missing, broken, or gave back what its hook's contract forbids."""

    code = "plugin_failed"


class StoreError(RolecallError):
    """The store can't be opened, is of a newer release, or holds no such run."""

    code = "store_failed"


class ProviderError(RolecallError):
    """The provider refused a call, or did not answer it.

    Attributes:
        status: HTTP status, or None when no answer came.
        provider_code: The provider's own error code (Okta: ``E0000011``), or None.
        request_id: What the provider's support asks for (Okta: ``X-Okta-Request-Id``), or None.
        method: HTTP method of the call, such as ``GET``, or None.
        path: Path of the call without host and query, or None.
    """

    code = "provider_failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status
        self.provider_code = provider_code
        self.request_id = request_id
        self.method = method
        self.path = path


class AuthRefused(ProviderError):
    """The credential is refused (401), or lacks the right for this call (403)."""

    code = "auth_refused"


class NotFound(ProviderError):
    """The provider has no such object."""

    code = "not_found"


class RateLimited(ProviderError):
    """Too many requests; the call was not executed. ``retry_after`` is in seconds."""

    code = "rate_limited"
    retry_after: float = 1.0


class Unavailable(ProviderError):
    """No answer, or a passing fault: a reset, a time-out, a 5xx."""

    code = "unavailable"


class BadPayload(ProviderError):
    """The answer can't be what the provider's API promises: not JSON, not a list, a foreign link."""

    code = "bad_payload"


class Refused(RolecallError):
    """A guard or policy said no; nothing changed.

    Attributes:
        accept: A stable snake_case word by which whoever asks may accept the effect; None where nobody may.
        facts: JSON facts for scripts: candidates, groups, people.
    """

    code = "refused"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        accept: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.accept = accept
        self.facts = dict(facts or {})


class PlanOutdated(Refused):
    """Something isn't any more what a plan was made from; the step concerned wrote nothing."""

    code = "plan_outdated"


class FullRunNeeded(RolecallError):
    """An incremental run can't prove that it misses nothing; ``message`` says why, as half a sentence.

    Not a failure: what the run staged is thrown away, and the host reads everything in the same run.
    """

    code = "full_run_needed"


def one_line(error: BaseException) -> str:
    """What an error says, in one line; its type too where it isn't one of ours."""
    text = error.message if isinstance(error, RolecallError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def error_object(error: RolecallError) -> dict[str, object]:
    """The error as scripts get it: code, message, hint, and what the provider said, where known."""
    described: dict[str, object] = {"code": error.code, "message": error.message, "hint": error.hint}
    if error.connector is not None:
        described["connector"] = error.connector
    if isinstance(error, ProviderError):
        if error.provider_code is not None:
            described["okta_error_code"] = error.provider_code
        if error.request_id is not None:
            described["request_id"] = error.request_id
    if isinstance(error, Refused):
        if error.accept is not None:
            described["accept"] = error.accept
        if error.facts:
            described["facts"] = error.facts
        passed_on = ("okta_error_code", "request_id")
        described |= {key: error.facts[key] for key in passed_on if key in error.facts}
    return described
