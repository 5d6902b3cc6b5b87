"""The page bridge's server side: hostile bodies, disorder and loss, and what a service makes of reports."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from anything import VALUES
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.services import PLAIN, MakeSite, Meeting, Site, Someone, bearer

from alliancekit.adapters import Caller, RouteRequest
from alliancekit.events import Participant, SpeechSpan
from alliancekit.sessions import CallState, merge_all
from alliancekit.testing import FakeClock, RecordingHost
from alliancekit_bridge import Bridge, BridgeAdapter, BridgeSettings, copy_test
from alliancekit_bridge.copy_test import CLIENT, THERAPIST, post, said
from alliancekit_bridge.report import LONGEST_MS, MAX_EVENTS, connection_key
from alliancekit_bridge.script import script

REPORT = "/v1/plugins/bridge/report"
OBSERVER = Participant(id="par_observer", role="observer")


class TestBridgeContract(copy_test.TestContract):
    """The contract; the rest of `copy_test` is below, as it stands."""


test_ages = copy_test.test_ages_become_times_of_the_service
test_ends = copy_test.test_a_client_ends_nothing_but_their_own_presence
test_sent_out = copy_test.test_whoever_was_sent_out_is_said_to_be
test_silent = copy_test.test_a_silent_page_was_lost_when_it_was_last_heard_of
test_consent = copy_test.test_speech_is_taken_while_everybody_consents
test_script = copy_test.test_the_page_gets_its_script


# what is refused ---------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"connection": "connection-1", "consent": True, "events": [said("joined")]}
HOSTILE: dict[str, Any] = {
    "no object": [],
    "no events": {**GOOD, "events": []},
    "too many events": {**GOOD, "events": [said("here")] * (MAX_EVENTS + 1)},
    "another field": {**GOOD, "session": "ses_2"},
    "somebody else": {**GOOD, "events": [{**said("left", how="left"), "participant": "par_therapist"}]},
    "an absolute time": {**GOOD, "events": [{"kind": "joined", "at": 1.0}]},
    "no age": {**GOOD, "events": [{"kind": "joined"}]},
    "the future": {**GOOD, "events": [said("joined", -1)]},
    "long ago": {**GOOD, "events": [said("joined", LONGEST_MS + 1)]},
    "a truth for an age": {**GOOD, "events": [said("joined", True)]},
    "a text for an age": {**GOOD, "events": [{"kind": "joined", "ago": "1"}]},
    "a fraction": {**GOOD, "events": [{"kind": "joined", "ago": 0.5}]},
    "an unknown kind": {**GOOD, "events": [said("roster")]},
    "left without how": {**GOOD, "events": [said("left")]},
    "an unknown how": {**GOOD, "events": [said("left", how="ended")]},
    "here with how": {**GOOD, "events": [said("here", how="left")]},
    "speech of no length": {**GOOD, "events": [said("spoke", ms=0)]},
    "speech without length": {**GOOD, "events": [said("spoke")]},
    "a good event and a bad one": {**GOOD, "events": [said("joined"), said("left")]},
    "a short connection": {**GOOD, "connection": "short"},
    "a long connection": {**GOOD, "connection": "c" * 65},
    "a line end": {**GOOD, "connection": "connection-1\n"},
    "a connection with signs": {**GOOD, "connection": "connection/../1"},
    "a number for consent": {**GOOD, "consent": 1},
}
BYTES = {
    "nothing": b"",
    "no JSON": b"{",
    "invalid UTF-8": b'{"connection": "\xff"}',
    "deep": b"[" * 10_000,
    "no number": json.dumps(GOOD).replace('"ago": 0', '"ago": NaN').encode(),
    "a huge number": json.dumps(GOOD).replace('"ago": 0', '"ago": 1' + "0" * 400).encode(),
}
BODIES = {**{name: json.dumps(body).encode() for name, body in HOSTILE.items()}, **BYTES}


async def refused(adapter: BridgeAdapter, host: RecordingHost, body: bytes) -> None:
    caller = Caller(tenant="ten_1", session="ses_1", participant=CLIENT)
    reply = await adapter.report(RouteRequest(caller=caller, body=body))
    assert (reply.status, reply.content_type) == (400, "application/problem+json")
    assert set(json.loads(reply.body)) == {"type", "title", "status", "detail"}
    assert (host.facts, host.spans) == ([], {})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def adapter(clock: FakeClock) -> BridgeAdapter:
    return BridgeAdapter(BridgeSettings(), clock=clock)


@pytest.fixture
async def host(adapter: BridgeAdapter) -> Any:
    host = RecordingHost()
    await adapter.start(host)
    yield host
    await adapter.stop()


async def test_the_good_body_is_taken(adapter: BridgeAdapter, host: RecordingHost) -> None:
    caller = Caller(tenant="ten_1", session="ses_1", participant=CLIENT)
    assert (await adapter.report(RouteRequest(caller=caller, body=json.dumps(GOOD).encode()))).status == 204
    assert len(host.present()) == 1


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_nonsense_is_refused_and_changes_nothing(
    adapter: BridgeAdapter, host: RecordingHost, body: bytes
) -> None:
    await refused(adapter, host, body)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["connection", "consent", "events"]), VALUES)
    | st.fixed_dictionaries(
        {"connection": st.just("connection-1"), "events": st.lists(st.dictionaries(st.text(), VALUES))}
    )
)
async def test_anything_else_is_refused_and_never_fails(body: Any) -> None:
    adapter, host = BridgeAdapter(BridgeSettings(), clock=FakeClock()), RecordingHost()
    await adapter.start(host)
    try:
        await refused(adapter, host, json.dumps(body).encode())
    finally:
        await adapter.stop()


async def test_nobody_and_no_running_adapter_are_problems(adapter: BridgeAdapter) -> None:
    assert (await post(adapter, CLIENT, "connection-1", said("joined"))).status == 503
    await adapter.start(RecordingHost())
    assert (await post(adapter, None, "connection-1", said("joined"))).status == 403
    await adapter.stop()


async def test_one_participant_cannot_join_without_end() -> None:
    adapter, host = BridgeAdapter(BridgeSettings(max_connections=3)), RecordingHost()
    await adapter.start(host)
    status = [
        (await post(adapter, CLIENT, f"connection-{number}", said("joined"))).status for number in range(5)
    ]
    assert status == [204, 204, 204, 429, 429]
    assert (await post(adapter, CLIENT, "connection-0", said("here"))).status == 204
    assert (await post(adapter, THERAPIST, "connection-9", said("joined"))).status == 204
    assert len({fact.connection for fact in host.present()}) == 4
    await adapter.stop()


def test_the_same_connection_of_two_people_is_two() -> None:
    assert connection_key("par_client", "connection-1") != connection_key("par_therapist", "connection-1")


# speaking times ----------------------------------------------------------------------------------------


async def speaking(adapter: BridgeAdapter, client: bool, therapist: bool, *then: dict[str, Any]) -> None:
    await post(adapter, CLIENT, "connection-1", said("joined"), consent=client)
    await post(adapter, THERAPIST, "connection-1", said("joined"), consent=therapist)
    await post(adapter, CLIENT, "connection-1", *then, consent=client)


async def test_speech_is_the_participants_own_and_overlaps_count_once(
    adapter: BridgeAdapter, host: RecordingHost
) -> None:
    twice = said("spoke", 1_000, ms=3_000)
    await speaking(adapter, True, True, twice, twice, said("spoke", 500, ms=1_000), said("spoke", 0, ms=250))
    now = adapter.clock()
    assert host.spans["ses_1"] == (
        SpeechSpan(role="client", start=now - 4, end=now - 0.5),
        SpeechSpan(role="client", start=now - 0.25, end=now),
    )
    await post(adapter, THERAPIST, "connection-1", said("spoke", 0, ms=1_000), consent=True)
    assert {span.role for span in host.spans["ses_1"]} == {"client", "therapist"}


async def test_no_speech_of_observers_of_one_alone_or_where_it_is_switched_off(
    adapter: BridgeAdapter, host: RecordingHost
) -> None:
    await post(adapter, CLIENT, "connection-1", said("joined"), said("spoke", ms=900), consent=True)
    assert host.spans == {}
    await speaking(adapter, True, True)  # no events: refused
    await post(adapter, OBSERVER, "connection-1", said("joined"), said("spoke", ms=900), consent=True)
    assert host.spans == {}
    off = BridgeAdapter(BridgeSettings(talk_balance=False), clock=FakeClock())
    await off.start(host)
    await speaking(off, True, True, said("spoke", ms=900))
    assert host.spans == {}
    await off.stop()


async def test_withdrawn_consent_ends_it(adapter: BridgeAdapter, host: RecordingHost) -> None:
    await speaking(adapter, True, True, said("spoke", 2_000, ms=1_000))
    await post(adapter, THERAPIST, "connection-1", said("here"), consent=False)
    await post(adapter, CLIENT, "connection-1", said("spoke", ms=1_000), consent=True)
    assert len(host.spans["ses_1"]) == 1


# the script --------------------------------------------------------------------------------------------


def test_the_script_is_small_and_needs_no_inline_code() -> None:
    assert len(gzip.compress(script(), 9)) <= 6 * 1024
    text = script().decode()
    assert "export function bridge(" in text
    assert not any(
        word in text for word in ("eval(", "new Function", "innerHTML", "insertAdjacentHTML", ".cssText")
    )


# the whole service -------------------------------------------------------------------------------------


@pytest.fixture
async def bridged(make_site: MakeSite) -> Site:
    clock = FakeClock(1_790_000_000.0)
    plugin = Bridge(BridgeSettings())
    plugin.adapter.clock = clock
    return await make_site(extra=[("bridge", plugin)], plugins=PLAIN, clock=clock)


async def report(site: Site, who: Someone, connection: str, *events: dict[str, Any]) -> None:
    body = {"connection": connection, "events": events}
    reply = await site.http.post(REPORT, json=body, headers=bearer(who.token))
    assert reply.status_code == 204, reply.text


def adapter_of(site: Site) -> BridgeAdapter:
    [adapter] = [one for one in site.service.plugins.adapters if isinstance(one, BridgeAdapter)]
    return adapter


async def judged(site: Site, meeting: Meeting) -> dict[str, Any]:
    """The session after silent pages were noticed and the grace period, with everything done that is due."""
    site.clock.forward(80)
    await adapter_of(site).look()
    await site.service.calls.report(site.tenant, meeting.id, ())
    await site.settle()
    body: dict[str, Any] = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    return body


async def asked(site: Site, meeting: Meeting) -> list[str]:
    """The roles of everybody who is asked to rate, once for each prompt."""
    body = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    role = {one.id: one.role for one in meeting.people}
    return sorted(role[one["participant"]] for one in body["prompts"] if one["moment"] == "end_of_call")


Told = tuple[str, str, float, dict[str, Any]]
"""Role, connection, seconds after the beginning, event without its age."""

CALL: list[Told] = [
    ("client", "connection-1", 0, {"kind": "joined"}),
    ("therapist", "connection-2", 5, {"kind": "joined"}),
    ("client", "connection-1", 400, {"kind": "left", "how": "dropped"}),
    ("client", "connection-3", 410, {"kind": "joined"}),
    ("client", "connection-3", 900, {"kind": "here"}),
    ("therapist", "connection-2", 900, {"kind": "here"}),
    ("client", "connection-3", 1200, {"kind": "left", "how": "left"}),
    ("therapist", "connection-2", 1203, {"kind": "left", "how": "left"}),
]


def variants() -> list[list[Told]]:
    chance = random.Random(5)
    shuffled = [chance.sample(CALL, len(CALL)) for _ in range(4)]
    doubled = [[*CALL, *CALL], [one for one in CALL for _ in range(2)]]
    lost = [CALL[:at] + CALL[at + 1 :] for at in (0, 2, 3, 4, 5)]
    return [CALL, CALL[::-1], *shuffled, *doubled, *lost]


@pytest.mark.parametrize("told", variants())
async def test_disorder_repetition_and_one_loss_give_one_rating_each(bridged: Site, told: list[Told]) -> None:
    """All reports come at once, at the end, as after an outage."""
    meeting = await bridged.session()
    bridged.clock.forward(1204)
    people = {one.role: one for one in meeting.people}
    for role, connection, at, event in told:
        await report(bridged, people[role], connection, {**event, "ago": int((1204 - at) * 1000)})
    state = await judged(bridged, meeting)
    assert state["status"] == "ended"
    assert await asked(bridged, meeting) == ["client", "therapist"]


async def test_as_it_happens_duplicates_of_everything_give_one_rating_each(bridged: Site) -> None:
    meeting = await bridged.session()
    people = {one.role: one for one in meeting.people}
    before = 0.0
    for role, connection, at, event in CALL:
        bridged.clock.forward(at - before)
        before = at
        for _ in range(2):
            await report(bridged, people[role], connection, {**event, "ago": 0})
    state = await judged(bridged, meeting)
    assert (state["status"], state["end_reason"]) == ("ended", "everybody_left")
    assert await asked(bridged, meeting) == ["client", "therapist"]


async def joined(site: Site, meeting: Meeting) -> None:
    for one in meeting.people:
        await report(site, one, f"connection-{one.role}", said("joined"))
    site.clock.forward(600)
    for one in meeting.people:
        await report(site, one, f"connection-{one.role}", said("here"))


async def test_a_therapist_ends_the_call_and_a_client_does_not(bridged: Site) -> None:
    meeting = await bridged.session()
    await joined(bridged, meeting)
    await report(bridged, meeting.client, "connection-client", said("ended"))
    bridged.clock.forward(60)
    await report(bridged, meeting.therapist, "connection-therapist", said("here"))
    assert (await bridged.get(f"/v1/sessions/{meeting.id}")).json()["status"] == "live"
    assert await asked(bridged, meeting) == []
    await report(bridged, meeting.therapist, "connection-therapist", said("ended"))
    state = await judged(bridged, meeting)
    assert (state["status"], state["end_reason"]) == ("ended", "explicit")
    assert await asked(bridged, meeting) == ["client", "therapist"]


async def test_a_therapist_who_closes_an_empty_room_has_not_ended_the_session(bridged: Site) -> None:
    meeting = await bridged.session()
    await report(bridged, meeting.therapist, "connection-early", said("joined"))
    bridged.clock.forward(60)
    await report(bridged, meeting.therapist, "connection-early", said("ended"))
    await bridged.settle()
    assert (await bridged.get(f"/v1/sessions/{meeting.id}")).json()["status"] != "ended"
    await joined(bridged, meeting)
    await report(bridged, meeting.therapist, "connection-therapist", said("ended"))
    await bridged.settle()
    state = (await bridged.get(f"/v1/sessions/{meeting.id}")).json()
    assert (state["status"], state["end_reason"]) == ("ended", "explicit")


@pytest.mark.parametrize("late", [False, True])
async def test_who_was_sent_out_is_not_asked_unless_they_came_back(bridged: Site, late: bool) -> None:
    meeting = await bridged.session()
    await joined(bridged, meeting)
    await report(bridged, meeting.client, "connection-client", said("left", how="ejected"))
    if late:
        bridged.clock.forward(30)
        await report(bridged, meeting.client, "connection-again", said("joined"))
        bridged.clock.forward(60)
        await report(bridged, meeting.client, "connection-again", said("left", how="left"))
    await report(bridged, meeting.therapist, "connection-therapist", said("left", how="left"))
    await judged(bridged, meeting)
    assert await asked(bridged, meeting) == (["client", "therapist"] if late else ["therapist"])


async def test_a_leaving_that_was_faster_than_the_beat_before_it_is_a_leaving(
    adapter: BridgeAdapter, host: RecordingHost, clock: FakeClock
) -> None:
    await post(adapter, CLIENT, "connection-1", said("joined"))
    clock.forward(15)
    await post(adapter, CLIENT, "connection-1", said("here"))
    clock.forward(0.1)
    await post(adapter, CLIENT, "connection-1", said("left", 400, how="left"))
    [there] = merge_all(CallState(), [fact for _, _, fact in host.facts]).connections.values()
    assert (there.gone, there.how) == (True, "left")


async def test_a_closed_page_is_lost_and_can_still_rate_by_the_link(bridged: Site) -> None:
    meeting = await bridged.session()
    await joined(bridged, meeting)
    await report(bridged, meeting.client, "connection-client", said("left", how="dropped"))
    await report(bridged, meeting.therapist, "connection-therapist", said("left", how="left"))
    state = await judged(bridged, meeting)
    assert state["status"] == "ended"
    page = await bridged.http.get(meeting.client.rating_url)
    assert page.status_code == 200
    await bridged.answer(meeting.client.token)


def with_token(token: str) -> dict[str, str]:
    return bearer(token) if token else {}


@pytest.mark.parametrize(
    "break_it", [lambda token: "", lambda token: token[:-4] + "AAAA", lambda token: "x" * 9000]
)
async def test_without_a_valid_token_nothing_is_taken(bridged: Site, break_it: Callable[[str], str]) -> None:
    meeting = await bridged.session()
    before = await bridged.rows()
    body = {"connection": "connection-1", "events": [said("joined")]}
    reply = await bridged.http.post(REPORT, json=body, headers=with_token(break_it(meeting.client.token)))
    assert reply.status_code in {401, 403}
    assert reply.headers["content-type"] == "application/problem+json"
    assert await bridged.rows() == before


async def test_a_body_of_ten_megabytes_is_refused_unread(bridged: Site) -> None:
    meeting = await bridged.session()
    before = await bridged.rows()
    body = b" " * 10 * 1024 * 1024
    reply = await bridged.http.post(REPORT, content=body, headers=bearer(meeting.client.token))
    assert reply.status_code == 413
    assert await bridged.rows() == before


async def test_the_script_is_served_for_any_page_and_can_be_cached(bridged: Site) -> None:
    reply = await bridged.http.get("/v1/plugins/bridge/bridge.js")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["access-control-allow-origin"] == "*"
    again = await bridged.http.get(
        "/v1/plugins/bridge/bridge.js", headers={"If-None-Match": reply.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_prompts_of_the_call_reach_who_is_there(bridged: Site) -> None:
    meeting = await bridged.session()
    await joined(bridged, meeting)
    adapter = adapter_of(bridged)
    reply = await bridged.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call", "role": "client"})
    [prompt] = reply.json()["prompts"]
    waiting = await bridged.service.waiting(bridged.tenant, meeting.client.id)
    assert waiting is not None
    assert waiting.prompt == prompt
    assert await adapter.deliver(waiting)
    await report(bridged, meeting.client, "connection-client", said("left", how="left"))
    assert not await adapter.deliver(waiting)
