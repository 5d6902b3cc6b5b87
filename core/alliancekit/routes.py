"""HTTP routes that plugins add; authors import these names from `alliancekit.adapters`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from alliancekit.events import Participant


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a route's token belongs to; `participant` is None for a tenant's key or without a token."""

    tenant: str
    session: str = ""
    participant: Participant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """A request as a plugin's route sees it; `caller` is already authenticated."""

    caller: Caller
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReply:
    """A route's answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One HTTP route under `/v1/plugins/<plugin>/<path>`.

    `auth`: whose token is demanded before `handler` runs (`none`: static files only); `max_body`: in bytes.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Callable[[RouteRequest], Awaitable[RouteReply]]
    auth: Literal["participant", "none"] = "participant"
    max_body: int = 64 * 1024
