"""The base of every connection to a video platform; the routes that plugins may add (`alliancekit.routes`).

An adapter turns what its platform says into facts about presence (`alliancekit.sessions`) and brings prompts
into the call. It never decides that a session is over: the session machine does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from alliancekit.events import Moment, Participant, Role, SpeechSpan
from alliancekit.routes import Caller as Caller
from alliancekit.routes import Route as Route
from alliancekit.routes import RouteReply as RouteReply
from alliancekit.routes import RouteRequest as RouteRequest
from alliancekit.sessions import Fact

Trust = Literal["none", "static_token", "signed"]
"""How a platform proves that a message is its own, weakest first."""

Media = Literal["", "websocket", "rtp", "webrtc"]
"""How an adapter gets at audio, for voice activity only; it is never stored."""

Reason = Literal[
    "unsigned",
    "bad_signature",
    "no_secret",
    "stale",
    "from_the_future",
    "repeated",
    "too_large",
    "malformed",
    "wrong_address",
    "weak",
]
"""Why a message of a platform is refused; `weak`: the tenant demands signatures and the platform has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an adapter can do; everything is *no* unless it says otherwise.

    Attributes:
        in_call_prompts: it can reach one person in the call.
        presence: it tells who is there.
        talk_balance: it tells who spoke, from the platform's own statistics or levels.
        webhooks: the platform posts what happens; the adapter is a `WebhookAdapter`.
        snapshot: it can ask who is in a room now.
        identity: the platform gives our own ids of people back.
        trust: how the platform proves itself: not at all, by a static token, or by a signature over the body.
        replay_safe: the signature covers a time or a number that is used once.
        broadcast: it can reach everybody in the room, not one person.
        acknowledged: it learns whether a message arrived.
        bridge: a script in the vendor's page speaks for the platform.
        media: how it listens to audio, where the platform offers none of that: not at all.
        redirect: the platform sends people to an address of ours when they leave.
        end_call: it can end the call.
    """

    in_call_prompts: bool = False
    presence: bool = False
    talk_balance: bool = False
    webhooks: bool = False
    snapshot: bool = False
    identity: bool = False
    trust: Trust = "none"
    replay_safe: bool = False
    broadcast: bool = False
    acknowledged: bool = False
    bridge: bool = False
    media: Media = ""
    redirect: bool = False
    end_call: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A platform's request, unread: what was signed is these bytes.

    `url` is the public address that the platform called (`Host` headers are not trusted), with its query. The
    names of `headers` are in lower case; a header that came several times has all its values.
    """

    method: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The only value of a header, an empty text where there is none.

        Raises:
            Rejected: it came several times, so that it is not known which one counts.
        """
        values = self.headers.get(name.lower(), ())
        if len(values) > 1:
            raise Rejected("malformed")
        return values[0] if values else ""


class Rejected(Exception):
    """A message that is not taken; `reason` is for logs and counts, and is all that the sender learns."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A message that is the platform's own.

    Attributes:
        content: the parsed body.
        message: what tells this message from every other: the platform's own id, or a digest of the body.
        at: seconds since 1970 UTC: when it was sent, as signed; else when it came.
    """

    content: Mapping[str, Any]
    message: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A question by which the platform tests the address; answered at once, nothing is stored."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened on a platform, in our words.

    Attributes:
        kind: what it is. `roster` says who is in the room, `over` that the call ended, `spoke` that somebody
            was heard from `at` − `seconds` to `at`, `spoke_total` that a connection was heard for `seconds`
            in all until `at` (of several the largest counts; used only where nobody tells who spoke when),
            `cancelled` that the visit never took place.
        room: the room's *instance*: the platform's id of this one meeting, never its name.
        name: the room's name as the vendor gave it to the platform; used once, to find the session.
        at: seconds since 1970 UTC, by the platform's clock where it tells.
        person: our own id of the participant as it came back (`identity`), else the platform's pseudonym.
            Names and e-mail addresses never leave the adapter.
        connection: the platform's id of this one presence; empty where it has none.
        how: for `left`: on purpose, lost, sent out by somebody, or never admitted.
        people: for `roster`: (person, connection) of everybody there; bots and recorders are left out.
        seconds: for `spoke` and `spoke_total`: how long.
        joined_at: for `joined` and `left`: since when, if told; then a `left` alone tells the whole presence.
    """

    kind: Literal["started", "joined", "left", "roster", "over", "spoke", "spoke_total", "cancelled"]
    room: str
    at: float
    name: str = ""
    person: str = ""
    connection: str = ""
    how: Literal["left", "dropped", "ejected", "declined"] = "left"
    people: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    joined_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptHint:
    """That there is something to ask: never what was answered."""

    tenant: str = ""
    prompt: str
    session: str
    participant: str
    role: Role
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a participant is at this moment, in the platform's own words; for messages to this one person.

    Attributes:
        room: the room's instance.
        name: the room's name, as the vendor gave it to the platform and to `POST /v1/sessions`.
        person: what the platform calls them: our own id or the vendor's as it came back, or its pseudonym.
        connections: the platform's ids of their presences that have not ended, the latest first.
        language: in which they are asked; a language tag.
    """

    tenant: str
    session: str
    room: str
    name: str
    person: str
    connections: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRoom:
    """A room to look into: its instance, and its name where that is known."""

    instance: str
    name: str = ""


class AdapterHost(Protocol):
    """What the host offers an adapter."""

    async def happened(self, adapter: str, happenings: Sequence[Happening]) -> None:
        """Tell what happened in the platform's rooms; twice, late or in any order does no harm.

        The host finds the session by the room (`POST /v1/sessions` names it) and the participants by
        their ids. What happens in rooms that no session waits for is counted and forgotten.

        Raises:
            Rejected: `malformed`: one of them is what no platform can mean; nothing was applied.
            StoreError: the database failed; nothing was applied, tell it again.
        """

    async def whereabouts(self, adapter: str, participant: str) -> Whereabouts | None:
        """Where a participant is in a call of this adapter; None when they are in none."""

    async def rooms(self, adapter: str) -> Mapping[str, str]:
        """Where to look: the rooms of this adapter's sessions that have not ended → the newest session.

        None that several tenants claim.
        """
        ...

    async def who(
        self, adapter: str, room: str, person: str = "", connection: str = ""
    ) -> Participant | None:
        """Whom a platform means (as in `Happening`); None for strangers, and once the call is over."""

    async def link(self, participant: str) -> str | None:
        """The participant's own link to their questions; None when nobody like this is known.

        It is a secret: it belongs into a message that reaches this one person, and into no log.
        """

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Tell facts about presence; the same fact twice does no harm."""

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        """Replace the session's observed speech by `spans` (all of it so far); audio is never stored."""

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        """The participant's open prompt, for one who has just connected."""

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        """Record that the participant's page confirmed it has the prompt."""


