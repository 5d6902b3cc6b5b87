"""Messages to one person in a Jitsi call: Jitsi's own module and ours, over a real socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError
from tests.services import MakeSite, Site

from alliancekit.adapters import Whereabouts
from alliancekit.languages import OWN_TAGS
from alliancekit.server.run import bind, running_on
from alliancekit.testing import RecordingHost
from alliancekit.testing.fake_adapter import a_hint
from alliancekit_jitsi import Jitsi, JitsiMeet, JitsiSettings, messages

LINK = "https://feedback.example/r/secret-of-one-person"
KEY, WHSEC = "k" * 32, "whsec_" + base64.b64encode(b"s" * 32).decode()
NODE = "14f01c40-5195-4a4d-8efb-f58b49d18741"
PLACE = Whereabouts(
    tenant="ten_1",
    session="ses_1",
    room="instance-1",
    name="visit-1",
    person="c1",
    connections=(f"{NODE}/meet.example/OWhl8jSh",),
    language="es-MX",
)


class Prosody:
    """Takes what is posted and answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((scope["path"], headers, body))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def prosody() -> AsyncIterator[tuple[Prosody, str]]:
    sock = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    found = Prosody()
    async with running_on(found, sock):
        yield found, address


def table(url: str, **fields: Any) -> dict[str, Any]:
    return {"messages": {"url": url, **fields}, "signing_secrets": [WHSEC]}


def jitsis_own(address: str, **fields: Any) -> dict[str, Any]:
    return table(f"{address}/send-system-chat-message", key=KEY, muc="conference.meet.example", **fields)


async def delivered(settings: dict[str, Any], place: Whereabouts | None = PLACE, link: str = LINK) -> bool:
    adapter, host = JitsiMeet(JitsiSettings.model_validate(settings)), RecordingHost()
    if place is not None:
        host.places["par_client"] = place
    if link:
        host.links["par_client"] = link
    await adapter.start(host)
    try:
        return await adapter.deliver(a_hint())
    finally:
        await adapter.stop()


async def test_jitsis_own_module_gets_the_address_the_room_and_a_token() -> None:
    async with prosody() as (server, address):
        assert await delivered(jitsis_own(address, issuer="us", audience="them", subject="meet.example"))
    [(path, headers, body)] = server.requests
    said = json.loads(body)
    jid = f"{NODE}@meet.example/OWhl8jSh"
    assert path == "/send-system-chat-message"
    assert headers["content-type"] == "application/json"
    assert (said["to"], said["connectionJIDs"]) == (jid, [jid])
    assert said["room"] == "visit-1@conference.meet.example"
    assert said["message"].endswith(LINK)
    assert said["message"] == messages.say("es", LINK)
    token = headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, KEY, ["HS256"], audience="them", issuer="us")
    assert (claims["sub"], claims["room"]) == ("meet.example", "*")
    assert claims["exp"] - claims["iat"] == 60


