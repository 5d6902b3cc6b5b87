"""Whereby's webhooks: the signature with its time, rooms, people by externalId."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.webhooks import NOW, SECRET, Hostile, calls, happenings, posted, refusal, vectors
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_whereby import Whereby, WherebySettings

SAMPLES = vectors("whereby")


def make(*secrets: str) -> WebhookAdapter:
    settings = WherebySettings(secrets=tuple(SecretStr(one) for one in secrets))
    (adapter,) = Whereby(settings).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def signed(body: bytes, at: float = NOW, *, secret: str = SECRET) -> RawRequest:
    mac = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return posted(body, {"Whereby-Signature": f"t={int(at)},v1={mac}"})


def said(kind: str, at: float = NOW, **more: Any) -> dict[str, Any]:
    data = {
        "meetingId": "12345678",
        "roomName": "/0b0e7f2c-session",
        "roomSessionId": None,
        "subdomain": "clinic",
        "displayName": "Ada Lovelace",
        "participantId": "p-1",
        "externalId": "par_client",
        "metadata": "ada@example.org",
        "roleName": "visitor",
        "numClients": 1,
        "numClientsByRoleName": {"visitor": 1},
        **more,
    }
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    identifier = hashlib.sha256(json.dumps([kind, when, data]).encode()).hexdigest()[:32]
    return {"id": identifier, "apiVersion": "1.0", "createdAt": when, "type": kind, "data": data}


def told(content: dict[str, Any]) -> list[Happening]:
    return list(happenings(make(SECRET), signed(json.dumps(content).encode())))


def call() -> list[tuple[float, dict[str, Any]]]:
    therapist = {"participantId": "p-2", "externalId": "par_therapist", "displayName": "Grace Hopper"}
    events: list[tuple[int, str, dict[str, Any]]] = [
        (0, "room.client.joined", {}),
        (10, "room.client.knocked", therapist),
        (12, "room.client.joined", therapist),
        (12, "room.session.started", {"roomSessionId": "s-1"}),
        (900, "room.client.left", {}),
        (920, "room.client.joined", {"participantId": "p-3"}),
        (2990, "room.client.left", {"participantId": "p-3"}),
        (2999, "room.client.left", therapist),
        (3100, "room.session.ended", {"roomSessionId": "s-1"}),
    ]
    return [(NOW + after + 1, said(kind, NOW + after, **more)) for after, kind, more in events]


class TestContract(Hostile):
    signed_headers: ClassVar[tuple[str, ...]] = ("whereby-signature",)
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada Lovelace", "Grace Hopper", "ada@example.org")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make(*secrets)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return calls(self.sign, call())


@pytest.mark.parametrize("one", SAMPLES["vectors"], ids=[one["note"] for one in SAMPLES["vectors"]])
def test_samples(one: dict[str, Any]) -> None:
    request, adapter = posted(one["raw_body"].encode(), one["headers"]), make(one["secret"])
    if not one["valid"]:
        assert refusal(adapter, request, one["now"]) == one["reason"]
        return
    (joined,) = happenings(adapter, request, one["now"])
    assert joined == Happening(
        kind="joined",
        room="12345678",
        name="/0b0e7f2c",
        at=1763766005.12,
        person="par_client",
        connection="p-1",
    )


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "unsigned"),
        ("t=1763766000", "unsigned"),
        ("v1=abc", "unsigned"),
        ("t=1763766000,v1=", "unsigned"),
        ("t=soon,v1=abc", "malformed"),
        ("t=1763766000,t=1763766001,v1=abc", "malformed"),
        ("t=1763766000,v1=ab,v1=cd", "malformed"),
        ("t=1763766000,v1=xyz", "bad_signature"),
        ("t=1763766000,v1=abcd", "bad_signature"),
    ],
)
def test_headers_that_sign_nothing(header: str, reason: str) -> None:
    assert refusal(make(SECRET), posted(b"{}", {"Whereby-Signature": header})) == reason


def test_the_event_has_an_id_and_keeps_it_when_it_is_sent_again() -> None:
    body = json.dumps(said("room.client.joined")).encode()
    first, again = (make(SECRET).verify(signed(body, NOW + late), NOW + late) for late in (0, 60))
    assert isinstance(first, Verified)
    assert isinstance(again, Verified)
    assert first.message == again.message == json.loads(body)["id"]


def test_what_a_new_secret_heals_is_sent_again_and_the_rest_is_not() -> None:
    """Whereby gives up at once at 4xx."""
    statuses = make(SECRET).statuses
    assert {statuses[one] for one in ("unsigned", "bad_signature", "no_secret")} == {503}
    assert statuses["stale"] == 400


@pytest.mark.parametrize(
    ("given", "person"),
    [
        ({"externalId": "par_client", "metadata": "x"}, "par_client"),
        ({"externalId": None, "metadata": "par_client"}, "par_client"),
        ({"externalId": "ada@example.org", "metadata": "Ada Lovelace"}, ""),
        ({"externalId": None, "metadata": None}, ""),
    ],
)
def test_people(given: dict[str, Any], person: str) -> None:
    (one,) = told(said("room.client.left", **given))
    assert (one.kind, one.person, one.connection) == ("left", person, "p-1")


def test_the_session_that_whereby_guesses_is_no_end() -> None:
    assert [one.kind for one in told(said("room.session.started"))] == ["started"]
    for kind in ("room.session.ended", "room.client.knocked", "recording.finished", ""):
        assert told(said(kind)) == []


def test_settings() -> None:
    for wrong in ({"secrets": ["short"]}, {"secret": "misspelled"}):
        with pytest.raises(ValidationError):
            WherebySettings.model_validate(wrong)
