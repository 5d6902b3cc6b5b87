"""The adapters' contract: the fake adapter keeps it, and adapters that break it are told so."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import threading
import time
from collections.abc import Callable
from typing import ClassVar

import pytest

from alliancekit.adapters import Adapter, Capabilities
from alliancekit.events import Participant
from alliancekit.sessions import Gone, Over, Present
from alliancekit.testing import AdapterContract, FakeAdapter


class FakePlatformContract(AdapterContract):
    """The contract of a fake adapter, or of a broken kind of it."""

    can_end = True
    patience = 0.3
    kind: ClassVar[type[FakeAdapter]] = FakeAdapter

    def make_adapter(self) -> Adapter:
        return self.kind()

    async def join(self, adapter: Adapter, participant: Participant) -> None:
        assert isinstance(adapter, FakeAdapter)
        await adapter.join(participant.id)

    async def leave(self, adapter: Adapter, participant: Participant) -> None:
        assert isinstance(adapter, FakeAdapter)
        await adapter.leave(participant.id)

    async def drop(self, adapter: Adapter, participant: Participant) -> None:
        assert isinstance(adapter, FakeAdapter)
        await adapter.drop(participant.id)

    async def end(self, adapter: Adapter) -> None:
        assert isinstance(adapter, FakeAdapter)
        await adapter.end()


class TestFakeAdapter(FakePlatformContract):
    pass


class TestWithoutDropsAndEnds(FakePlatformContract):
    can_drop = False
    can_end = False


class Overclaiming(FakeAdapter):
    deliver = Adapter.deliver


class Nameless(FakeAdapter):
    name = ""


class SaysItTwice(FakeAdapter):
    async def _tell(self, fact) -> None:
        await super()._tell(fact)
        if isinstance(fact, Gone | Over):
            await super()._tell(fact)


class TellsNobody(FakeAdapter):
    async def _tell(self, fact) -> None:
        pass


class DropsAreLeaving(FakeAdapter):
    async def drop(self, participant: str) -> None:
        await self.leave(participant)


class OneConnectionForEver(FakeAdapter):
    async def _tell(self, fact) -> None:
        if isinstance(fact, Present | Gone):
            fact = dataclasses.replace(fact, connection="c")
        await super()._tell(fact)


class AnotherSession(FakeAdapter):
    async def start(self, host) -> None:
        self.session = "ses_of_somebody_else"
        await super().start(host)


class RaisesForNobody(FakeAdapter):
    async def deliver(self, hint) -> bool:
        if hint.participant not in self.there:
            raise KeyError(hint.participant)
        return True


class DeliversToNobody(FakeAdapter):
    async def deliver(self, hint) -> bool:
        return True


class NeverDelivers(FakeAdapter):
    capabilities = Capabilities(in_call_prompts=True)

    async def deliver(self, hint) -> bool:
        return False


class LeavesATask(FakeAdapter):
    async def start(self, host) -> None:
        await super().start(host)
        self.task = asyncio.create_task(asyncio.sleep(60))


class LeavesAThread(FakeAdapter):
    async def start(self, host) -> None:
        await super().start(host)
        threading.Thread(target=time.sleep, args=(2,), name="forgotten", daemon=True).start()


class LeavesASocket(FakeAdapter):
    left: ClassVar[list[socket.socket]] = []

    async def start(self, host) -> None:
        await super().start(host)
        self.left.append(socket.socket())


class NeverStops(FakeAdapter):
    async def stop(self) -> None:
        await asyncio.sleep(60)


JOINING = AdapterContract.test_joining_and_leaving_are_told_once_and_in_order
DROP = AdapterContract.test_a_lost_connection_is_told_once
BACK = AdapterContract.test_who_comes_back_is_there_again
END = AdapterContract.test_the_end_is_told_once
NOBODY = AdapterContract.test_a_prompt_for_nobody_is_said_and_never_raised
REACHES = AdapterContract.test_a_prompt_reaches_who_is_there_and_not_who_left
STOP = AdapterContract.test_stopping_ends_in_time_with_people_connected
NAME = AdapterContract.test_it_has_a_name_and_says_only_what_it_can

BROKEN: list[tuple[type[FakeAdapter], Callable[[AdapterContract], None], type[BaseException], str]] = [
    (Nameless, NAME, AssertionError, "needs a name"),
    (Overclaiming, NAME, AssertionError, "deliver is what in_call_prompts needs"),
    (TellsNobody, JOINING, AssertionError, "not told within 0.3 s that both joined"),
    (SaysItTwice, JOINING, AssertionError, "gone not exactly once"),
    (AnotherSession, JOINING, AssertionError, "another session"),
    (DropsAreLeaving, DROP, AssertionError, "told as something else"),
    (OneConnectionForEver, BACK, AssertionError, "not told within 0.3 s that the client came back"),
    (SaysItTwice, END, AssertionError, "end is not told exactly once"),
    (RaisesForNobody, NOBODY, KeyError, "par_nobody"),
    (DeliversToNobody, NOBODY, AssertionError, "reached nobody"),
    (NeverDelivers, REACHES, AssertionError, "in_call_prompts says otherwise"),
    (LeavesATask, STOP, AssertionError, "every task has ended"),
    (LeavesAThread, STOP, AssertionError, "the thread forgotten is left"),
    (LeavesASocket, STOP, AssertionError, "a socket is left open"),
]


@pytest.mark.parametrize(
    ("kind", "test", "error", "said"), BROKEN, ids=[f"{k.__name__}-{t.__name__}" for k, t, _, _ in BROKEN]
)
def test_a_broken_adapter_is_told_so(
    kind: type[FakeAdapter], test: Callable[[AdapterContract], None], error: type[BaseException], said: str
) -> None:
    broken = type("Broken", (FakePlatformContract,), {"kind": kind})
    with pytest.raises(error, match=said):
        test(broken())
    for one in LeavesASocket.left:
        one.close()


def test_every_test_of_the_contract_fails_for_some_adapter() -> None:
    every = {name for name in vars(AdapterContract) if name.startswith("test_")}
    assert {test.__name__ for _, test, _, _ in BROKEN} == every


def test_an_adapter_that_does_not_stop_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliancekit.testing.adapter_contract.STOP_SECONDS", 0.1)
    broken = type("Broken", (FakePlatformContract,), {"kind": NeverStops})
    with pytest.raises(TimeoutError):
        BACK(broken())


@pytest.mark.parametrize("name", ["make_adapter", "join", "leave", "drop", "end"])
def test_what_a_subclass_must_say_is_said(name: str) -> None:
    contract = AdapterContract()
    adapter = FakeAdapter()
    somebody = Participant(id="par_c", role="client")
    arguments = {"make_adapter": (), "end": (adapter,)}.get(name, (adapter, somebody))

    async def say() -> None:
        await getattr(contract, name)(*arguments)

    with pytest.raises(NotImplementedError, match=name):
        asyncio.run(say())
