"""What the adapter asks of a LiveKit server and sends through it, by LiveKit's own package over a socket."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from livekit import api
from pydantic import SecretStr
from sqlalchemy import select
from tests.adapters.fake_livekit import FakeLiveKit
from tests.adapters.test_livekit import KEY, SECRET, event, hash_of, person, token
from tests.services import PLAIN, MakeSite, Meeting, Site

from alliancekit.adapters import OpenRoom, Whereabouts
from alliancekit.plugins import PluginHost, PluginsConfig
from alliancekit.store.tables import prompt
from alliancekit.testing import FakeClock
from alliancekit.testing.fake_adapter import RecordingHost, a_hint
from alliancekit_livekit import LiveKit, LiveKitAdapter, LiveKitSettings

ROOM = OpenRoom(instance="RM_1", name="visit-1")
PLACE = Whereabouts(
    tenant="ten_1", session="ses_1", room="RM_1", name="visit-1", person="c1", connections=("PA_1",)
)
NOW = 1_790_000_000.5


@pytest.fixture
async def platform() -> AsyncIterator[FakeLiveKit]:
    async with FakeLiveKit(KEY, SECRET).running() as server:
        yield server


def settings_of(url: str, **fields: Any) -> LiveKitSettings:
    told = {"secrets": [SECRET], "api_keys": [KEY], "url": url, **fields}
    return LiveKitSettings.model_validate(told)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def adapter(
    platform: FakeLiveKit, clock: FakeClock, host: RecordingHost
) -> AsyncIterator[LiveKitAdapter]:
    one = LiveKitAdapter(settings_of(platform.url), clock=clock)
    await one.start(host)
    yield one
    await one.stop()


# who is there ------------------------------------------------------------------------------------------


async def test_only_humans_who_are_there_are_listed(platform: FakeLiveKit, adapter: LiveKitAdapter) -> None:
    platform.open("RM_1", "visit-1")
    kinds, states = api.ParticipantInfo.Kind, api.ParticipantInfo.State
    platform.join("RM_1", "c1", "PA_1", NOW - 60)
    platform.join("RM_1", "+3912345", "PA_2", NOW - 60, kind=kinds.SIP)
    platform.join("RM_1", "ana@clinic.example", "PA_3", NOW - 60)
    for number, kind in enumerate([kinds.AGENT, kinds.EGRESS, kinds.INGRESS, kinds.BRIDGE]):
        platform.join("RM_1", "machine", f"PA_m{number}", NOW - 60, kind=kind)
    for number, permission in enumerate(["hidden", "recorder", "agent"]):
        given = api.ParticipantPermission(**{permission: True})
        platform.join("RM_1", "quiet", f"PA_q{number}", NOW - 60, permission=given)
    for number, state in enumerate([states.JOINING, states.JOINED, states.DISCONNECTED]):
        platform.join("RM_1", "half", f"PA_h{number}", NOW - 60, state=state)
    seen = await adapter.snapshot(ROOM)
    assert seen is not None
    assert (seen.kind, seen.room, seen.name) == ("roster", "RM_1", "visit-1")
    assert seen.people == (("c1", "PA_1"), ("+3912345", "PA_2"), ("", "PA_3"))
    assert "Ana" not in repr(seen)


async def test_a_look_is_older_than_whatever_the_server_tells_next(
    platform: FakeLiveKit, adapter: LiveKitAdapter
) -> None:
    """The server rounds times down: who leaves in this second, said as its beginning, must stay gone."""
    platform.open("RM_1", "visit-1")
    platform.join("RM_1", "c1", "PA_1", NOW - 60)
    platform.join("RM_1", "t1", "PA_2", NOW - 0.2)
    seen = await adapter.snapshot(ROOM)
    assert seen is not None
    assert seen.at < int(NOW)
    assert seen.people == (("c1", "PA_1"),), "who came since then would seem to have come earlier"


async def test_a_room_that_is_missing_twice_is_over_since_the_first_time(
    platform: FakeLiveKit, adapter: LiveKitAdapter, clock: FakeClock
) -> None:
    seen = [await adapter.snapshot(ROOM)]
    clock.now += 20
    seen.append(await adapter.snapshot(ROOM))
    assert [(one.kind, one.people, one.at) for one in seen if one] == [
        ("roster", (), NOW),
        ("over", (), NOW),
    ]


async def test_a_room_that_was_missing_once_goes_on(
    platform: FakeLiveKit, adapter: LiveKitAdapter, clock: FakeClock
) -> None:
    await adapter.snapshot(ROOM)
    clock.now += 20
    platform.open("RM_1", "visit-1")
    await adapter.snapshot(ROOM)
    platform.close("RM_1")
    clock.now += 20
    seen = await adapter.snapshot(ROOM)
    assert seen is not None
    assert seen.kind == "roster"


async def test_another_room_of_the_same_name_means_that_this_one_is_over(
    platform: FakeLiveKit, adapter: LiveKitAdapter
) -> None:
    platform.open("RM_2", "visit-1")
    platform.join("RM_2", "c1", "PA_9", NOW - 60)
    seen = await adapter.snapshot(ROOM)
    assert seen is not None
    assert (seen.kind, seen.room, seen.people) == ("over", "RM_1", ())


async def test_without_the_rooms_name_or_the_servers_url_nothing_is_asked(
    platform: FakeLiveKit, adapter: LiveKitAdapter, host: RecordingHost
) -> None:
    assert await adapter.snapshot(OpenRoom(instance="RM_1")) is None
    plain = LiveKitAdapter(LiveKitSettings())
    await plain.start(host)
    assert await plain.snapshot(ROOM) is None
    assert not await plain.deliver(a_hint())
    await plain.stop()
    assert platform.asked == []
    able = plain.capabilities
    assert (able.webhooks, able.snapshot, able.in_call_prompts, able.talk_balance) == (True, *[False] * 3)


@pytest.mark.parametrize(("status", "told"), [(401, "refuses"), (403, "refuses"), (503, "status 503")])
async def test_a_server_that_refuses_is_an_engineers_trouble_until_it_answers(
    platform: FakeLiveKit, adapter: LiveKitAdapter, status: int, told: str
) -> None:
    platform.open("RM_1", "visit-1")
    platform.refuse = status
    with pytest.raises(api.ServerError):
        await adapter.snapshot(ROOM)
    assert told in adapter.trouble
    assert "Ana" not in adapter.trouble
    platform.refuse = 0
    await adapter.snapshot(ROOM)
    assert adapter.trouble == ""


async def test_a_wrong_secret_and_no_server_at_all(platform: FakeLiveKit, host: RecordingHost) -> None:
    wrong = LiveKitAdapter(settings_of(platform.url, secrets=["w" * 40]))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = LiveKitAdapter(settings_of(f"http://127.0.0.1:{closed.getsockname()[1]}"))
        for one, told in ((wrong, "refuses"), (nobody, "cannot be reached")):
            await one.start(host)
            with pytest.raises(Exception):  # noqa: B017, PT011 - whatever LiveKit's package raises
                await one.snapshot(ROOM)
            host.places["par_client"] = PLACE
            assert not await one.deliver(a_hint())
            assert told in one.trouble
            await one.stop()


# prompts -----------------------------------------------------------------------------------------------


async def test_a_prompt_goes_to_one_person_reliably_and_holds_only_ids(
    platform: FakeLiveKit, adapter: LiveKitAdapter, host: RecordingHost
) -> None:
    host.places["par_client"] = PLACE
    assert await adapter.deliver(a_hint("prm_7"))
    await adapter.withdraw("prm_7")
    await adapter.withdraw("prm_7")
    await adapter.withdraw("prm_of_another_channel")
    prompted, closed = platform.sent
    assert [(one.room, one.topic, list(one.destination_identities), one.kind) for one in platform.sent] == [
        ("visit-1", "alliancekit", ["c1"], api.DataPacket.Kind.RELIABLE)
    ] * 2
    assert json.loads(prompted.data) == {
        "type": "prompt",
        "prompt": "prm_7",
        "moment": "in_call",
        "session": "ses_1",
    }
    assert json.loads(closed.data) == {"type": "prompt_closed", "prompt": "prm_7"}
    assert max(len(one.data) for one in platform.sent) < 1024


@pytest.mark.parametrize("missing", ["name", "person", "everything"])
async def test_who_cannot_be_found_is_not_sent_anything(
    platform: FakeLiveKit, adapter: LiveKitAdapter, host: RecordingHost, missing: str
) -> None:
    if missing != "everything":
        fields = {name: getattr(PLACE, name) for name in PLACE.__slots__}
        host.places["par_client"] = Whereabouts(**{**fields, missing: ""})
    assert not await adapter.deliver(a_hint())
    assert platform.asked == []


@pytest.mark.parametrize("how", ["slow", "refuse"])
async def test_a_prompt_that_was_not_taken_is_nobodys_loss(
    platform: FakeLiveKit,
    adapter: LiveKitAdapter,
    host: RecordingHost,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alliancekit_livekit.adapter.SEND_SECONDS", 0.05)
    host.places["par_client"] = PLACE
    platform.slow, platform.refuse = (5.0, 0) if how == "slow" else (0.0, 500)
    assert not await adapter.deliver(a_hint())
    await adapter.withdraw("prm_1")
    assert platform.sent == []
    assert adapter.trouble


# settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://livekit.example", "secrets": ["s"]},
        {"url": "https://livekit.example", "api_keys": ["k"]},
        {"url": "livekit.example", "secrets": ["s"], "api_keys": ["k"]},
        {"url": "https://user:pass@livekit.example", "secrets": ["s"], "api_keys": ["k"]},
        {"speakers": True, "secrets": ["s"], "api_keys": ["k"]},
        {"snapshot_every": 1},
    ],
)
def test_settings_that_cannot_work_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error") as refused:
        LiveKitSettings.model_validate(fields)
    assert "pass@" not in str(refused.value)


@pytest.mark.parametrize(("name", "extra"), [("livekit.api", "livekit"), ("livekit.rtc", "livekit-rtc")])
def test_a_missing_extra_is_told_with_what_to_install(
    name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only when the settings need it: webhooks alone need neither."""
    monkeypatch.setitem(__import__("sys").modules, name, None)
    monkeypatch.delattr(f"livekit.{name.rpartition('.')[2]}", raising=False)
    table = {
        "secrets": [SecretStr(SECRET)],
        "api_keys": [KEY],
        "url": "https://livekit.example",
        "speakers": True,
    }
    for settings, status in (({}, "loaded"), (table, "failed")):
        found = _loaded(settings)
        assert found.status == status, found
    assert f"alliancekit[{extra}]" in found.fix


