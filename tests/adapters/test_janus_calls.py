"""Whole calls: a real Janus, two Chromium pages, the whole service; and Janus killed in the middle."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.janus_call import (
    ROLES,
    TIMELINE,
    Caller,
    RunningClock,
    pages,
    settings,
    true_seconds,
    until,
)
from tests.adapters.janus_server import PASSWORD, ROOM, JanusServer, janus
from tests.services import PLAIN, MakeSite, Meeting, Site, on_network

from alliancekit.adapters import PromptHint
from alliancekit.store import presence
from alliancekit_janus import Janus, JanusSettings
from alliancekit_janus.adapter import JanusRooms

pytestmark = [pytest.mark.webrtc, pytest.mark.browser, pytest.mark.timeout(300)]

SPOKEN_SECONDS = TIMELINE["seconds"] + 1.5


class Visit:
    """A session in the service, its room at Janus, and both people's pages."""

    def __init__(self, site: Site, meeting: Meeting, adapter: JanusRooms, callers: dict[str, Caller]) -> None:
        self.site, self.meeting, self.adapter, self.callers = site, meeting, adapter, callers

    async def status(self) -> str:
        reply = await self.site.get(f"/v1/sessions/{self.meeting.id}")
        found: str = reply.json()["status"]
        return found

    async def connections(self) -> set[str]:
        """Janus's ids of everybody whom the service takes for present."""
        found = [await self.site.service.whereabouts("janus", one.id) for one in self.meeting.people]
        return {connection for place in found if place is not None for connection in place.connections}

    async def are_in(self) -> bool:
        return {caller.id for caller in self.callers.values()} <= await self.connections()

    async def observed(self) -> bool:
        """Whether our observer is in the room, and where audio is listened to, it comes."""
        watching = self.adapter.watchers
        heard = self.adapter.settings.listen != "audio" or all(one.listening == 2 for one in watching)
        return bool(watching) and heard and all(one.inside for one in watching)

    async def join(self) -> None:
        for caller in self.callers.values():
            await caller.join()
        await until(self.are_in, "both are in the session")
        await until(self.observed, "the room is observed")

    async def speak(self) -> None:
        """Both say everything."""
        await asyncio.gather(*(caller.do("call.speak()") for caller in self.callers.values()))
        await asyncio.sleep(SPOKEN_SECONDS)

    async def leave(self) -> None:
        for caller in self.callers.values():
            await caller.do("call.leave()")

        async def nobody() -> bool:
            return await self.connections() == set()

        await until(nobody, "both have left")

    async def end(self) -> None:
        """Long enough after everybody left."""
        self.site.clock.now += 30

        async def ended() -> bool:
            return await self.status() == "ended"

        await until(ended, "the session has ended")
        await self.site.settle()

    async def seconds(self) -> dict[str, float]:
        """How long each role was heard."""
        spans = await self.site.service.database.read(
            lambda conn: presence.speech(conn, self.site.tenant, self.meeting.id)
        )
        return {role: sum(one.end - one.start for one in spans if one.role == role) for role in ROLES}

    async def asked(self) -> list[tuple[str, str]]:
        """(participant, moment) of every prompt after the call."""
        rows = await self.site.rows()
        prompts = rows["prompt"]
        return sorted(
            (one.id, "end_of_call")
            for row in prompts
            for one in self.meeting.people
            if one.id in row and "end_of_call" in row
        )


async def a_visit(make_site: MakeSite, server: JanusServer, folder: Path, **more: Any) -> Any:
    plugin = Janus(JanusSettings.model_validate(settings(server, **more)))
    site = await make_site(
        clock=RunningClock(), extra=[("janus", plugin)], plugins=PLAIN, call={"minimum_together": 1}
    )
    meeting = await site.session(adapter="janus", room=ROOM)
    people = {one.role: one.id for one in meeting.people}
    return pages(server, people, folder), lambda callers: Visit(site, meeting, plugin.adapter, callers)


def check_balance(heard: dict[str, float]) -> None:
    """The shares are near those of the recordings, and neither side has more than it said."""
    truth = {role: true_seconds(role) for role in ROLES}
    assert heard["client"] / sum(heard.values()) == pytest.approx(
        truth["client"] / sum(truth.values()), abs=0.1
    )
    assert heard == pytest.approx(truth, rel=0.3)