class Adapter(ABC):
    """A connection to one video platform: subclass, set `name`, return it from `register_adapters`.

    Attributes:
        name: what it is called in the configuration and in addresses.
        title: what the platform is called, for people; its name, where empty.
        capabilities: what it can do; of the class with all settings, of the instance with those it has.
        trouble: what keeps it from working now, and what to do; for whoever runs AllianceKit. Empty: nothing.
    """

    name: str
    title: str = ""
    capabilities: Capabilities = Capabilities()
    trouble: str = ""

    @abstractmethod
    async def start(self, host: AdapterHost) -> None:
        """Begin; called once, in the running event loop, before the first request."""

    @abstractmethod
    async def stop(self) -> None:
        """End within two seconds; leave no task, thread or socket behind."""

    async def deliver(self, hint: PromptHint) -> bool:
        """Bring a prompt into the call.

        Returns: whether it was handed to a connected page. The receipt is `sent`, or `unreachable`, which is
        no error: the delivery ladder goes on. Raising, or taking longer than two seconds, is a failure. The
        page itself confirms by `AdapterHost.delivered` or `POST /v1/prompts/{id}/seen`.
        """
        return False

    async def withdraw(self, prompt: str) -> None:  # noqa: B027 - most adapters have nothing to take back
        """A prompt was answered or cancelled elsewhere; take it off the screen."""


class WebhookAdapter(Adapter):
    """A platform that posts what happens to `/v1/adapters/<name>/events`.

    `verify` and `parse` are pure: they see the raw bytes and a given time, and neither network nor database.

    Attributes:
        max_body: bytes that a message may have; larger ones are refused unread.
        statuses: the HTTP status of a refusal, where the platform needs another than 401 (signature), 413
            (size) and 400 (all else): some stop for good at 4xx, one takes 401 for success.
        snapshot_every: seconds between two looks into an open room, where it is capable of a `snapshot`.
    """

    max_body: int = 256 * 1024
    statuses: Mapping[Reason, int] = {}
    snapshot_every: float = 60.0

    @abstractmethod
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        """Check that a message is the platform's own, recent and whole.

        Raises:
            Rejected: it is not.
        """

    @abstractmethod
    def parse(self, message: Verified) -> Sequence[Happening]:
        """What a message says; empty for kinds that do not matter here.

        Raises:
            Rejected: `malformed`.
        """

    def taken(self, message: Verified) -> None:
        """Begin what a new message asks for, without waiting; one without happenings may come again."""

    async def snapshot(self, room: OpenRoom) -> Happening | None:
        """Ask the platform who is in a room now: a `roster`, or `over`; None when it cannot tell."""
        return None


class SocketClosed(Exception):
    """The platform closed its socket, or it broke."""


class PlatformSocket(Protocol):
    """A WebSocket that a platform opened to `/v1/adapters/<name>/socket`."""

    async def receive(self) -> str | bytes:
        """The next message, text or binary.

        Raises:
            SocketClosed: there will be no more.
        """
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message.

        Raises:
            SocketClosed: it cannot be sent any more.
        """


class SocketAdapter(Adapter):
    """A platform that dials in, with audio or events, to `/v1/adapters/<name>/socket`.

    Attributes:
        subprotocols: those that it may ask for; the first that both know is chosen.
        max_message: bytes that one message may have; a longer one ends the connection.
    """

    subprotocols: tuple[str, ...] = ()
    max_message: int = 64 * 1024

    @abstractmethod
    def admit(self, request: RawRequest, now: float) -> Any:
        """Check the opening request (no body); what is returned is handed to `attend`. Pure.

        Raises:
            Rejected: the connection is refused.
        """

    @abstractmethod
    async def attend(self, call: Any, socket: PlatformSocket) -> None:
        """Serve the connection until either side ends it; it is closed when this returns.

        It is cancelled when the service stops. What it raises counts as a failure of the adapter.
        """