def _loaded(settings: dict[str, Any]) -> Any:
    config = PluginsConfig.model_validate({"enabled": ["livekit"], "settings": {"livekit": settings}})
    host = PluginHost(config)
    host.load()
    return host.report["livekit"]


# a whole call ------------------------------------------------------------------------------------------

START = 1_790_000_000


def lived(platform: FakeLiveKit) -> list[tuple[int, bytes, Any]]:
    """A call as (seconds, webhook, what changes on the server); the client's connection is lost once."""

    def at(seconds: int) -> int:
        return START + seconds

    def joins(seconds: int, who: str, sid: str) -> tuple[int, bytes, Any]:
        body = event("participant_joined", at(seconds), participant=person(who, sid, at(seconds)))
        return seconds, body, lambda: platform.join("RM_1", who, sid, at(seconds))

    def leaves(seconds: int, who: str, sid: str, since: int, reason: str) -> tuple[int, bytes, Any]:
        gone = person(who, sid, at(since), disconnectReason=reason)
        body = event("participant_left", at(seconds), participant=gone)
        return seconds, body, lambda: platform.leave("RM_1", sid)

    return [
        (0, event("room_started", at(0)), lambda: platform.open("RM_1", "visit-1")),
        joins(5, "c1", "PA_1"),
        joins(8, "t1", "PA_2"),
        leaves(150, "c1", "PA_1", 5, "SIGNAL_CLOSE"),
        joins(163, "c1", "PA_3"),
        leaves(400, "c1", "PA_3", 163, "CLIENT_INITIATED"),
        leaves(403, "t1", "PA_2", 8, "CLIENT_INITIATED"),
        (423, event("room_finished", at(423)), lambda: platform.close("RM_1")),
    ]


