"""Who is calling: tenant keys, participant tokens, the cookies of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi import Request
from fastapi.responses import RedirectResponse

from alliancekit.errors import NotAllowedError
from alliancekit.feedback import Person
from alliancekit.server import launches
from alliancekit.server.backend import Backend
from alliancekit.server.callers import recognise
from alliancekit.server.tokens import (
    ClientClaims,
    ClientLaunchClaims,
    Launch,
    LaunchClaims,
    PageClaims,
    SupervisorClaims,
    SupervisorLaunchClaims,
    TherapistClaims,
)

COOKIE = "ak_therapist"
KEY_PREFIX = "ak_"


@dataclass(frozen=True, slots=True)
class Entrance:
    """The pages of one kind of reader: the cookie that opens them, where they are, what launches them."""

    cookie: str
    path: str
    launch: type[Launch]


ENTRANCES: Final[dict[type[PageClaims], Entrance]] = {
    TherapistClaims: Entrance(COOKIE, "/therapist", LaunchClaims),
    SupervisorClaims: Entrance("ak_supervisor", "/supervisor", SupervisorLaunchClaims),
    ClientClaims: Entrance("ak_client", "/client", ClientLaunchClaims),
}
"""Each kind of reader has a cookie of its own path: one browser may hold all three."""

P = TypeVar("P", TherapistClaims, SupervisorClaims, ClientClaims)


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
            fix="Use the key that was shown at the first start, or make one: alliancekit keys create.",
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


# the pages ----------------------------------------------------------------------------------------------


def enter(backend: Backend, claims: PageClaims, *, to: str = "") -> RedirectResponse:
    """Sign somebody in: 303 to their pages, or to a path below them, with the cookie that opens them."""
    entrance = ENTRANCES[type(claims)]
    reply = RedirectResponse(to or entrance.path, 303)
    reply.set_cookie(
        entrance.cookie,
        backend.tokens.issue(claims),
        max_age=int(claims.lifetime),
        path=entrance.path,
        httponly=True,
        secure=backend.base_url.startswith("https"),
        samesite="lax",
    )
    return reply


def leave(backend: Backend, kind: type[PageClaims], *, to: str) -> RedirectResponse:
    """Sign somebody out: 303 to `to`, and their cookie is forgotten."""
    entrance = ENTRANCES[kind]
    reply = RedirectResponse(to, 303)
    secure = backend.base_url.startswith("https")
    reply.delete_cookie(entrance.cookie, path=entrance.path, httponly=True, secure=secure, samesite="lax")
    return reply


async def launched(request: Request, kind: type[PageClaims], link: str) -> RedirectResponse:
    """Use up a launch link and sign in whom it names.

    Raises:
        NotAllowedError: the link is altered, has expired, was used, or is of another kind.
    """
    backend = backend_of(request)
    return enter(backend, await launches.use_up(backend, link, ENTRANCES[kind].launch))


def cookie(request: Request, kind: type[PageClaims]) -> str:
    """The token in the cookie of these pages, unchecked; empty without one."""
    return request.cookies.get(ENTRANCES[kind].cookie, "")


def reader(request: Request, kind: type[P]) -> P | None:
    """Who reads these pages; None without a valid cookie of theirs."""
    try:
        return backend_of(request).tokens.check(cookie(request, kind), kind)
    except NotAllowedError:
        return None
