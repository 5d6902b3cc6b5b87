"""What the adapter promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from typing_extensions import override

from alliancekit.adapters import Adapter, Caller, RouteReply, RouteRequest
from alliancekit.events import Participant
from alliancekit.testing import AdapterContract, Alliance, FakeClock, RecordingHost
from alliancekit_bridge import Bridge, BridgeAdapter, BridgeSettings

CLIENT = Participant(id="par_client", role="client")
THERAPIST = Participant(id="par_therapist", role="therapist")


async def post(
    adapter: BridgeAdapter, who: Participant | None, connection: str, *events: dict[str, Any], **more: Any
) -> RouteReply:
    """Report as a participant's page."""
    body = {"connection": connection, "events": events, **more}
    caller = Caller(tenant="ten_1", session="ses_1", participant=who)
    return await adapter.report(RouteRequest(caller=caller, body=json.dumps(body).encode()))


def said(kind: str, ago: int = 0, **more: Any) -> dict[str, Any]:
    """One event of a report."""
    return {"kind": kind, "ago": ago, **more}


class TestContract(AdapterContract):
    """What every adapter is held to."""

    can_end = True

    @override
    def make_adapter(self) -> Adapter:
        self.numbers = itertools.count(1)
        self.connections: dict[str, str] = {}
        pace = BridgeSettings(lost_after=0.3, watch_seconds=0.05)
        return BridgeAdapter(pace)

    async def tell(self, adapter: Adapter, participant: Participant, kind: str, **more: Any) -> None:
        """Post one event of the participant's presence."""
        assert isinstance(adapter, BridgeAdapter)
        if kind == "joined":
            self.connections[participant.id] = f"connection-{next(self.numbers)}"
        reply = await post(adapter, participant, self.connections[participant.id], said(kind, **more))
        assert reply.status == 204

    @override
    async def join(self, adapter: Adapter, participant: Participant) -> None:
        await self.tell(adapter, participant, "joined")

    @override
    async def leave(self, adapter: Adapter, participant: Participant) -> None:
        await self.tell(adapter, participant, "left", how="left")

    @override
    async def drop(self, adapter: Adapter, participant: Participant) -> None:
        """A page that is closed says nothing more."""

    @override
    async def end(self, adapter: Adapter) -> None:
        await self.tell(adapter, THERAPIST, "ended")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def host(adapter: BridgeAdapter) -> Any:
    host = RecordingHost()
    await adapter.start(host)
    yield host
    await adapter.stop()


@pytest.fixture
def adapter(clock: FakeClock) -> BridgeAdapter:
    return BridgeAdapter(BridgeSettings(), clock=clock)


async def test_ages_become_times_of_the_service(
    adapter: BridgeAdapter, host: RecordingHost, clock: FakeClock
) -> None:
    events = (said("joined", 90_000), said("left", 1_500, how="dropped"))
    assert (await post(adapter, CLIENT, "connection-1", *events)).status == 204
    [joined], [gone] = host.present(), host.gone()
    assert joined.joined_at == clock.now - 90
    assert (gone.at, gone.how, gone.sent_out) == (clock.now - 1.5, "dropped", False)
    assert joined.connection == gone.connection


async def test_a_client_ends_nothing_but_their_own_presence(
    adapter: BridgeAdapter, host: RecordingHost
) -> None:
    await post(adapter, CLIENT, "connection-1", said("joined"))
    await post(adapter, CLIENT, "connection-1", said("ended"))
    assert (host.over(), [one.participant for one in host.gone()]) == ([], [CLIENT.id])
    await post(adapter, THERAPIST, "connection-1", said("joined"))
    await post(adapter, THERAPIST, "connection-1", said("ended"))
    assert len(host.over()) == 1


async def test_whoever_was_sent_out_is_said_to_be(adapter: BridgeAdapter, host: RecordingHost) -> None:
    for number, how in enumerate(("ejected", "declined")):
        await post(adapter, CLIENT, f"connection-{number}", said("left", how=how))
    assert [one.sent_out for one in host.gone()] == [True, True]


async def test_a_silent_page_was_lost_when_it_was_last_heard_of(
    adapter: BridgeAdapter, host: RecordingHost, clock: FakeClock
) -> None:
    await post(adapter, CLIENT, "connection-1", said("joined"))
    began = clock.now
    clock.forward(30)
    await post(adapter, CLIENT, "connection-1", said("here"))
    clock.forward(74)
    await adapter.look()
    assert host.gone() == []
    clock.forward(2)
    await adapter.look()
    await adapter.look()
    assert [(one.how, one.at) for one in host.gone()] == [("dropped", began + 30)]


@pytest.mark.parametrize(("client", "therapist", "heard"), [(True, True, 1), (True, False, 0)])
async def test_speech_is_taken_while_everybody_consents(
    adapter: BridgeAdapter, host: RecordingHost, client: bool, therapist: bool, heard: int
) -> None:
    await post(adapter, THERAPIST, "connection-1", said("joined"), consent=therapist)
    await post(adapter, CLIENT, "connection-1", said("joined"), said("spoke", ms=900), consent=client)
    assert len(host.spans.get("ses_1", ())) == heard


async def test_the_page_gets_its_script() -> None:
    kit = Alliance(it=Bridge)
    [route] = [route for _, route in kit.routes if route.path == "bridge.js"]
    reply = await route.handler(RouteRequest(caller=Caller(tenant="")))
    assert (route.auth, reply.status) == ("none", 200)
    assert b"/v1/plugins/bridge/report" in reply.body
    again = RouteRequest(caller=Caller(tenant=""), headers={"if-none-match": reply.headers["ETag"]})
    assert (await route.handler(again)).status == 304
