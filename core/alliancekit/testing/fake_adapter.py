"""A platform that says what the test tells it to, and a host that keeps what adapters say."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    AdapterHost,
    Capabilities,
    Happening,
    PromptHint,
    Whereabouts,
)
from alliancekit.errors import AllianceKitError
from alliancekit.events import Participant, Role, SpeechSpan
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.sessions import Fact, Gone, Over, Present
from alliancekit.testing.fake_clock import FakeClock


class NotConnectedError(AllianceKitError):
    """A test says that somebody left who is not in the call, or speaks before the adapter was started."""


class RecordingHost:
    """What an adapter sees as its host; keeps all that it is told.

    Attributes:
        facts: facts about presence with the session they are about, in order.
        spans: the observed speech, by session.
        acknowledged: prompts that pages confirmed, as (tenant, prompt, channel).
        waiting_for: what `waiting` answers, by participant; a test fills it.
        happenings: what adapters said happened in their platforms' rooms, in order.
        places: what `whereabouts` answers, by participant; a test fills it.
        wanted: what `rooms` answers; a test fills it.
        people: what `who` answers, by person or connection; a test fills it.
        links: what `link` answers, by participant; a test fills it.
    """

    def __init__(self) -> None:
        self.facts: list[tuple[str, str, Fact]] = []
        self.spans: dict[str, tuple[SpeechSpan, ...]] = {}
        self.acknowledged: list[tuple[str, str, str]] = []
        self.waiting_for: dict[str, PromptHint] = {}
        self.happenings: list[Happening] = []
        self.places: dict[str, Whereabouts] = {}
        self.wanted: dict[str, str] = {}
        self.people: dict[str, Participant] = {}
        self.links: dict[str, str] = {}

    async def happened(self, adapter: str, happenings: Sequence[Happening]) -> None:
        """Keep what happened."""
        self.happenings += happenings

    async def whereabouts(self, adapter: str, participant: str) -> Whereabouts | None:
        """The place that the test put there."""
        return self.places.get(participant)

    async def rooms(self, adapter: str) -> Mapping[str, str]:
        """The rooms that the test put there."""
        return dict(self.wanted)

    async def who(
        self, adapter: str, room: str, person: str = "", connection: str = ""
    ) -> Participant | None:
        """Whom the test put there, by person or connection."""
        return self.people.get(person or connection)

    async def link(self, participant: str) -> str | None:
        """The link that the test put there."""
        return self.links.get(participant)

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Keep the facts."""
        self.facts += [(tenant, session, fact) for fact in facts]

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        """Keep the spans instead of the ones before."""
        self.spans[session] = tuple(spans)

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        """The hint that the test put there."""
        return self.waiting_for.get(participant)

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        """Keep the confirmation."""
        self.acknowledged.append((tenant, prompt, channel))

    def present(self, participant: str = "") -> list[Present]:
        """Every report that somebody is there."""
        found = [fact for _, _, fact in self.facts if isinstance(fact, Present)]
        return [fact for fact in found if participant in ("", fact.participant)]

    def gone(self, participant: str = "") -> list[Gone]:
        """Every report that somebody is gone."""
        found = [fact for _, _, fact in self.facts if isinstance(fact, Gone)]
        return [fact for fact in found if participant in ("", fact.participant)]

    def over(self) -> list[Over]:
        """Every report that the call is over."""
        return [fact for _, _, fact in self.facts if isinstance(fact, Over)]


class FakeAdapter(Adapter):
    """A platform without a network: a test says who joins, leaves or is lost, and reads what was delivered.

    Attributes:
        hints: every prompt it was asked to deliver.
        withdrawn: every prompt it was asked to take back.
        running: whether it is between `start` and `stop`.
    """

    name = "fake"
    capabilities = Capabilities(in_call_prompts=True, presence=True)

    def __init__(
        self, *, clock: Callable[[], float] | None = None, tenant: str = "ten_1", session: str = "ses_1"
    ) -> None:
        self.clock = clock or FakeClock()
        self.tenant, self.session = tenant, session
        self.hints: list[PromptHint] = []
        self.withdrawn: list[str] = []
        self._host: AdapterHost | None = None
        self._numbers = itertools.count(1)
        self._there: dict[str, tuple[str, float]] = {}

    @property
    def running(self) -> bool:
        """Whether the host started it and did not stop it since."""
        return self._host is not None

    @property
    def there(self) -> frozenset[str]:
        """The participants in the call."""
        return frozenset(self._there)

    @property
    def plugin(self) -> AllianceHooks:
        """A plugin that brings this adapter, for `alliance` and `client`."""
        return FakePlatform(self)

    @override
    async def start(self, host: AdapterHost) -> None:
        self._host = host

    @override
    async def stop(self) -> None:
        self._host = None
        self._there.clear()

    @override
    async def deliver(self, hint: PromptHint) -> bool:
        self.hints.append(hint)
        return hint.participant in self._there

    @override
    async def withdraw(self, prompt: str) -> None:
        self.withdrawn.append(prompt)

    # what the test says --------------------------------------------------------------------------------

    async def join(self, participant: str) -> None:
        """Somebody comes into the call, or back into it."""
        now = self.clock()
        connection = f"fake-{next(self._numbers)}"
        self._there[participant] = (connection, now)
        await self._tell(Present(connection=connection, participant=participant, at=now, joined_at=now))

    async def still_there(self) -> None:
        """The platform lists who is in the room."""
        now = self.clock()
        for participant, (connection, joined_at) in self._there.items():
            await self._tell(
                Present(connection=connection, participant=participant, at=now, joined_at=joined_at)
            )

    async def leave(self, participant: str) -> None:
        """Somebody leaves on purpose."""
        await self._gone(participant, "left")

    async def drop(self, participant: str) -> None:
        """Somebody's connection is lost."""
        await self._gone(participant, "dropped")

    async def end(self) -> None:
        """The platform says that the call is over."""
        self._there.clear()
        await self._tell(Over(at=self.clock()))

    async def _gone(self, participant: str, how: Literal["left", "dropped"]) -> None:
        if participant not in self._there:
            raise NotConnectedError(
                f"{participant} is not in the fake call.", fix="Let them join first, with the same id."
            )
        connection, joined_at = self._there.pop(participant)
        await self._tell(
            Gone(
                connection=connection, participant=participant, at=self.clock(), joined_at=joined_at, how=how
            )
        )

    async def _tell(self, fact: Fact) -> None:
        if self._host is None:
            raise NotConnectedError("The fake adapter is not running.", fix="Start it, or pass its plugin.")
        await self._host.report(self.tenant, self.session, [fact])


class FakePlatform(AllianceHooks):
    """Brings a fake adapter."""

    def __init__(self, adapter: FakeAdapter) -> None:
        self.adapter = adapter

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


def a_hint(
    prompt: str = "prm_1", *, participant: str = "par_client", role: Role = "client", session: str = "ses_1"
) -> PromptHint:
    """A prompt during the call."""
    return PromptHint(prompt=prompt, session=session, participant=participant, role=role, moment="in_call")
