"""LiveKit's webhooks: its published sample, the contract, and its own Python package as a second opinion."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import api
from tests.adapters.anything import VALUES, reads, refuses, requests
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Alliance, Recorded, WebhookContract
from alliancekit_livekit import LiveKit, LiveKitAdapter, LiveKitSettings

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "livekit.json").read_text())
NOW = 1_790_000_000
KEY = "APIexample"
SECRET, OTHER = "s" * 40, "t" * 40
URL = "https://feedback.example/v1/adapters/livekit/events"

short_key = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
"""The published sample has a secret of 22 characters."""


def make_adapter(secrets: Sequence[str] = (SECRET,), **settings: Any) -> LiveKitAdapter:
    return LiveKitAdapter(LiveKitSettings.model_validate({"secrets": list(secrets), **settings}))


def request(body: bytes, token: str) -> RawRequest:
    headers = {"authorization": (token,), "content-type": ("application/webhook+json",)}
    return RawRequest(method="POST", url=URL, headers=headers, body=body)


def token(body: bytes, **claims: Any) -> str:
    said = {"iss": KEY, "nbf": NOW, "exp": NOW + 300, "sha256": hash_of(body), **claims}
    payload = json.dumps({key: value for key, value in said.items() if value is not None})
    return jwt.PyJWS().encode(payload.encode(), SECRET, "HS256")


def hash_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def signed(body: bytes, at: float) -> RawRequest:
    return request(body, token(body, nbf=int(at), exp=int(at) + 300))


def event(kind: str, at: int, number: int = 0, **fields: Any) -> bytes:
    room = {"sid": "RM_1", "name": "visit-1", "creationTime": str(NOW)}
    said = {"event": kind, "room": room, "id": f"EV_{kind}_{at}_{number}", "createdAt": str(at), **fields}
    return json.dumps(said).encode()


def person(identity: str, sid: str, joined: float, **fields: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "identity": identity,
        "name": "Ana Example",
        "state": "ACTIVE",
        "metadata": '{"email": "ana@clinic.example"}',
        "joinedAt": str(int(joined)),
        "joinedAtMs": str(int(joined * 1000)),
        **fields,
    }


def told(event_kind: str, at: int = NOW, **participant: Any) -> Sequence[Happening]:
    """What one event about c1 says."""
    body = event(event_kind, at, participant={**person("c1", "PA_1", NOW - 60), **participant})
    return make_adapter().parse(Verified(content=json.loads(body), message="EV_1", at=at))


CALL: list[tuple[int, bytes]] = [
    (NOW, event("room_started", NOW)),
    (NOW + 5, event("participant_joined", NOW + 5, participant=person("c1", "PA_1", NOW + 4.5))),
    (NOW + 8, event("participant_joined", NOW + 8, participant=person("t1", "PA_2", NOW + 8.1))),
    (
        NOW + 9,
        event("participant_joined", NOW + 9, participant=person("note", "PA_3", NOW + 9, kind="AGENT")),
    ),
    (NOW + 10, event("track_published", NOW + 10, participant={"sid": "PA_1"}, track={"sid": "TR_1"})),
    (
        NOW + 400,
        event(
            "participant_left",
            NOW + 400,
            participant=person("c1", "PA_1", NOW + 4.5, disconnectReason="SIGNAL_CLOSE"),
        ),
    ),
    (NOW + 410, event("participant_joined", NOW + 410, participant=person("c1", "PA_4", NOW + 409.9))),
    (
        NOW + 1800,
        event(
            "participant_left",
            NOW + 1800,
            participant=person("c1", "PA_4", NOW + 409.9, disconnectReason="CLIENT_INITIATED"),
        ),
    ),
    (
        NOW + 1803,
        event(
            "participant_left",
            NOW + 1803,
            participant=person("t1", "PA_2", NOW + 8.1, disconnectReason="CLIENT_INITIATED"),
        ),
    ),
    (NOW + 1823, event("room_finished", NOW + 1823)),
]


class TestLiveKit(WebhookContract):
    secret, other_secret = SECRET, OTHER
    signed_headers = ("authorization",)
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("Ana", "ana@clinic.example")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body, at), at=at) for at, body in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)


# the published sample ----------------------------------------------------------------------------------


@short_key
@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda one: one.get("note", "valid"))
def test_the_published_sample(vector: dict[str, Any]) -> None:
    adapter = make_adapter([PUBLISHED["api_secret"]], api_keys=[PUBLISHED["api_key"]])
    sample = request(vector["raw_body"].encode(), vector["Authorization"])
    at = vector.get("valid_at_unix", PUBLISHED["vectors"][0]["valid_at_unix"])
    if vector["valid"]:
        found = adapter.verify(sample, at)
        assert (found.message, found.at) == ("EV_eugWmGhovZmm", 1692985556.0)
        assert adapter.parse(found) == (
            Happening(kind="started", room="RM_hycBMAjmt6Ub", name="Demo Room", at=1692985556.0),
        )
    else:
        with pytest.raises(Rejected) as refused:
            adapter.verify(sample, at)
        assert refused.value.reason == ("stale" if "expired" in vector["note"] else "bad_signature")


def test_every_published_event_is_read_or_left_out() -> None:
    there = {"participant": person("c1", "PA_1", NOW)}
    said = {
        kind: [one.kind for one in make_adapter().parse(an_event(event(kind, NOW, **there)))]
        for kind in PUBLISHED["event_names"]
    }
    assert {kind: found for kind, found in said.items() if found} == {
        "room_started": ["started"],
        "room_finished": ["over"],
        "participant_joined": ["joined"],
        "participant_left": ["left"],
        "participant_connection_aborted": ["left"],
    }


def an_event(body: bytes) -> Verified:
    return Verified(content=json.loads(body), message="EV_1", at=NOW)


# tokens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 61, "nbf": NOW - 361}, "stale"),
        ({"nbf": NOW + 61, "exp": NOW + 361}, "from_the_future"),
        ({"exp": None}, "malformed"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"nbf": [NOW]}, "malformed"),
        ({"sha256": None}, "unsigned"),
        ({"sha256": ""}, "unsigned"),
        ({"sha256": 7}, "bad_signature"),
        ({"sha256": "é"}, "bad_signature"),
        ({"sha256": hash_of(b"another body")}, "bad_signature"),
        ({"iss": "APIofSomebodyElse"}, "bad_signature"),
        ({"iss": None}, "bad_signature"),
        ({"iss": ["APIexample"]}, "bad_signature"),
    ],
)
def test_what_a_token_must_say(claims: dict[str, Any], reason: str) -> None:
    body = event("room_started", NOW)
    with pytest.raises(Rejected) as refused:
        make_adapter(api_keys=[KEY]).verify(request(body, token(body, **claims)), NOW)
    assert refused.value.reason == reason


def test_a_clock_may_differ_by_a_minute() -> None:
    body = event("room_started", NOW)
    assert make_adapter().verify(request(body, token(body)), NOW + 360).at == NOW
    assert make_adapter().verify(request(body, token(body, nbf=None)), NOW - 3).at == NOW - 3


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_no_other_algorithm(algorithm: str) -> None:
    body, claims = event("room_started", NOW), {"iss": KEY, "exp": NOW + 300}
    made = jwt.encode(
        {**claims, "sha256": hash_of(body)}, "" if algorithm == "none" else SECRET * 2, algorithm=algorithm
    )
    with pytest.raises(Rejected, match="bad_signature"):
        make_adapter([SECRET * 2]).verify(request(body, made), NOW)


@pytest.mark.parametrize(
    "header", [b"[" * 50_000, b'{"a":' * 5_000, b"{", b"[]", b"\xff", b'{"alg":["HS256"]}']
)
def test_token_headers_of_no_sense(header: bytes) -> None:
    made = base64.urlsafe_b64encode(header).decode().rstrip("=") + ".e30.AAAA"
    with pytest.raises(Rejected, match="bad_signature"):
        make_adapter().verify(request(b"{}", made), NOW)


def test_an_access_token_of_a_participant_is_no_webhook() -> None:
    grant = api.AccessToken(KEY, SECRET).with_identity("c1").with_metadata('{"sha256": "x"}').to_jwt()
    with pytest.raises(Rejected, match="unsigned"):
        make_adapter().verify(request(b"{}", grant), time.time())


# what it means -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "how"),
    [
        ("CLIENT_INITIATED", "left"),
        ("UNKNOWN_REASON", "left"),
        ("ROOM_DELETED", "left"),
        ("PARTICIPANT_REMOVED", "ejected"),
        ("DUPLICATE_IDENTITY", "dropped"),
        ("MEDIA_FAILURE", "dropped"),
        ("USER_REJECTED", "declined"),
        ("A_REASON_OF_NEXT_YEAR", "left"),
    ],
)
def test_how_somebody_went(reason: str, how: str) -> None:
    [left] = told("participant_left", disconnectReason=reason)
    assert (left.kind, left.how, left.joined_at) == ("left", how, NOW - 60)


def test_who_never_got_in_was_lost() -> None:
    [left] = told("participant_connection_aborted")
    assert (left.kind, left.how) == ("left", "dropped")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "AGENT"},
        {"kind": "EGRESS"},
        {"kind": "INGRESS"},
        {"permission": {"hidden": True}},
        {"permission": {"recorder": True}},
        {"permission": {"agent": True}},
    ],
)
def test_who_is_no_human_or_hidden_is_not_there(fields: dict[str, Any]) -> None:
    assert told("participant_joined", **fields) == ()


def test_callers_by_telephone_are_there() -> None:
    assert [one.person for one in told("participant_joined", kind="SIP")] == ["c1"]


def test_an_address_as_identity_stays_here() -> None:
    [joined] = told("participant_joined", identity="ana@clinic.example")
    assert (joined.person, joined.connection) == ("", "PA_1")


def test_a_presence_never_begins_after_it_was_told() -> None:
    [joined] = told("participant_joined", at=NOW, joinedAtMs=str(NOW * 1000 + 900))
    assert (joined.joined_at, joined.at) == (NOW, NOW)
    [unknown] = told("participant_joined", joinedAt="0", joinedAtMs="0")
    assert unknown.joined_at is None


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=LiveKit).adapters
    assert isinstance(adapter, LiveKitAdapter)
    assert SECRET not in repr(LiveKitSettings.model_validate({"secrets": [SECRET]}))


# a second opinion --------------------------------------------------------------------------------------


def theirs(body: bytes, made: str) -> Any:
    """What LiveKit's own receiver makes of it; None when it refuses."""
    try:
        return api.WebhookReceiver(api.TokenVerifier(KEY, SECRET)).receive(body.decode(), made)
    except Exception:
        return None


