"""What a platform posts over HTTP: address, size, status, counts, and what the vendor sees of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from tests.services import MakeSite, Meeting, Site
from tests.toy_platform import PATH, ToyPlatform, counts, post, said

from alliancekit.adapters import Rejected
from alliancekit.testing.fake_adapter import FakeAdapter


@pytest.fixture
def toy() -> ToyPlatform:
    return ToyPlatform()


@pytest.fixture
async def site(make_site: MakeSite, toy: ToyPlatform) -> Site:
    return await make_site(extra=[("toy", toy)])


# the request ------------------------------------------------------------------------------------------


async def test_the_adapter_sees_the_bytes_the_public_address_and_every_header(
    site: Site, toy: ToyPlatform
) -> None:
    body = b'{ "happenings" : [] }'
    reply = await site.http.post(
        f"{PATH}?a=%2F&b=2",
        content=body,
        headers=[("X-Token", "right"), ("X-Twice", "1"), ("x-twice", "2"), ("Host", "evil.example")],
    )
    assert reply.status_code == 200
    (request,) = toy.adapter.seen
    assert request.body == body
    assert request.method == "POST"
    assert request.url == f"http://alliancekit.test{PATH}?a=%2F&b=2"
    assert request.headers["x-twice"] == ("1", "2")
    with pytest.raises(Rejected):
        request.header("X-Twice")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_probe_is_answered_without_the_store(site: Site, toy: ToyPlatform, method: str) -> None:
    before = await site.rows()
    await site.service.database.close()
    reply = await site.http.request(method, PATH)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert reply.headers["x-toy"] == "1"
    assert reply.text == ("hello" if method == "GET" else "")
    assert before["inbound_message"] == []


@pytest.mark.parametrize("path", ["/v1/adapters/nobody/events", "/v1/adapters/fake/events"])
async def test_an_adapter_that_takes_nothing_is_not_found(make_site: MakeSite, path: str) -> None:
    site = await make_site(extra=[("fake", FakeAdapter().plugin)])
    reply = await site.http.post(path, content=b"{}")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"


# refusals ---------------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_refused_unread(site: Site, toy: ToyPlatform) -> None:
    sent = 0

    async def endless():
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 1000

    reply = await site.http.post(PATH, content=b"x" * 2001, headers={"X-Token": "right"})
    assert reply.status_code == 413
    assert reply.json()["type"].endswith("too-large")
    reply = await site.http.post(PATH, content=endless(), headers={"X-Token": "right"})
    assert reply.status_code == 413
    assert toy.adapter.seen == []
    assert (await counts(site))["refused"] == {"too_large": 2}


async def test_a_refusal_has_the_status_that_the_platform_needs(site: Site) -> None:
    assert (await post(site, token="wrong")).status_code == 503
    assert (await post(site, token="")).status_code == 401
    reply = await site.http.post(PATH, content=b"[", headers={"X-Token": "right"})
    assert reply.status_code == 422
    assert (await counts(site))["refused"] == {"bad_signature": 1, "unsigned": 1, "malformed": 1}


@pytest.mark.parametrize("where", ["raise", "raise_later"])
async def test_an_adapter_that_raises_is_a_malformed_message_without_a_word_of_it(
    site: Site, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    reply = await post(site, **{where: True})
    assert reply.status_code == 422
    assert "Ana" not in reply.text + caplog.text
    assert (await counts(site))["refused"] == {"malformed": 1}


NONSENSE: list[dict[str, Any]] = [
    {"at": -1.0},
    {"at": 1e300},
    {"at": "now"},
    {"at": True},
    {"room": ""},
    {"room": "a\x00b"},
    {"name": "\ud800"},
    {"room": "x" * 1001},
    {"person": 7},
    {"joined_at": 1e300},
]


@pytest.mark.parametrize("wrong", NONSENSE)
async def test_what_no_platform_can_mean_is_refused_and_stored_nowhere(
    site: Site, wrong: dict[str, Any]
) -> None:
    await site.session(adapter="toy", room="visit-1")
    before = await site.rows()
    reply = await post(site, said("joined", site.clock(), person="c1") | wrong)
    assert reply.status_code == 422
    assert await site.rows() == before


# the call ---------------------------------------------------------------------------------------------


async def call(site: Site, meeting: Meeting, *, name: str = "visit-1", room: str = "inst-1") -> float:
    """Half an hour with both, told by the platform, ended by it."""
    start = site.clock()
    for person in ("c1", "t1"):
        reply = await post(site, said("joined", start, room, name, person=person, connection=person))
        assert reply.status_code == 200
    site.clock.now += 1800
    end = site.clock()
    for person in ("c1", "t1"):
        await post(site, said("left", end, room, name, person=person, connection=person))
    await post(site, said("over", end, room, name))
    await site.settle()
    return start


async def test_a_posted_call_is_a_session_that_ends_and_asks_both_once(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = await call(site, meeting)
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert (state["status"], state["end_reason"], state["seconds"]) == ("ended", "explicit", 1800.0)
    segments = [(s["role"], s["joined_at"], s["left_at"]) for s in state["segments"]]
    assert sorted(segments) == [(role, start, start + 1800) for role in ("client", "therapist")]
    assert sorted(one["participant"] for one in state["prompts"]) == sorted(p.id for p in meeting.people)
    found = await counts(site)
    assert (found["taken"], found["last_at"], found["unknown_rooms"]) == (5, site.clock(), 0)
    assert found["title"] == "Toy platform"
    assert found["events_url"] == f"http://alliancekit.test{PATH}"
    assert found["capabilities"]["trust"] == "static_token"


async def test_a_repeated_message_is_answered_as_taken_and_changes_nothing(site: Site) -> None:
    await site.session(adapter="toy", room="visit-1")
    message = said("joined", site.clock(), person="c1")
    assert (await post(site, message)).status_code == 200
    await site.settle()
    before = await site.rows()
    assert (await post(site, message)).status_code == 200
    await site.settle()
    assert await site.rows() == before
    assert (await counts(site))["refused"] == {"repeated": 1}


async def test_an_unknown_room_is_counted_and_kept_nowhere(site: Site) -> None:
    before = await site.rows()
    message = said("joined", site.clock(), person="c1")
    assert (await post(site, message)).status_code == 200
    assert await site.rows() == before
    assert (await counts(site))["unknown_rooms"] == 1
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, message)
    assert (await site.get(f"/v1/sessions/{meeting.id}")).json()["segments"] != []


async def test_a_room_needs_its_adapter(site: Site) -> None:
    reply = await site.post("/v1/sessions", {"external_id": "m", "episode": "e", "room": "r"})
    assert reply.status_code == 422


async def test_a_key_is_needed_to_see_the_adapters(site: Site) -> None:
    assert (await site.http.get("/v1/adapters")).status_code == 401


async def test_push_messages_arrive_through_the_same_door(make_site: MakeSite, monkeypatch: Any) -> None:
    secret = base64.b64encode(b"s" * 32).decode()
    monkeypatch.setenv("PUSH_SECRET", f"whsec_{secret}")
    plugins = {
        "enabled": ["supportive", "measures", "push"],
        "settings": {"push": {"secrets": [{"env": "PUSH_SECRET"}]}},
    }
    site = await make_site(plugins=plugins)
    meeting = await site.session(adapter="push", room="visit-1")
    body = json.dumps({"happenings": [said("joined", site.clock(), person="c1")]}).encode()
    sent = str(int(site.clock()))
    mac = hmac.new(b"s" * 32, b"msg_1." + sent.encode() + b"." + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": sent,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    reply = await site.http.post("/v1/adapters/push/events", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert len((await site.get(f"/v1/sessions/{meeting.id}")).json()["segments"]) == 1
    reply = await site.http.post("/v1/adapters/push/events", content=body + b" ", headers=headers)
    assert reply.status_code == 401
    assert (await counts(site, "push"))["refused"] == {"bad_signature": 1}
