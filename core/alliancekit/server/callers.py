"""Who calls, for limits and for the log: the address behind trusted proxies, and who was recognised.

A request of which somebody is recognised (a tenant's key, a participant's token) is counted under their name;
all others are counted under their address, so that guessing is slow and a clinic behind one address is not.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from time import perf_counter
from typing import Any, Final

from fastapi import FastAPI, Request

from alliancekit.limits import TooManyRequestsError
from alliancekit.metrics import Metrics
from alliancekit.server import problems
from alliancekit.service import Service

log = logging.getLogger("alliancekit.requests")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Networks = Sequence[IPv4Network | IPv6Network]

NOTE: Final = "alliancekit.note"
PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
UNLIMITED: Final = "/v1/adapters/"
"""Video platforms post from few addresses, signed, and what is refused may be lost."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE: Final = "none"
CLASSES: Final = {number: f"{number}xx" for number in range(1, 6)}


class Note:
    """What is found out about one request while it is answered."""

    __slots__ = ("recognised", "route", "tenant")

    def __init__(self) -> None:
        self.recognised = False
        self.tenant = ""
        self.route = ""


def note_of(scope: Message) -> Note:
    """The note of a request; one that nobody reads where the application is not observed."""
    note = scope.get(NOTE)
    return note if isinstance(note, Note) else Note()


def recognise(service: Service, request: Request, kind: str, whose: str, tenant: str) -> None:
    """Somebody was recognised: from now on the request is theirs, also in their budget.

    Args:
        service: whose budgets.
        request: what they sent.
        kind: `tenant` or `participant`.
        whose: the id of who was recognised.
        tenant: the tenant's id.

    Raises:
        TooManyRequestsError: their budget is used up.
    """
    note = note_of(request.scope)
    note.recognised, note.tenant = True, tenant
    wait = service.limiter.take((kind, whose), service.rates[kind])
    if wait:
        service.metrics.limited.add(kind)
        raise TooManyRequestsError(wait)


class Addresses:
    """Finds the address behind a request."""

    def __init__(self, trusted: Networks) -> None:
        self._trusted = tuple(trusted)
        self._warned = False

    def of(self, scope: Message) -> str:
        """The address of who sent a request, IPv6 as its /64; empty when it cannot be told.

        A proxy in a private network that nobody named in `trusted_proxies` hides everybody behind it, so
        there nobody is told apart by address rather than all taken for one.
        """
        peer = _address((scope.get("client") or ("",))[0])
        if peer is None:
            return ""
        said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if not said:
            return _shared(peer)
        if not self._trusts(peer):
            if peer.is_private:
                self._warn(peer)
                return ""
            return _shared(peer)
        found = peer
        for part in reversed(b",".join(said).split(b",")):
            one = _address(part.decode("latin-1").strip())
            if one is None:
                break
            found = one
            if not self._trusts(one):
                break
        return _shared(found)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)

    def _warn(self, peer: IPv4Address | IPv6Address) -> None:
        if not self._warned:
            self._warned = True
            log.warning("requests come through a proxy at %s, which is not in trusted_proxies", peer)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.removeprefix("[").partition("]")[0] if text.startswith("[") else text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _shared(address: IPv4Address | IPv6Address) -> str:
    """What one caller has for themselves: an IPv4 address, a /64 of IPv6."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, 64), strict=False))


class Limited:
    """ASGI: refuses requests of an address that sent too many in which nobody was recognised."""

    def __init__(self, app: App, service: Service) -> None:
        self._app = app
        self._service = service
        self._rate = service.rates["address"]
        self._addresses = Addresses(service.settings.trusted_proxies)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        free = self._rate is None or path in PROBES or path.startswith(UNLIMITED)
        address = "" if scope["type"] != "http" or free else self._addresses.of(scope)
        if not address:
            await self._app(scope, receive, send)
            return
        limiter, key = self._service.limiter, ("address", address)
        if wait := limiter.take(key, self._rate):
            self._service.metrics.limited.add("address")
            await problems.of_error(TooManyRequestsError(wait), "http")(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if note_of(scope).recognised:
            limiter.give_back(key, self._rate)


class Observed:
    """ASGI: measures requests and writes a line for each, by the template of its route, never its path."""

    def __init__(self, app: App, metrics: Metrics, *, log_requests: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._log_requests = log_requests

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        note = scope[NOTE] = Note()
        began = perf_counter()
        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = perf_counter() - began
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = note.route or _route(scope)
            self._metrics.requests.take(seconds, route, method, CLASSES.get(status // 100, "none"))
            level = logging.DEBUG if route in PROBES else logging.INFO
            if self._log_requests and log.isEnabledFor(level):
                said = {
                    "event": "request",
                    "method": method,
                    "route": route,
                    "status": status,
                    "seconds": round(seconds, 6),
                }
                if note.tenant:
                    said["tenant"] = note.tenant
                log.log(level, "request", extra=said)


def _route(scope: Message) -> str:
    """The template of the route that was taken: a path would hold ids and links."""
    route = scope.get("route")
    if route is not None:
        return str(getattr(route, "path", NO_ROUTE))
    templates = getattr(getattr(scope.get("app"), "state", None), "templates", None) or {}
    found = templates.get(id(scope.get("endpoint")))
    return found if isinstance(found, str) else NO_ROUTE


def know_routes(app: FastAPI) -> None:
    """Note the templates of routes that the framework does not tell of; called when all routes are there."""
    app.state.templates = {
        id(endpoint): route.path
        for route in reversed(app.router.routes)
        if (endpoint := getattr(route, "endpoint", None)) is not None and hasattr(route, "path")
    }
