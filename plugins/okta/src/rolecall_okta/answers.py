"""What Okta answered, in short, where that is all that is to be told of an error."""

from rolecall import ProviderError

NO_SUCH_FEATURE = "E0000015"
"""Comes with 401, and doesn't mean that the credential is bad."""


def answer(error: ProviderError) -> str:
    """The call and its answer: ``GET /api/v1/logs: 403 E0000006``."""
    call = f"{error.method} {error.path}" if error.method else "the call"
    told = " ".join(str(part) for part in (error.status, error.provider_code) if part is not None)
    return f"{call}: {told or error.code}"


def is_refusal(error: ProviderError) -> bool:
    """Whether Okta refuses this one thing to the credential, or hasn't got it at all.

    A refusal without a code of Okta's is somebody else's, such as a proxy's, and says nothing.
    """
    return error.provider_code is not None and (
        error.status in {403, 404} or error.provider_code == NO_SUCH_FEATURE
    )