SEGMENTS = [("therapist", 8, 403), ("client", 5, 150), ("client", 163, 400)]
EVERY = 20.0
"""How often the test looks; two looks are needed to know that somebody is lost."""


@pytest.mark.parametrize("lost", [None, *range(8)])
async def test_looking_into_the_room_makes_up_for_any_lost_webhook(
    make_site: MakeSite, platform: FakeLiveKit, lost: int | None
) -> None:
    site = await make_site(extra=[("livekit", plugin := LiveKit(settings_of(platform.url)))])
    plugin.adapter._clock = site.clock
    site.clock.now = float(START)
    meeting = await site.session(adapter="livekit", room="visit-1")
    events = lived(platform)
    for second in range(0, 520):
        site.clock.now = START + float(second)
        for number, (at, body, change) in enumerate(events):
            if at == second:
                change()
                if number != lost:
                    await posted(site, body, START + at)
        if second % EVERY == EVERY - 1:
            await site.service.inbound.reconcile(["livekit"])
    await site.service.calls.report(site.tenant, meeting.id, ())
    shown = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert shown["status"] == "ended"
    assert await rated(site, meeting) == ["client", "therapist"]
    found = sorted(
        (one["role"], one["joined_at"] - START, one["left_at"] - START) for one in shown["segments"]
    )
    for (role, joined, left), (expected, since, until) in zip(found, sorted(SEGMENTS), strict=True):
        assert role == expected
        assert abs(joined - since) <= (0 if lost is None else EVERY)
        assert abs(left - until) <= (0 if lost is None else 2 * EVERY)


