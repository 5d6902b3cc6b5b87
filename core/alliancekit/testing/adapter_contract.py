"""The contract that every adapter is held to, as tests to inherit.

    class TestMyPlatform(AdapterContract):
        def make_adapter(self):
            return MyPlatform(...)

        async def join(self, adapter, participant):
            ...  # let the platform say that this participant joined

The tests are plain functions that run an event loop of their own, so they need no further pytest plugin, and
what is left running can be seen from outside of the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar, Final

from alliancekit.adapters import Adapter, Capabilities
from alliancekit.events import Participant, Role
from alliancekit.sessions import CallPolicy, CallState, Gone, Present, merge_all, segments, status
from alliancekit.testing.fake_adapter import RecordingHost, a_hint

STOP_SECONDS: Final = 2.0
"""How long an adapter may take to stop; the tests allow a busy machine twice that."""

SOCKETS: Final = Path("/proc/self/fd")
"""Where Linux lists this process's open files; elsewhere sockets are not counted."""


CLIENT: Final = Participant(id="par_client", role="client")
THERAPIST: Final = Participant(id="par_therapist", role="therapist")
PEOPLE: Final = (CLIENT, THERAPIST)
ROLES: Final[dict[str, Role]] = {one.id: one.role for one in PEOPLE}


class AdapterContract:
    """Inherit it in a class whose name begins with `Test`, and say how the platform tells things.

    Attributes:
        tenant: whose call the platform speaks of.
        session: which one.
        patience: seconds until what the platform was told must have reached the host.
        can_drop: whether the platform tells a lost connection from leaving.
        can_end: whether the platform says that a call is over.
    """

    tenant: ClassVar[str] = "ten_1"
    session: ClassVar[str] = "ses_1"
    patience: ClassVar[float] = 30.0
    can_drop: ClassVar[bool] = True
    can_end: ClassVar[bool] = False

    # what a subclass says ------------------------------------------------------------------------------

    def make_adapter(self) -> Adapter:
        """A new adapter, not yet started."""
        raise NotImplementedError("Say how your adapter is made: override make_adapter.")

    async def join(self, adapter: Adapter, participant: Participant) -> None:
        """Let the platform say that somebody joined, or came back."""
        raise NotImplementedError("Say how somebody joins: override join.")

    async def leave(self, adapter: Adapter, participant: Participant) -> None:
        """Let the platform say that somebody left on purpose."""
        raise NotImplementedError("Say how somebody leaves: override leave.")

    async def drop(self, adapter: Adapter, participant: Participant) -> None:
        """Let the platform lose somebody's connection."""
        raise NotImplementedError("Say how somebody is lost: override drop, or set can_drop = False.")

    async def end(self, adapter: Adapter) -> None:
        """Let the platform say that the call is over."""
        raise NotImplementedError("Say how a call ends: override end, or set can_end = False.")

    async def clean_up(self) -> None:
        """End what the test itself keeps of the platform; called after every test, in its loop."""

    # the contract --------------------------------------------------------------------------------------

    def test_it_has_a_name_and_says_only_what_it_can(self) -> None:
        """Capabilities are no unless the adapter says otherwise."""
        assert Capabilities() == Capabilities(in_call_prompts=False, presence=False, talk_balance=False)
        adapter = self.make_adapter()
        assert adapter.name, "an adapter needs a name"
        assert adapter.name == adapter.name.strip().lower(), "names are lower case, without spaces around"
        assert isinstance(adapter.capabilities, Capabilities)
        overrides = type(adapter).deliver is not Adapter.deliver
        assert overrides or not adapter.capabilities.in_call_prompts, "deliver is what in_call_prompts needs"

    def test_joining_and_leaving_are_told_once_and_in_order(self) -> None:
        """Everybody's presence comes before their leaving, and one connection leaves once."""

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            for one in PEOPLE:
                await self.join(adapter, one)
            await self._until(lambda: len({fact.participant for fact in host.present()}) == 2, "both joined")
            for one in PEOPLE:
                await self.leave(adapter, one)
            await self._until(lambda: len({fact.participant for fact in host.gone()}) == 2, "both left")

        host = self._run(test)
        assert {fact.how for fact in host.gone()} == {"left"}, "leaving is told as something else"
        self._in_order(host)

    def test_a_lost_connection_is_told_once(self) -> None:
        """A drop is no leaving."""
        if not self.can_drop:
            return

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            await self.join(adapter, CLIENT)
            await self._until(lambda: host.present(CLIENT.id), "the client joined")
            await self.drop(adapter, CLIENT)
            await self._until(lambda: host.gone(CLIENT.id), "the client was lost")

        host = self._run(test)
        assert {fact.how for fact in host.gone()} == {"dropped"}, (
            "a lost connection is told as something else"
        )
        self._in_order(host)

    def test_who_comes_back_is_there_again(self) -> None:
        """A second connection of the same participant is a second presence of the same session."""

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            await self.join(adapter, CLIENT)
            await self._until(lambda: host.present(CLIENT.id), "the client joined")
            await (self.drop if self.can_drop else self.leave)(adapter, CLIENT)
            await self._until(lambda: host.gone(CLIENT.id), "the client is gone")
            (gone,) = host.gone(CLIENT.id)
            await self.join(adapter, CLIENT)
            await self._until(
                lambda: host.present(CLIENT.id)[-1].connection != gone.connection, "the client came back"
            )
            assert status(_state(host), host.present()[-1].at, CallPolicy()).status == "in_call"
            await self.leave(adapter, CLIENT)
            await self._until(lambda: len(host.gone(CLIENT.id)) >= 2, "the client left")

        host = self._run(test)
        self._in_order(host)
        found = segments(_state(host), ROLES, max(fact.at for fact in host.gone()))
        assert {one.participant for one in found} == {CLIENT.id}

    def test_the_end_is_told_once(self) -> None:
        """Where the platform says that a call is over, the host hears it once."""
        if not self.can_end:
            return

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            for one in PEOPLE:
                await self.join(adapter, one)
            await self._until(lambda: len({fact.participant for fact in host.present()}) == 2, "both joined")
            await self.end(adapter)
            await self._until(host.over, "the call is over")

        assert len(self._run(test).over()) == 1, "the end is not told exactly once"

    def test_a_prompt_for_nobody_is_said_and_never_raised(self) -> None:
        """A prompt of an unknown session or participant is not delivered; taking it back does no harm."""

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            stranger = a_hint("prm_nobody", participant="par_nobody", session="ses_nobody")
            assert await adapter.deliver(stranger) is False, "it says that a prompt reached nobody"
            await adapter.withdraw("prm_nobody")
            await self.join(adapter, CLIENT)
            await self._until(lambda: host.present(CLIENT.id), "the client joined")
            assert await adapter.deliver(stranger) is False, "it says that a prompt reached nobody"
            await adapter.withdraw("prm_nobody")

        self._run(test)

    def test_a_prompt_reaches_who_is_there_and_not_who_left(self) -> None:
        """What `in_call_prompts` promises; without it nothing is ever delivered."""

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            hint = a_hint("prm_1", participant=CLIENT.id, session=self.session)
            await self.join(adapter, CLIENT)
            await self._until(lambda: host.present(CLIENT.id), "the client joined")
            reached = await adapter.deliver(hint)
            assert reached is adapter.capabilities.in_call_prompts, "in_call_prompts says otherwise"
            await self.leave(adapter, CLIENT)
            await self._until(lambda: host.gone(CLIENT.id), "the client left")
            assert await adapter.deliver(hint) is False, "it says that a prompt reached somebody who left"

        self._run(test)

    def test_stopping_ends_in_time_with_people_connected(self) -> None:
        """Nothing is left: no task, no thread, no socket; stopping again does no harm."""

        async def test(adapter: Adapter, host: RecordingHost) -> None:
            for one in PEOPLE:
                await self.join(adapter, one)
            await self._until(lambda: len({fact.participant for fact in host.present()}) == 2, "both joined")
            await adapter.stop()

        self._run(test)

    # inside --------------------------------------------------------------------------------------------

    def _run(self, test: Callable[[Adapter, RecordingHost], Coroutine[Any, Any, None]]) -> RecordingHost:
        host = RecordingHost()
        threads, sockets = set(threading.enumerate()), _sockets()

        async def run() -> None:
            try:
                async with self._started(host) as adapter:
                    await test(adapter, host)
            finally:
                await self.clean_up()
            await self._until(lambda: asyncio.all_tasks() <= {asyncio.current_task()}, "every task has ended")

        asyncio.run(run())
        for thread in set(threading.enumerate()) - threads:
            thread.join(self.patience)
            assert not thread.is_alive(), f"the thread {thread.name} is left"
        assert _sockets() <= sockets, "a socket is left open"
        about = {(tenant, session) for tenant, session, _ in host.facts}
        assert about <= {(self.tenant, self.session)}, "facts are about another session"
        return host

    @contextlib.asynccontextmanager
    async def _started(self, host: RecordingHost) -> AsyncIterator[Adapter]:
        adapter = self.make_adapter()
        await adapter.start(host)
        try:
            yield adapter
        finally:
            async with asyncio.timeout(2 * STOP_SECONDS):
                await adapter.stop()

    async def _until(self, true: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(self.patience):
                while not true():  # noqa: ASYNC110 - an adapter tells the host, which is the recorder
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"the host was not told within {self.patience:g} s that {what}") from None

    @staticmethod
    def _in_order(host: RecordingHost) -> None:
        """Per connection: present first, gone once and last, and no time that runs backwards."""
        facts = [fact for _, _, fact in host.facts if isinstance(fact, Present | Gone)]
        for connection in {fact.connection for fact in facts}:
            mine = [fact for fact in facts if fact.connection == connection]
            assert isinstance(mine[0], Present), "gone before present"
            assert [isinstance(fact, Gone) for fact in mine].count(True) == 1, "gone not exactly once"
            assert isinstance(mine[-1], Gone), "present after gone"
            assert [fact.at for fact in mine] == sorted(fact.at for fact in mine), "time runs backwards"
            assert len({fact.participant for fact in mine}) == 1, "a connection of two people"


def _state(host: RecordingHost) -> CallState:
    return merge_all(CallState(), [fact for _, _, fact in host.facts])


def _sockets() -> set[str]:
    """The open sockets of this process, by inode."""
    if not SOCKETS.is_dir():
        return set()
    found = set()
    for descriptor in SOCKETS.iterdir():
        with contextlib.suppress(OSError):
            target = os.readlink(descriptor)
            if target.startswith("socket:"):
                found.add(target)
    return found