async def test_a_token_can_be_signed_with_a_private_key() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    async with prosody() as (server, address):
        more = {"algorithm": "RS256", "key_id": "jitsi/1"}
        assert await delivered(
            {
                **jitsis_own(address, **more),
                "messages": {**jitsis_own(address, **more)["messages"], "key": pem},
            }
        )
    token = server.requests[0][1]["authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token)["kid"] == "jitsi/1"
    assert jwt.decode(token, key.public_key(), ["RS256"], audience="jitsi")["iss"] == "alliancekit"


async def test_our_own_module_gets_the_meeting_the_presence_and_a_signature() -> None:
    async with prosody() as (server, address):
        place = replace(PLACE, connections=("10a52c3f", "84d90bac"), language="")
        assert await delivered(table(f"{address}/alliancekit/message"), place)
    [(path, headers, body)] = server.requests
    assert path == "/alliancekit/message"
    assert json.loads(body) == {
        "room": "instance-1",
        "occupant": "10a52c3f",
        "message": messages.say("en", LINK),
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(b"s" * 32, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
async def test_what_prosody_does_not_take_was_not_sent(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async with prosody() as (server, address):
        server.status = status
        with caplog.at_level(logging.DEBUG):
            assert await delivered(jitsis_own(address)) is False
    assert len(server.requests) == 1, "a message that may have arrived is not sent twice"
    assert str(status) in caplog.text
    assert LINK not in caplog.text


async def test_a_prosody_that_is_away_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    sock = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    sock.close()
    with caplog.at_level(logging.DEBUG):
        assert await delivered(jitsis_own(address, timeout=1)) is False
    assert "ConnectError" in caplog.text
    assert LINK not in caplog.text


@pytest.mark.parametrize(
    "place",
    [
        None,
        replace(PLACE, connections=()),
        replace(PLACE, connections=("0123456789abcdef0123456789abcdef",)),
        replace(PLACE, connections=(f"{NODE}/meet.example/OWhl8jSh|breakout",)),
        replace(PLACE, name=""),
    ],
)
async def test_who_cannot_be_written_to_is_not(place: Whereabouts | None) -> None:
    async with prosody() as (server, address):
        assert await delivered(jitsis_own(address), place) is False
    assert server.requests == []


async def test_without_a_link_or_settings_nothing_is_sent() -> None:
    async with prosody() as (server, address):
        assert await delivered(jitsis_own(address), link="") is False
    assert server.requests == []
    assert await delivered({}) is False


def test_it_says_whether_it_can() -> None:
    with_messages = JitsiMeet(JitsiSettings.model_validate(jitsis_own("https://meet.example")))
    assert with_messages.capabilities.in_call_prompts
    assert not JitsiMeet(JitsiSettings()).capabilities.in_call_prompts


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": {"url": "http://meet.example/x", "key": KEY, "muc": "a"}},
        {"messages": {"url": "ftp://127.0.0.1/x", "key": KEY, "muc": "a"}},
        {"messages": {"url": "https://meet.example/x", "key": KEY}},
        {"messages": {"url": "https://meet.example/x"}},
        {"messages": {"url": "https://meet.example/x", "key": KEY, "muc": "a", "timeout": 60}},
        {"signing_secrets": ["short"]},
        {"signing_secrets": ["whsec_AAAA"]},
        {"signing_secrets": ["whsec_" + "*" * 40]},
    ],
)
def test_settings_that_would_tell_others_or_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JitsiSettings.model_validate(wrong)


def test_every_language_says_it_with_the_link() -> None:
    assert set(messages.TEXTS) == set(OWN_TAGS)
    said = {tag: messages.say(tag, LINK) for tag in OWN_TAGS}
    assert len(set(said.values())) == len(OWN_TAGS)
    assert all(text.endswith(LINK) for text in said.values())
    assert messages.say("fi", LINK) == messages.say("", LINK) == said["en"]


# in the service ----------------------------------------------------------------------------------------


class Platform(Jitsi):
    """The plugin, pointed at a Prosody."""

    def __init__(self, address: str) -> None:
        settings = {"secrets": ["token"], **jitsis_own(address)}
        super().__init__(JitsiSettings.model_validate(settings))


async def test_a_prompt_in_the_call_reaches_the_client_in_their_language(make_site: MakeSite) -> None:
    async with prosody() as (server, address):
        site: Site = await make_site(extra=[("jitsi", Platform(address))])
        people = [
            {"role": "client", "external_id": "c1", "language": "it"},
            {"role": "therapist", "external_id": "t1"},
        ]
        meeting = await site.session(adapter="jitsi", room="visit-1", participants=people)
        now = int(site.clock())
        for who, node in (("c1", NODE), ("t1", NODE.replace("14f01c40", "99999999"))):
            said = {
                "event_name": "muc-occupant-joined",
                "room_name": "visit-1",
                "room_jid": "visit-1@conference.meet.example",
                "occupant": {"id": who, "occupant_jid": f"{node}@meet.example/r", "joined_at": now},
            }
            path = "/v1/adapters/jitsi/events/occupant/joined"
            reply = await site.http.post(path, json=said, headers={"Authorization": "Bearer token"})
            assert reply.status_code == 200
        await site.settle()
        server.requests.clear()
        reply = await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call", "role": "client"})
        assert reply.status_code == 201, reply.text
        await site.settle()
    [(_, _, body)] = server.requests
    said = json.loads(body)
    assert said["to"] == f"{NODE}@meet.example/r"
    text, _, link = said["message"].rpartition(" ")
    assert text == messages.say("it", "").rstrip()
    assert "/r/" in link