async def posted(site: Site, body: bytes, at: int) -> None:
    headers = {"authorization": token(body, nbf=at, exp=at + 300)}
    reply = await site.http.post("/v1/adapters/livekit/events", content=body, headers=headers)
    assert reply.status_code == 200


async def rated(site: Site, meeting: Meeting) -> list[str]:
    """The roles of who was asked to rate; twice, if asked twice."""
    await site.settle()
    roles = {one.id: one.role for one in meeting.people}

    def work(conn: Any) -> list[str]:
        query = select(prompt.c.participant).where(prompt.c.session == meeting.id)
        return [roles[one] for one in conn.execute(query.where(prompt.c.moment == "end_of_call")).scalars()]

    return sorted(await site.service.database.read(work))


async def test_openvidu_is_the_same_with_its_own_address_and_keys(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVidu 3 gives out a wss:// address, and a key and secret of its own."""
    key, secret = "openviduapikey", "openvidu-secret-of-forty-characters-long"
    monkeypatch.setenv("OPENVIDU_SECRET", secret)
    async with FakeLiveKit(key, secret).running() as server:
        table = {
            "url": server.url.replace("http://", "ws://"),
            "api_keys": [key],
            "secrets": [{"env": "OPENVIDU_SECRET"}],
        }
        site = await make_site(plugins={**PLAIN, "also": ["livekit"], "settings": {"livekit": table}})
        meeting = await site.session(adapter="livekit", room="visit-1")
        now = int(site.clock())
        server.open("RM_1", "visit-1")
        server.join("RM_1", "c1", "PA_1", now)
        body = event("participant_joined", now, participant=person("c1", "PA_1", now))
        claims = {"iss": key, "exp": now + 300, "sha256": hash_of(body)}
        signed = jwt.encode(claims, secret, algorithm="HS256")
        reply = await site.http.post(
            "/v1/adapters/livekit/events", content=body, headers={"authorization": signed}
        )
        assert reply.status_code == 200
        reply = await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call", "role": "client"})
        assert reply.status_code == 201
        await site.settle()
        [sent] = server.sent
        assert (sent.room, list(sent.destination_identities)) == ("visit-1", ["c1"])
        assert json.loads(sent.data)["prompt"] == reply.json()["prompts"][0]
        await site.service.inbound.reconcile(["livekit"])
        assert server.asked == ["SendData", "ListRooms", "ListParticipants"]
