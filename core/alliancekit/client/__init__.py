"""A service's HTTP API for a vendor's back end, typed: `AllianceKit` waits, `AsyncAllianceKit` is awaited.

It needs nothing of the service: neither FastAPI nor a database is loaded.
"""

from __future__ import annotations

from alliancekit.client.clients import AllianceKit, AsyncAllianceKit
from alliancekit.client.errors import (
    ApiError,
    ClientError,
    ConflictError,
    InvalidRequestError,
    KeyRefusedError,
    NoAnswerError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
)
from alliancekit.client.models import Participant

__all__ = [
    "AllianceKit",
    "ApiError",
    "AsyncAllianceKit",
    "ClientError",
    "ConflictError",
    "InvalidRequestError",
    "KeyRefusedError",
    "NoAnswerError",
    "NotFoundError",
    "Participant",
    "TooManyRequestsError",
    "UnavailableError",
    "UnexpectedAnswerError",
]
