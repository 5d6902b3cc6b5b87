"""What a call of the client may raise.

AllianceKitError
└── ClientError                   catch this to catch everything that the client raises
    ├── NoAnswerError             no answer came: unreachable, or not in time
    ├── UnexpectedAnswerError     an answer that this version of the client cannot read
    ├── InvalidWebhookError       a message that is not from the service, or too old
    └── ApiError                  the service refused; has `status`, `slug`, `message`, `fix`
        ├── KeyRefusedError       401, 403: the key is unknown, revoked, or does not cover this
        ├── NotFoundError         404, 410: no such thing, or another tenant's
        ├── ConflictError         409: not possible in this state
        ├── InvalidRequestError   413, 422: not of the documented form
        ├── TooManyRequestsError  429: later, see `retry_after`
        └── UnavailableError      5xx: the service has trouble

No message holds the key or what was sent.
"""

from __future__ import annotations

from alliancekit.errors import AllianceKitError


class ClientError(AllianceKitError):
    """A call did not give what was asked for."""


class NoAnswerError(ClientError):
    """The service could not be reached, or did not answer in time; what was asked may have been done."""


class UnexpectedAnswerError(ClientError):
    """The answer is not of the documented form: the client is older than the service, or it is none."""


class InvalidWebhookError(ClientError):
    """A message is not genuine, too old, or of an unknown kind; answer it with 400 and do nothing.

    Attributes:
        reason: a word of `alliancekit.adapters.Rejected`, such as `bad_signature` or `stale`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"This message was not taken: {reason.replace('_', ' ')}.")
        self.reason = reason


class ApiError(ClientError):
    """The service refused, with a problem of RFC 9457.

    Args:
        message: what happened, in the service's words.
        fix: what to do about it, in the service's words; empty when the message says it.
        status: the HTTP status.
        slug: the last part of the problem's type, such as `conflict`; empty when a proxy answered.
        retry_after: seconds after which to try again, where the service said so.
    """

    def __init__(
        self, message: str, *, fix: str = "", status: int, slug: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, fix=fix)
        self.status = status
        self.slug = slug
        self.retry_after = retry_after


class KeyRefusedError(ApiError):
    """The key is unknown, revoked, or does not cover this."""


class NotFoundError(ApiError):
    """There is no such thing, or it is another tenant's: the answer is the same for both."""


class ConflictError(ApiError):
    """The state does not allow it; nothing was changed."""


class InvalidRequestError(ApiError):
    """What was sent is not of the documented form, or names what the service does not have."""


class TooManyRequestsError(ApiError):
    """Too many requests; `retry_after` says when to come again."""


class UnavailableError(ApiError):
    """The service, or a proxy before it, has trouble."""


BY_STATUS: dict[int, type[ApiError]] = {
    401: KeyRefusedError,
    403: KeyRefusedError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: TooManyRequestsError,
}


def class_of(status: int) -> type[ApiError]:
    """The class of errors of an HTTP status."""
    return UnavailableError if status >= 500 else BY_STATUS.get(status, ApiError)
