"""The adapter against a server that says what the test wants: odd answers, broken connections, people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from tests.adapters.fake_janus import (
    ROOM,
    ack,
    error,
    fake_janus,
    of,
    plugin,
    running,
    someone,
    success,
    until,
)

from alliancekit.adapters import Happening, OpenRoom, Whereabouts
from alliancekit.errors import StoreError
from alliancekit.testing import RecordingHost
from alliancekit.testing.fake_adapter import a_hint
from alliancekit_janus import JanusRooms

INSTANCE = f"{ROOM}|ses_1"
PLACE = Whereabouts(
    tenant="ten_1",
    session="ses_1",
    room=INSTANCE,
    name=ROOM,
    person="par_client",
    connections=("par_client~2", "par_client~1"),
)


async def test_who_is_there_who_comes_and_who_goes() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        await until(lambda: fake.asked("listparticipants"))
        assert not fake.observed, "nobody is there: our observer stays out"
        fake.people = [someone("par_client~1")]
        await until(lambda: fake.observed)
        await fake.event(videoroom="event", joining={"id": "par_therapist~1", "display": "Dr. Example"})
        fake.people.append(someone("par_therapist~1"))
        await fake.event(videoroom="event", publishers=[someone("par_therapist~1")])
        await until(lambda: len(of(host, "joined")) == 2)
        fake.people.pop(0)
        await fake.event(videoroom="event", leaving="par_client~1")
        fake.people.pop(0)
        await fake.event(videoroom="event", kicked="par_therapist~1")
        await until(lambda: len(of(host, "left")) == 2)
        await fake.event(videoroom="destroyed")
        await until(lambda: of(host, "over"))
    assert of(host, "joined", "left", "over") == [
        ("joined", "par_client", "par_client~1"),
        ("joined", "par_therapist", "par_therapist~1"),
        ("left", "par_client", "par_client~1"),
        ("left", "par_therapist", "par_therapist~1"),
        ("over", "", ""),
    ]
    assert [one.how for one in host.happenings if one.kind == "left"] == ["left", "ejected"]
    assert {(one.room, one.name) for one in host.happenings} == {(INSTANCE, ROOM)}
    assert "Example" not in repr(host.happenings), "a name leaves the adapter"


async def test_the_list_of_people_repairs_what_events_did_not_tell() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1"), someone("par_therapist~1", publisher=False)]
        await until(lambda: len(of(host, "joined")) == 2)
        fake.people = [someone("par_therapist~1", publisher=False)]
        gone = [("par_therapist", "par_therapist~1")]
        await until(lambda: [list(one.people) for one in rosters(host)][-2:] == [gone, gone])
    assert of(host, "left") == [], "nobody saw how they left"


def rosters(host: RecordingHost) -> list[Happening]:
    return [one for one in host.happenings if one.kind == "roster"]


async def test_a_list_that_does_not_change_is_not_told_again_and_again() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: len(rosters(host)) == 2)
        many = len(fake.asked("listparticipants")) + 5
        await until(lambda: len(fake.asked("listparticipants")) >= many)
        assert len(rosters(host)) == 2


async def test_talking_is_told_as_long_as_it_lasts() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1", talking=True)]
        await until(lambda: fake.observed)
        await fake.event(videoroom="talking", id="par_client~1")
        await until(lambda: len(of(host, "spoke")) > 2)
        fake.people[0]["talking"] = False
        await fake.event(**{"videoroom": "stopped-talking", "id": "par_client~1"})
        many = len(fake.asked("listparticipants")) + 3
        await until(lambda: len(fake.asked("listparticipants")) >= many)
        spans = [(one.at - one.seconds, one.at) for one in host.happenings if one.kind == "spoke"]
        assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(spans))
        told = len(spans)
        await until(lambda: len(fake.asked("listparticipants")) >= many + 3)
        assert len(of(host, "spoke")) == told, "silence is no speech"


async def test_a_session_that_is_kept_is_claimed() -> None:
    async with fake_janus(keeps=True) as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: of(host, "joined"))
        await fake.drop()
        await until(lambda: fake.asked("claim"))
        listed = len(fake.asked("listparticipants"))
        await until(lambda: len(fake.asked("listparticipants")) > listed)
        assert len(fake.asked("create")) == 1
        assert len(fake.asked("join")) == 1
        await fake.event(videoroom="event", leaving="par_client~1")
        fake.people = []
        await until(lambda: of(host, "left"))
        assert len(of(host, "joined")) == 1


async def test_a_session_that_is_gone_is_made_anew_and_nobody_has_left() -> None:
    async with fake_janus() as fake, running(fake, return_seconds=60) as (_, host):
        fake.people = [someone("par_client~1"), someone("par_therapist~1")]
        await until(lambda: fake.observed and len(rosters(host)) == 2)
        fake.forget()
        await fake.drop()
        await until(lambda: len(fake.asked("create")) == 2)
        listed = len(fake.asked("listparticipants"))
        await until(lambda: len(fake.asked("listparticipants")) > listed + 3)
        assert len(rosters(host)) == 2, "an empty room after a restart says nothing yet"
        fake.people = [someone("par_client~2"), someone("par_therapist~2")]
        await until(lambda: len(rosters(host)) == 4)
        assert fake.observed
        assert of(host, "left") == []
        assert {connection for _, connection in rosters(host)[-1].people} == {
            "par_client~2",
            "par_therapist~2",
        }


async def test_who_does_not_come_back_after_a_restart_is_missed_in_the_end() -> None:
    async with fake_janus() as fake, running(fake, return_seconds=0.2) as (_, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: len(rosters(host)) == 2)
        fake.forget()
        await fake.drop()
        await until(lambda: [one.people for one in rosters(host)[-2:]] == [(), ()])


async def test_a_session_that_timed_out_is_made_anew() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: fake.observed)
        (session,) = fake.sessions
        await fake.say({"janus": "timeout", "session_id": session})
        await until(lambda: len(fake.asked("create")) == 2 and fake.observed)
        assert fake.asked("claim") == []
        assert len(of(host, "joined")) == 1


async def test_the_session_is_kept_alive_and_a_server_that_hangs_is_left() -> None:
    async with fake_janus() as fake, running(fake, answer_seconds=0.3) as (_, _host):
        await until(lambda: len(fake.asked("keepalive")) > 2)
        fake.instead["keepalive"] = lambda asked: []
        await until(lambda: len(fake.asked("create")) > 1)


@pytest.mark.parametrize(
    "answers",
    [
        lambda asked: [],
        lambda asked: [ack(asked)],
        lambda asked: [error(asked, 490)],
        lambda asked: [success(asked)],
        lambda asked: [plugin(asked, videoroom="participants", participants="Anna Example")],
        lambda asked: [
            plugin(asked, videoroom="participants", participants=[1, {}, {"id": None}, {"id": True}])
        ],
        lambda asked: [plugin(asked, videoroom="event", error_code=426, error="No such room")],
        lambda asked: [{**success(asked), "plugindata": []}],
    ],
)
async def test_an_odd_answer_tells_nothing_and_harms_nothing(
    answers: Callable[[dict[str, Any]], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "alliancekit_janus")
    async with fake_janus() as fake, running(fake, answer_seconds=0.1) as (_, host):
        fake.people = [someone("par_client~1")]
        fake.instead["listparticipants"] = answers
        await until(lambda: len(fake.asked("listparticipants")) > 2)
        assert of(host, "joined") == []
        del fake.instead["listparticipants"]
        await until(lambda: of(host, "joined"))
    assert "Example" not in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[" * 100_000,
        "[]",
        "null",
        "{}",
        '{"janus": "event"}',
        '{"janus": "event", "sender": "x", "plugindata": 1}',
        '{"janus": "event", "sender": 1, "transaction": []}',
        '{"janus": "success", "transaction": "nobody asked"}',
        '{"janus": "timeout", "session_id": 1}',
        '{"janus": "detached", "sender": 1}',
        '{"janus": "webrtcup", "sender": 1000}',
    ],
)
async def test_garbage_is_passed_over(message: str) -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        await until(lambda: fake.asked("listparticipants"))
        await fake.say(message)
        fake.people = [someone("par_client~1")]
        await until(lambda: of(host, "joined"))
        assert len(fake.asked("create")) == 1


async def test_a_room_that_does_not_let_us_in_is_still_listed() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.instead["join"] = lambda asked: [
            ack(asked),
            {**plugin(asked, videoroom="event", error_code=433, error="Unauthorized"), "janus": "event"},
        ]
        fake.people = [someone("par_client~1")]
        await until(lambda: len(fake.asked("join")) > 2)
        assert of(host, "joined") == [("joined", "par_client", "par_client~1")]
        attached, detached = (len(fake.asked(kind)) for kind in ("attach", "detach"))
        assert attached - detached <= 3, "handles that lead nowhere are given back"


async def test_an_observer_that_is_sent_out_stays_out() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: fake.observed)
        await fake.event(videoroom="event", leaving="ok", reason="kicked")
        handle = fake.asked("join")[0]["handle_id"]
        await fake.say({"janus": "detached", "sender": handle})
        listed = len(fake.asked("listparticipants"))
        await until(lambda: len(fake.asked("listparticipants")) > listed + 3)
        assert len(fake.asked("join")) == 1
        assert of(host, "left") == []


async def test_what_could_not_be_stored_is_told_again() -> None:
    async with fake_janus() as fake, running(fake) as (_, host):
        keep, failed = host.happened, []

        async def happened(adapter: str, said: Any) -> None:
            if len(failed) < 2:
                failed.append(said)
                raise StoreError("the database is away")
            await keep(adapter, said)

        host.happened = happened  # type: ignore[method-assign]
        fake.people = [someone("par_client~1")]
        await until(lambda: of(host, "joined"))
        assert len(of(host, "joined")) == 1


async def test_rooms_come_and_go_with_their_sessions() -> None:
    async with fake_janus() as fake, running(fake) as (adapter, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: fake.observed)
        host.wanted = {ROOM: "ses_2"}
        await until(lambda: {one.room for one in host.happenings} == {INSTANCE, f"{ROOM}|ses_2"})
        host.wanted = {}
        await until(lambda: not adapter.watchers)
        assert len(fake.asked("detach")) >= 2


async def test_a_prompt_goes_to_one_person_and_is_taken_back() -> None:
    async with fake_janus() as fake, running(fake) as (adapter, host):
        fake.people = [someone("par_client~2")]
        fake.texts = {"par_client~2", "par_therapist~1"}
        await until(lambda: fake.observed)
        assert not await adapter.deliver(a_hint("prm_1")), "the host does not know where they are"
        host.places["par_client"] = PLACE
        assert await adapter.deliver(a_hint("prm_1"))
        await adapter.withdraw("prm_1")
        await adapter.withdraw("prm_1")
        assert fake.told == [
            ("par_client~2", {"type": "prompt", "prompt": "prm_1", "moment": "in_call", "session": "ses_1"}),
            ("par_client~2", {"type": "prompt_closed", "prompt": "prm_1"}),
        ]
        fake.texts = set()
        assert not await adapter.deliver(a_hint("prm_2"))


async def test_a_missing_textroom_is_made_and_ended_again() -> None:
    async with fake_janus() as fake:
        fake.text_room = False
        async with running(fake) as (adapter, host):
            fake.people, fake.texts = [someone("par_client~2")], {"par_client~2"}
            await until(lambda: fake.text_room)
            host.places["par_client"] = PLACE
            assert await adapter.deliver(a_hint("prm_1"))
        assert len(fake.asked("text:destroy")) == 1


async def test_without_a_server_prompts_are_undelivered_and_stopping_is_quick() -> None:
    async with fake_janus() as fake:
        settings = fake.settings()
    adapter, host = JanusRooms(settings), RecordingHost()
    host.wanted, host.places["par_client"] = {ROOM: "ses_1"}, PLACE
    await adapter.start(host)
    assert not await adapter.deliver(a_hint("prm_1"))
    assert await adapter.snapshot(OpenRoom(instance=f"{ROOM}|20000")) is None
    await adapter.stop()
    await adapter.stop()
    assert host.happenings == []


async def test_the_host_may_ask_who_is_in_a_room_that_only_event_handlers_told_of() -> None:
    async with fake_janus() as fake, running(fake) as (adapter, host):
        fake.people = [someone("par_client~1")]
        await until(lambda: of(host, "joined"))
        seen = await adapter.snapshot(OpenRoom(instance=f"{ROOM}|20000"))
        assert seen is not None
        assert (seen.kind, seen.room, seen.people) == (
            "roster",
            f"{ROOM}|20000",
            (("par_client", "par_client~1"),),
        )
        assert await adapter.snapshot(OpenRoom(instance=INSTANCE)) is None
