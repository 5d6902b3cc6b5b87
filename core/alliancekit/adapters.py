"""The base of every connection to a video platform, and the routes that plugins may add.

An adapter turns what its platform says into facts about presence (`alliancekit.sessions`) and brings prompts
into the call. It never decides that a session is over: the session machine does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from alliancekit.events import Moment, Participant, Role, SpeechSpan
from alliancekit.sessions import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an adapter can do; everything is *no* unless it says otherwise."""

    in_call_prompts: bool = False
    presence: bool = False
    talk_balance: bool = False


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

    `auth` says whose token the host demands before `handler` runs: a participant's bearer token, or nobody's
    (static files only). `max_body` limits the request's size in bytes.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Callable[[RouteRequest], Awaitable[RouteReply]]
    auth: Literal["participant", "none"] = "participant"
    max_body: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptHint:
    """That there is something to ask: never what was answered."""

    prompt: str
    session: str
    participant: str
    role: Role
    moment: Moment


class AdapterHost(Protocol):
    """What the host offers an adapter."""

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Tell facts about presence; the same fact twice does no harm."""

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        """Replace the session's observed speech by `spans` (all of it so far); audio is never stored."""

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        """The participant's open prompt, for one who has just connected."""

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        """Record that the participant's page confirmed it has the prompt."""


class Adapter(ABC):
    """A connection to one video platform: subclass, set `name`, return it from `register_adapters`."""

    name: str
    capabilities: Capabilities = Capabilities()

    @abstractmethod
    async def start(self, host: AdapterHost) -> None:
        """Begin; called once, in the running event loop, before the first request."""

    @abstractmethod
    async def stop(self) -> None:
        """End within two seconds; leave no task, thread or socket behind."""

    async def deliver(self, hint: PromptHint) -> bool:
        """Bring a prompt into the call.

        Returns: whether it was handed to a connected page. False is no error: the delivery ladder goes on.
        """
        return False

    async def withdraw(self, prompt: str) -> None:  # noqa: B027 - most adapters have nothing to take back
        """A prompt was answered or cancelled elsewhere; take it off the screen."""
