"""Who is calling: tenant keys, participant tokens, therapist cookies."""

from __future__ import annotations

from fastapi import Request

from alliancekit.errors import NotAllowedError
from alliancekit.feedback import Person
from alliancekit.server.backend import Backend
from alliancekit.server.callers import recognise

COOKIE = "ak_therapist"
KEY_PREFIX = "ak_"


class MissingTokenError(NotAllowedError):
    """No bearer token, or one of the wrong kind."""

    status = 401
    slug = "not-signed-in"


def backend_of(request: Request) -> Backend:
    """The service behind the application."""
    backend: Backend = request.app.state.backend
    return backend


def bearer(request: Request) -> str:
    """The bearer token of a request.

    Raises:
        MissingTokenError: there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise MissingTokenError("A bearer token is needed.", fix="Send Authorization: Bearer <key or token>.")
    return token.strip()


async def tenant(request: Request) -> str:
    """The tenant whose key came with the request; its id.

    Raises:
        MissingTokenError: no key, or not a valid one.
    """
    key = bearer(request)
    found = await backend_of(request).tenant_of_key(key) if key.startswith(KEY_PREFIX) else None
    if found is None:
        raise MissingTokenError(
            "This needs a tenant key, and the one sent is unknown or revoked.",
            fix="Use the key that was shown when the tenant was made.",
        )
    recognise(backend_of(request).service, request, "tenant", found, found)
    return found


def person(request: Request) -> Person:
    """The participant whose token came with the request.

    Raises:
        MissingTokenError: no token.
        NotAllowedError: the token is expired, altered or of another kind.
    """
    return person_of(backend_of(request), request)


def person_of(backend: Backend, request: Request) -> Person:
    """As `person`, for a backend that the request does not lead to.

    Raises:
        MissingTokenError: no token.
        NotAllowedError: the token is expired, altered or of another kind.
        TooManyRequestsError: this person sent too many requests.
    """
    found = backend.person(bearer(request))
    recognise(backend.service, request, "participant", found.id, found.tenant)
    return found
