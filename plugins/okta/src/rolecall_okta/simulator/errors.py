"""Okta's error replies."""

from collections.abc import Sequence
from itertools import count
from uuid import uuid4

from rolecall_okta.simulator.raw_json import JsonObject

_numbers = count(1)
_RUN = uuid4().hex[:10]


class OktaError(Exception):
    """A refusal, as the status and error body Okta answers with."""

    def __init__(
        self,
        status: int,
        code: str,
        summary: str,
        causes: Sequence[str] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(f"{status} {code}: {summary}")
        self.headers = list(headers)
        self.status = status
        self.code = code
        self.summary = summary
        self.causes = list(causes)

    def body(self) -> JsonObject:
        """The error object, with an id of its own."""
        return {
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": f"oae{_RUN}{next(_numbers):012x}",
            "errorCauses": [{"errorSummary": cause} for cause in self.causes],
        }


def invalid_token() -> OktaError:
    return OktaError(401, "E0000011", "Invalid token provided")


def no_permission(*causes: str) -> OktaError:
    return OktaError(403, "E0000006", "You do not have permission to perform the requested action", causes)


def not_valid(what: str, *causes: str) -> OktaError:
    return OktaError(400, "E0000001", f"Api validation failed: {what}", causes)


def not_well_formed() -> OktaError:
    return OktaError(400, "E0000003", "The request body was not well-formed.")


def content_type_missing() -> OktaError:
    summary = "Bad request.  Accept and/or Content-Type headers are likely not set."
    return OktaError(400, "E0000018", summary)


def not_found(object_id: str, kind: str) -> OktaError:
    """The object is missing; Okta names its kind in brackets, such as ``(User)``."""
    return OktaError(404, "E0000007", f"Not found: Resource not found: {object_id} ({kind})")


def no_such_path() -> OktaError:
    return OktaError(404, "E0000008", "The requested path was not found")


def not_acceptable() -> OktaError:
    summary = "Bad request.  Accept and/or Content-Type headers likely do not match supported values."
    return OktaError(400, "E0000021", summary)


def method_not_supported() -> OktaError:
    return OktaError(405, "E0000022", "The endpoint does not support the provided HTTP method")


def rate_limited() -> OktaError:
    return OktaError(429, "E0000047", "API call exceeded rate limit due to too many requests.")


def malformed_expand() -> OktaError:
    return OktaError(400, "E0000001", "Api validation failed: RequestParams", ["Expand query is malformed."])


def invalid_search() -> OktaError:
    return OktaError(400, "E0000031", "Invalid search criteria.")


def invalid_filter(text: str) -> OktaError:
    return OktaError(400, "E0000053", f"Invalid filter '{text}'.")
