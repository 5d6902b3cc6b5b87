"""Prosody's event-sync messages: the published examples, the contract, breakout rooms, early visitors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.adapters.anything import VALUES, reads, refuses, requests
from tests.services import MakeSite, Meeting, Site
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.store.tables import prompt
from alliancekit.testing import Alliance, Recorded, WebhookContract
from alliancekit_jitsi import Jitsi, JitsiMeet, JitsiSettings, event_sync

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "jitsi_event_sync.json").read_text())["vectors"]
NOW = 1_790_000_000
DAY = 86400
TOKEN, OTHER = "TOKEN-237958623045", "TOKEN-954032685973"
URL = "https://feedback.example/v1/adapters/jitsi/events/occupant/joined"


def make_adapter(secrets: Sequence[str] = (TOKEN,)) -> JitsiMeet:
    return JitsiMeet(JitsiSettings.model_validate({"secrets": list(secrets)}))


def request(body: bytes, authorization: str = f"Bearer {TOKEN}") -> RawRequest:
    headers = {"authorization": (authorization,), "user-agent": ("Prosody (0.12.4; Linux)",)}
    return RawRequest(method="POST", url=URL, headers=headers, body=body)


def event(name: str, **fields: Any) -> dict[str, Any]:
    room = {
        "room_name": "visit-1",
        "room_jid": "visit-1@conference.meet.clinic.example",
        "is_breakout": False,
    }
    return {"event_name": name, **room, **fields}


def occupant(identity: str, node: str, joined: int, left: int | None = None, **fields: Any) -> dict[str, Any]:
    said = {
        "name": "James Barrow",
        "email": "j.barrow@domain.com",
        "id": identity,
        "occupant_jid": f"{node}@meet.clinic.example/OWhl8jSh",
        "joined_at": joined,
        "left_at": left,
        **fields,
    }
    return {key: value for key, value in said.items() if value is not None}


def joined(who: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return event("muc-occupant-joined", occupant=who, active_occupants_count=1, **fields)


def left(who: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return event("muc-occupant-left", occupant=who, active_occupants_count=0, **fields)


def destroyed(*everybody: dict[str, Any], since: int = NOW, at: int = NOW + 1803) -> dict[str, Any]:
    return event("muc-room-destroyed", created_at=since, destroyed_at=at, all_occupants=list(everybody))


def said_by(content: Mapping[str, Any]) -> list[Happening]:
    return list(make_adapter().parse(Verified(content=content, message="1", at=NOW)))


BREAKOUT = {"is_breakout": True, "breakout_room_id": "e0f49fd5"}
CLIENT_AGAIN = occupant("c1", "14f0", NOW + 700, NOW + 1800, total_dominant_speaker_time=731_000)
THERAPIST = occupant("t1", "9c2e", NOW + 8, NOW + 1803, total_dominant_speaker_time=402_000)
RECORDER = occupant("", "recorder", NOW + 9, NOW + 1803)
CALL: list[tuple[int, dict[str, Any]]] = [
    (NOW, event("muc-room-created", created_at=NOW)),
    (NOW + 4, joined(occupant("c1", "14f0", NOW + 4))),
    (NOW + 8, joined(occupant("t1", "9c2e", NOW + 8))),
    (NOW + 9, joined(occupant("", "recorder", NOW + 9))),
    (NOW + 600, left(occupant("c1", "14f0", NOW + 4, NOW + 600))),
    (NOW + 600, event("muc-room-created", created_at=NOW + 600, **BREAKOUT)),
    (NOW + 600, joined(occupant("c1", "14f0", NOW + 600), **BREAKOUT)),
    (NOW + 700, left(occupant("c1", "14f0", NOW + 600, NOW + 700), **BREAKOUT)),
    (
        NOW + 700,
        event(
            "muc-room-destroyed",
            created_at=NOW + 600,
            destroyed_at=NOW + 700,
            all_occupants=[occupant("c1", "14f0", NOW + 600, NOW + 700)],
            **BREAKOUT,
        ),
    ),
    (NOW + 700, joined(occupant("c1", "14f0", NOW + 700))),
    (NOW + 1800, left(CLIENT_AGAIN)),
    (NOW + 1803, left(THERAPIST)),
    (NOW + 1803, destroyed(CLIENT_AGAIN, THERAPIST, RECORDER)),
]


class TestJitsi(WebhookContract):
    secret, other_secret = TOKEN, OTHER
    signed_headers = ("authorization",)
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("James", "Barrow", "j.barrow@domain.com")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=request(json.dumps(said).encode()), at=at) for at, said in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return request(body)


# the published examples --------------------------------------------------------------------------------


def test_the_published_examples() -> None:
    found = [said_by(one) for one in PUBLISHED]
    assert [[one.kind for one in said] for said in found] == [["started"], ["joined"], ["left"], ["left"]]
    [[started], [came], [went], [again]] = found
    assert {one.name for one in (started, came, went)} == {"catchup"}
    assert came.person == went.person == "00380324-a840-400d-880f-7ee0933b7556"
    assert (came.at, went.joined_at, went.at) == (1625823996, 1625823996, 1625824035)
    assert went == again, "the closed room repeats what was said when they left"
    assert (came.room, came.connection) == (went.room, went.connection)
    assert started.room == came.room


# the token ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        ("", "unsigned"),
        ("Bearer ", "unsigned"),
        (f"Basic {TOKEN}", "bad_signature"),
        (f"Bearer {OTHER}", "bad_signature"),
        (f"Bearer  {TOKEN}", "bad_signature"),
    ],
)
def test_a_token_is_needed(authorization: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        make_adapter().verify(request(b"{}", authorization), NOW)
    assert refused.value.reason == reason


def test_the_word_bearer_is_not_needed() -> None:
    assert make_adapter().verify(request(b"{}", TOKEN), NOW).at == NOW


# rooms -------------------------------------------------------------------------------------------------


def test_a_closed_room_in_which_people_met_is_the_end() -> None:
    said = said_by(destroyed(CLIENT_AGAIN, THERAPIST))
    assert [(one.kind, one.person, one.at) for one in said] == [
        ("left", "c1", NOW + 1800),
        ("spoke_total", "c1", NOW + 1800),
        ("left", "t1", NOW + 1803),
        ("spoke_total", "t1", NOW + 1803),
        ("over", "", NOW + 1803),
    ]


@pytest.mark.parametrize(
    "everybody",
    [
        [],
        [THERAPIST],
        [THERAPIST, RECORDER],
        [occupant("t1", "9c2e", NOW, NOW + 60), occupant("t1", "77aa", NOW + 30, NOW + 90)],
        [occupant("t1", "9c2e", NOW, NOW + 60), occupant("c1", "14f0", NOW + 60, NOW + 90)],
    ],
)
def test_who_came_too_early_and_met_nobody_ends_no_call(everybody: list[dict[str, Any]]) -> None:
    assert "over" not in {one.kind for one in said_by(destroyed(*everybody))}


def test_prosody_writes_an_empty_list_as_an_object() -> None:
    assert said_by({**destroyed(), "all_occupants": {}}) == []


def test_who_was_not_seen_to_leave_left_when_the_room_was_closed() -> None:
    [gone] = said_by(destroyed(occupant("c1", "14f0", NOW + 4)))
    assert (gone.kind, gone.at, gone.joined_at) == ("left", NOW + 1803, NOW + 4)


def test_a_breakout_room_is_the_same_meeting_by_another_connection() -> None:
    [main] = said_by(joined(occupant("c1", "14f0", NOW)))
    [apart] = said_by(joined(occupant("c1", "14f0", NOW), **BREAKOUT))
    assert (main.room, main.person) == (apart.room, apart.person)
    assert main.connection != apart.connection
    kinds = {one.kind for one in said_by({**destroyed(CLIENT_AGAIN, THERAPIST), **BREAKOUT})}
    assert "over" not in kinds, "a closed breakout room is no end"
    assert said_by(event("muc-room-created", created_at=NOW, **BREAKOUT)) == []


def test_a_name_used_on_another_day_is_another_room() -> None:
    [first] = said_by(joined(occupant("c1", "14f0", NOW)))
    [second] = said_by(joined(occupant("c1", "14f0", NOW + DAY)))
    assert (first.name, first.person) == (second.name, second.person)
    assert first.room != second.room


def test_who_leaves_after_midnight_leaves_the_room_they_joined() -> None:
    before = NOW - NOW % DAY + DAY - 60
    [came] = said_by(joined(occupant("c1", "14f0", before)))
    [went] = said_by(left(occupant("c1", "14f0", before, before + 120)))
    assert (came.room, came.connection) == (went.room, went.connection)


# speaker statistics ------------------------------------------------------------------------------------


def test_how_long_each_was_the_dominant_speaker_is_a_total_of_the_presence() -> None:
    [went, total] = said_by(left(CLIENT_AGAIN))
    assert (total.kind, total.seconds, total.at) == ("spoke_total", 731.0, NOW + 1800)
    assert (total.person, total.connection, total.room) == (went.person, went.connection, went.room)
    [again] = [one for one in said_by(destroyed(CLIENT_AGAIN)) if one.kind == "spoke_total"]
    assert again == total
    nothing = occupant("c1", "14f0", NOW, NOW + 60)
    assert [one.kind for one in said_by(left(nothing))] == ["left"], "Prosody does not count unless told to"


@pytest.mark.parametrize("time", [-1, "long", 1.5, 10**12])
def test_a_total_that_is_none(time: object) -> None:
    with pytest.raises(Rejected, match="malformed"):
        said_by(left(occupant("c1", "14f0", NOW, NOW + 60, total_dominant_speaker_time=time)))


# people ------------------------------------------------------------------------------------------------


def test_an_address_that_prosody_made_up_is_kept_and_can_be_written_to() -> None:
    jid = "14f01c40-5195-4a4d-8efb-f58b49d18741@meet.clinic.example/OWhl8jSh/2"
    [came] = said_by(joined(occupant("c1", "", NOW, occupant_jid=jid)))
    assert came.connection == "14f01c40-5195-4a4d-8efb-f58b49d18741/meet.clinic.example/OWhl8jSh/2"
    assert event_sync.address_of(came.connection) == jid
    assert event_sync.endpoint_of(came.connection) == "14f01c40"
    [apart] = said_by(joined(occupant("c1", "", NOW, occupant_jid=jid), **BREAKOUT))
    assert event_sync.address_of(apart.connection) is None
    assert event_sync.endpoint_of(apart.connection) == "14f01c40"
    [account] = said_by(joined(occupant("c1", "ana.example", NOW)))
    assert event_sync.address_of(account.connection) is None
    assert event_sync.endpoint_of(account.connection) is None


@pytest.mark.parametrize(
    "jid", ["jigasi@auth.meet.clinic.example/1", "Focus@auth.x/1", "any@hidden.x/1", "any@recorder.x/1"]
)
def test_components_of_jitsi_are_not_there(jid: str) -> None:
    assert said_by(joined(occupant("", "x", NOW, occupant_jid=jid))) == []


def test_accounts_and_addresses_stay_here() -> None:
    [came] = said_by(joined(occupant("ana@clinic.example", "ana.example", NOW)))
    assert came.person == ""
    assert "ana" not in repr(came)


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=Jitsi).adapters
    assert isinstance(adapter, JitsiMeet)
    assert adapter.capabilities.trust == "static_token"


# nonsense ----------------------------------------------------------------------------------------------


@given(requests("authorization"))
def test_any_request_is_refused(one: RawRequest) -> None:
    assert refuses(make_adapter(), one, NOW)


@given(
    st.fixed_dictionaries(
        {"event_name": st.sampled_from([one["event_name"] for one in PUBLISHED]) | VALUES},
        optional={
            "room_jid": VALUES,
            "occupant": VALUES,
            "created_at": VALUES,
            "destroyed_at": VALUES,
            "all_occupants": VALUES,
        },
    )
)
def test_any_content_is_read_or_refused(content: dict[str, Any]) -> None:
    reads(make_adapter(), Verified(content=content, message="1", at=NOW), NOW)


def test_leaving_needs_its_time() -> None:
    with pytest.raises(Rejected, match="malformed"):
        said_by(left(occupant("c1", "14f0", NOW)))


def test_too_large_and_too_many() -> None:
    with pytest.raises(Rejected, match="too_large"):
        make_adapter().verify(request(b" " * 10_000_000), NOW)
    with pytest.raises(Rejected, match="malformed"):
        said_by(destroyed(*[occupant("c1", "14f0", NOW)] * 1001))


# in the service ----------------------------------------------------------------------------------------


async def test_a_whole_call_at_the_addresses_that_the_module_makes(make_site: MakeSite) -> None:
    """Breakout room and all, the end told twice: one session, everybody asked once, shares of the talk."""
    site = await make_site(extra=[("jitsi", Platform())])
    meeting = await site.session(adapter="jitsi", room="visit-1")
    paths = {
        "muc-room-created": "room/created",
        "muc-room-destroyed": "room/destroyed",
        "muc-occupant-joined": "occupant/joined",
        "muc-occupant-left": "occupant/left",
    }
    twice = destroyed(CLIENT_AGAIN, THERAPIST, RECORDER, at=NOW + 1804)
    for _, said in [*CALL, (NOW + 1804, twice), (NOW + 1804, twice)]:
        site.clock.now = max(site.clock.now, float(NOW + 1810))
        path = f"/v1/adapters/jitsi/events/{paths[said['event_name']]}"
        reply = await site.http.post(path, json=said, headers={"Authorization": f"Bearer {TOKEN}"})
        assert reply.status_code == 200
    await site.settle()
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert state["status"] == "ended"
    assert {(one["role"], one["joined_at"], one["left_at"]) for one in state["segments"]} == {
        ("client", NOW + 4, NOW + 1800),
        ("therapist", NOW + 8, NOW + 1803),
    }
    asked = [one for one in await prompts_of(site, meeting) if one.moment == "end_of_call"]
    assert sorted(one.participant for one in asked) == sorted(one.id for one in meeting.people)
    episode = (await site.get(f"/v1/episodes/{state['episode']}")).json()
    balance = episode["sessions"][0]["talk_balance"]
    assert (balance["client"]["seconds"], balance["therapist"]["seconds"]) == (731.0, 402.0)
    assert balance["silence"] is None


async def prompts_of(site: Site, meeting: Meeting) -> list[Any]:
    def work(conn: Any) -> list[Any]:
        return list(conn.execute(select(prompt).where(prompt.c.session == meeting.id)))

    return await site.service.database.read(work)


class Platform(Jitsi):
    """The plugin with a token."""

    def __init__(self) -> None:
        super().__init__(JitsiSettings.model_validate({"secrets": [TOKEN]}))