def minted(body: bytes, secret: str = SECRET) -> str:
    """A token by LiveKit's own package."""
    access = api.AccessToken(KEY, secret).with_ttl(timedelta(minutes=5))
    return access.with_sha256(hash_of(body)).to_jwt()


@pytest.mark.parametrize(("at", "body"), CALL)
def test_what_livekit_signs_both_take_and_read_alike(at: int, body: bytes) -> None:
    made = minted(body)
    found, expected = (
        make_adapter(api_keys=[KEY]).verify(request(body, made), time.time()),
        theirs(body, made),
    )
    assert (found.message, found.content["event"]) == (expected.id, expected.event)
    for one in make_adapter().parse(found):
        assert (one.room, one.name, one.at) == (expected.room.sid, expected.room.name, expected.created_at)
        if one.kind in {"joined", "left"}:
            there = expected.participant
            assert (one.person, one.connection) == (there.identity, there.sid)


@given(
    place=st.integers(0, 10_000), bit=st.integers(0, 6), where=st.sampled_from(["body", "token", "secret"])
)
def test_what_is_changed_both_refuse(place: int, bit: int, where: str) -> None:
    body = CALL[1][1]
    made = minted(body, OTHER if where == "secret" else SECRET)
    if where == "body":
        body = flipped(body, place, bit)
    elif where == "token":
        made = flipped(made.encode(), place, bit).decode()
    ours = not refuses(make_adapter(), request(body, made), time.time())
    assert ours == (theirs(body, made) is not None)
    if where != "token":  # the last character of base64 has bits that mean nothing
        assert not ours


def flipped(text: bytes, place: int, bit: int) -> bytes:
    place %= len(text)
    return text[:place] + bytes([text[place] ^ (1 << bit)]) + text[place + 1 :]


# nonsense ----------------------------------------------------------------------------------------------


@given(requests("authorization"))
def test_any_request_is_refused(one: RawRequest) -> None:
    assert refuses(make_adapter(), one, NOW)


@given(
    st.fixed_dictionaries(
        {"event": st.sampled_from(PUBLISHED["event_names"]) | VALUES},
        optional={"room": VALUES, "participant": VALUES, "createdAt": VALUES},
    )
)
def test_any_content_is_read_or_refused(content: dict[str, Any]) -> None:
    reads(make_adapter(), Verified(content=content, message="EV_1", at=NOW), NOW)


@pytest.mark.parametrize("size", [256 * 1024 + 1, 10_000_000])
def test_too_large(size: int) -> None:
    with pytest.raises(Rejected, match="too_large"):
        make_adapter().verify(signed(b" " * size, NOW), NOW)


@pytest.mark.parametrize("message", ["", None, 7])
def test_an_event_needs_its_id(message: object) -> None:
    body = json.dumps({"event": "room_started", "id": message}).encode()
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().verify(signed(body, NOW), NOW)