def left_over() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if "janus" in task.get_name()]


@pytest.mark.parametrize("listen", ["talking", "audio"])
async def test_a_call_becomes_a_session_with_its_talk_balance(
    make_site: MakeSite, tmp_path: Path, listen: str
) -> None:
    async with janus(tmp_path) as server:
        opening, visit_of = await a_visit(make_site, server, tmp_path, listen=listen)
        async with opening as callers:
            visit = visit_of(callers)
            await visit.join()
            assert await visit.status() == "live"
            for caller in callers.values():
                await caller.chat()
            client = visit.meeting.client
            hint = PromptHint(
                tenant=visit.site.tenant,
                prompt="prm_1",
                session=visit.meeting.id,
                participant=client.id,
                role="client",
                moment="in_call",
            )
            assert await visit.adapter.deliver(hint)
            await visit.adapter.withdraw("prm_1")
            said = [
                {"type": "prompt", "prompt": "prm_1", "moment": "in_call", "session": visit.meeting.id},
                {"type": "prompt_closed", "prompt": "prm_1"},
            ]

            async def told() -> bool:
                return bool(await callers["client"].do("call.heard.length") == len(said))

            await until(told, "the client's page has both messages")
            assert await callers["client"].do("call.heard") == said
            assert await callers["therapist"].do("call.heard") == []

            await visit.speak()
            await visit.leave()
            assert not await visit.adapter.deliver(hint), "who has left is not reached"
            check_balance(await visit.seconds())
            await visit.end()
            assert await visit.asked() == sorted((one.id, "end_of_call") for one in visit.meeting.people)
        await visit.adapter.stop()
        assert left_over() == []


async def test_a_call_survives_the_death_of_janus(make_site: MakeSite, tmp_path: Path) -> None:
    async with janus(tmp_path) as server:
        opening, visit_of = await a_visit(make_site, server, tmp_path, listen="audio")
        async with opening as callers:
            visit = visit_of(callers)
            await visit.join()
            await asyncio.gather(*(caller.do("call.speak()") for caller in callers.values()))

            async def heard() -> bool:
                return all((await visit.seconds()).values())

            await until(heard, "both were heard")
            await server.kill()
            before = await visit.seconds()

            async def cut_off() -> bool:
                return not visit.adapter.connected

            await until(cut_off, "the adapter has noticed")
            await server.start()
            for caller in callers.values():
                await caller.join()
            await until(visit.are_in, "both are back")
            await until(visit.observed, "the room is observed again")
            assert await visit.status() == "live"

            async def only_new() -> bool:
                return await visit.connections() == {caller.id for caller in callers.values()}

            await until(only_new, "the presences of before have ended")
            await asyncio.sleep(TIMELINE["seconds"] / 2)
            await visit.leave()
            after = await visit.seconds()
            assert all(after[role] >= before[role] for role in ROLES), "what was heard before is kept"
            assert all(after[role] <= true_seconds(role) * 1.3 for role in ROLES), "nothing is heard twice"
            await visit.end()
            assert await visit.asked() == sorted((one.id, "end_of_call") for one in visit.meeting.people)
        rows = await visit.site.rows()
        assert len(rows["session"]) == 1
        assert len(rows["room"]) == 1
        await visit.adapter.stop()
        assert left_over() == []


async def test_the_event_handler_tells_the_same_call(make_site: MakeSite, tmp_path: Path) -> None:
    plugin = Janus(JanusSettings.model_validate({"secrets": [f"janus:{PASSWORD}"]}))
    site = await make_site(
        clock=RunningClock(), extra=[("janus", plugin)], plugins=PLAIN, call={"minimum_together": 1}
    )
    meeting = await site.session(adapter="janus", room=ROOM)
    async with on_network(site) as address:
        backend = f"http://{address}/v1/adapters/janus/events"
        async with (
            janus(tmp_path, backend=backend) as server,
            pages(server, {one.role: one.id for one in meeting.people}, tmp_path) as callers,
        ):
            visit = Visit(site, meeting, plugin.adapter, callers)
            for caller in callers.values():
                await caller.join()
            await until(visit.are_in, "both are in the session")
            await asyncio.sleep(1.5)
            await visit.leave()
            await visit.end()
            assert await visit.asked() == sorted((one.id, "end_of_call") for one in meeting.people)
