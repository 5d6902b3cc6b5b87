"""Twilio's status callbacks: published signatures, the contract, its own package as a second opinion."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.adapters.anything import VALUES, reads, refuses, requests
from twilio.request_validator import RequestValidator
from typing_extensions import override

from alliancekit.adapters import RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Alliance, Recorded, WebhookContract
from alliancekit_twilio import Twilio, TwilioCallbacks, TwilioSettings

PUBLISHED = json.loads((Path(__file__).parent / "vectors" / "twilio.json").read_text())["vectors"]
NOW = 1_790_000_000
TOKEN, OTHER = "1" * 32, "2" * 32
URL = "https://feedback.example/v1/adapters/twilio/events"
ROOM = "RM00000000000000000000000000000001"


def make_adapter(secrets: Sequence[str] = (TOKEN,), **settings: Any) -> TwilioCallbacks:
    return TwilioCallbacks(TwilioSettings.model_validate({"secrets": list(secrets), **settings}))


def request(body: bytes, signature: str, *, url: str = URL, settings: str = "") -> RawRequest:
    headers = {
        "x-twilio-signature": (signature,),
        "content-type": ("application/x-www-form-urlencoded; charset=UTF-8",),
    }
    if settings:
        headers["x-twilio-webhooks-signature-settings"] = (settings,)
    return RawRequest(method="POST", url=url, headers=headers, body=body)


def signature(body: bytes, *, url: str = URL, secret: str = TOKEN) -> str:
    """By the published rule, for whatever a web framework reads from the body."""
    form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def signed(body: bytes, *, url: str = URL) -> RawRequest:
    return request(body, signature(body, url=url), url=url)


def callback(kind: str, at: float, number: int, **fields: str) -> bytes:
    said = {
        "AccountSid": "AC00000000000000000000000000000001",
        "RoomName": "visit-1",
        "RoomSid": ROOM,
        "RoomStatus": "in-progress",
        "RoomType": "group",
        "StatusCallbackEvent": kind,
        "Timestamp": datetime.fromtimestamp(at, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "SequenceNumber": str(number),
        **fields,
    }
    return urlencode(said).encode()


def person(identity: str, sid: str, **fields: str) -> dict[str, str]:
    return {
        "ParticipantIdentity": identity,
        "ParticipantSid": sid,
        "ParticipantStatus": "connected",
        **fields,
    }


def gone(identity: str, sid: str, seconds: int) -> dict[str, str]:
    return person(identity, sid, ParticipantStatus="disconnected", ParticipantDuration=str(seconds))


def content(body: bytes) -> Verified:
    return Verified(content=dict(parse_qsl(body.decode())), message="1", at=NOW)


CALL: list[tuple[int, bytes]] = [
    (NOW, callback("room-created", NOW, 0)),
    (NOW + 5, callback("participant-connected", NOW + 4.25, 1, **person("c1", "PA01"))),
    (NOW + 8, callback("participant-connected", NOW + 8, 2, **person("t1", "PA02"))),
    (NOW + 9, callback("track-added", NOW + 9, 3, **person("t1", "PA02"), TrackName="Ana's microphone")),
    (NOW + 600, callback("participant-disconnected", NOW + 600, 4, **gone("c1", "PA01", 595))),
    (NOW + 620, callback("participant-connected", NOW + 620, 5, **person("c1", "PA03"))),
    (NOW + 1800, callback("participant-disconnected", NOW + 1800, 6, **gone("c1", "PA03", 1180))),
    (NOW + 1803, callback("participant-disconnected", NOW + 1803, 7, **gone("t1", "PA02", 1795))),
    (NOW + 2103, callback("room-ended", NOW + 2103, 8, RoomStatus="completed", RoomDuration="2103")),
]


class TestTwilio(WebhookContract):
    secret, other_secret = TOKEN, OTHER
    signed_headers = ("x-twilio-signature",)
    signs_url = True
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("Ana",)

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body), at=at) for at, body in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body)


# the published signatures ------------------------------------------------------------------------------


def published(vector: Mapping[str, Any]) -> RawRequest:
    if "raw_body" in vector:
        body = vector["raw_body"].encode()
    else:
        body = urlencode([(k, v) for k, v in vector.get("params_multi") or vector["params"].items()]).encode()
    settings = vector.get("settings_header", "")
    return request(body, vector["signature"], url=vector["uri"], settings=settings)


def time_of(vector: Mapping[str, Any]) -> float:
    given = vector.get("params", {}).get("Timestamp")
    return datetime.fromisoformat(given).timestamp() + 5 if given else NOW


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda one: one.get("note", one["signature"][:4]))
def test_the_published_signatures(vector: dict[str, Any]) -> None:
    secret = vector.get("auth_token") or vector["shared_key_secret"]
    sample, at = published(vector), time_of(vector)
    found = make_adapter([secret]).verify(sample, at)
    said = make_adapter().parse(found)
    if "StatusCallbackEvent" in vector.get("params", {}):
        [left] = said
        assert (left.kind, left.person, left.name) == ("left", "patient", "visit-42")
        assert left.joined_at == left.at - 1403
        assert found.message == "RM00000000000000000000000000000001:7:participant-disconnected"
    else:
        assert said == (), "what no video room says is left out"
    with pytest.raises(Rejected, match="bad_signature"):
        make_adapter([secret + "6"]).verify(sample, at)


# address and body --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x?y=1", "https://a.example/x?y=1"),
        ("http://a.example/x", "http://a.example:80/x"),
        ("https://[::1]:8443/x", "https://[::1]/x"),
    ],
)
def test_the_port_may_be_signed_or_not(told: str, called: str) -> None:
    body = CALL[1][1]
    assert make_adapter().verify(request(body, signature(body, url=called), url=told), NOW)


@pytest.mark.parametrize("called", [URL.replace("https", "http"), URL + "/"])
def test_an_address_that_nearly_fits_is_told(called: str) -> None:
    body = CALL[1][1]
    with pytest.raises(Rejected, match="wrong_address"):
        make_adapter().verify(request(body, signature(body, url=called)), NOW)
    with pytest.raises(Rejected, match="bad_signature"):
        make_adapter([OTHER]).verify(request(body, signature(body, url=called)), NOW)


def test_the_address_given_to_twilio_can_be_another_one() -> None:
    body, outside = CALL[1][1], "https://hooks.clinic.example/twilio"
    adapter = make_adapter(public_url=outside)
    for query in ("", "?site=2"):
        called = request(body, signature(body, url=outside + query), url=URL + query)
        assert adapter.verify(called, NOW).message == f"{ROOM}:1:participant-connected"


@pytest.mark.parametrize(
    "url", ["hooks.example/x", "ftp://a.example/x", "https://u:p@a.example/", "https://a.example/?b=1"]
)
def test_addresses_that_cannot_be_meant(url: str) -> None:
    with pytest.raises(ValidationError):
        make_adapter(public_url=url)


def hashed(body: bytes, given: str | None = None) -> RawRequest:
    """A request whose body is no form."""
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest() if given is None else given}"
    return request(body, signature(b"", url=url), url=url)


def test_a_body_that_is_no_form_is_signed_by_its_hash() -> None:
    said = json.dumps(dict(parse_qsl(CALL[1][1].decode()))).encode()
    found = make_adapter().verify(hashed(said), NOW)
    assert [one.person for one in make_adapter().parse(found)] == ["c1"]
    one = hashed(said)
    for changed in (said + b" ", b"", CALL[1][1]):
        with pytest.raises(Rejected, match="bad_signature"):
            make_adapter().verify(
                RawRequest(method="POST", url=one.url, headers=one.headers, body=changed), NOW
            )


@pytest.mark.parametrize(
    ("body", "given", "reason"),
    [
        (b"{}", "", "bad_signature"),
        (b"{}", "zz", "bad_signature"),
        (b"{}", "00", "bad_signature"),
        (b"[]", None, "malformed"),
        (b"", None, "malformed"),
        (b"\xff", None, "malformed"),
        (b'{"a":1,"a":2}', None, "malformed"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, None, "malformed"),
    ],
)
def test_hashed_bodies_of_no_sense(body: bytes, given: str | None, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        make_adapter().verify(hashed(body, given), NOW)
    assert refused.value.reason == reason


def test_no_other_algorithm() -> None:
    body = CALL[0][1]
    for settings in ("key=k,algorithm=NONE", "algorithm=HMAC_MD5", "algorithm=HMAC_SHA256"):
        with pytest.raises(Rejected, match="bad_signature"):
            make_adapter().verify(request(body, signature(body), settings=settings), NOW)
    assert make_adapter().verify(request(body, signature(body), settings="key=k"), NOW)


# what it means -----------------------------------------------------------------------------------------


def test_an_address_as_identity_stays_here() -> None:
    [joined] = make_adapter().parse(
        content(callback("participant-connected", NOW, 1, **person("ana@clinic.example", "PA01")))
    )
    assert (joined.person, joined.connection) == ("", "PA01")


def test_a_name_that_comes_twice_is_not_read() -> None:
    body = CALL[1][1] + b"&ParticipantIdentity=t1"
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().parse(make_adapter().verify(signed(body), NOW))


@pytest.mark.parametrize("at", ["yesterday", "2026-09-21", "", "0001-01-01T00:00:00+23:59"])
def test_times_of_no_sense(at: str) -> None:
    body = callback("room-ended", NOW, 8, Timestamp=at)
    with pytest.raises(Rejected):
        make_adapter().parse(make_adapter().verify(signed(body), NOW))


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=Twilio).adapters
    assert isinstance(adapter, TwilioCallbacks)


# a second opinion --------------------------------------------------------------------------------------


class Form(dict[str, list[str]]):
    """A form as web frameworks hand it to Twilio's package."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        for name, value in parse_qsl(body.decode(), keep_blank_values=True):
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        return self[name]


FORMS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=5)
URLS = st.sampled_from(
    [
        "https://a.example/x",
        "https://a.example:443/x?b=1&c=%20",
        "http://a.example:8080/",
        "https://a.example?q",
    ]
)


@given(
    FORMS, URLS, st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]), st.sampled_from(["", "url", "body", "secret"])
)
@example([("a", "b"), ("a", "a"), ("a", "b")], "https://a.example/x", "HMAC_SHA1", "")
@example([("a", "bc"), ("ab", "c")], "https://a.example/x", "HMAC_SHA256", "")
def test_what_twilio_signs_both_take_and_what_is_changed_both_refuse(
    pairs: list[tuple[str, str]], url: str, algorithm: str, changed: str
) -> None:
    # The package reads the body from a framework; a time or an empty name would be refused for itself here.
    pairs = [("n" + name, value) for name, value in pairs]
    body, theirs = urlencode(pairs).encode(), RequestValidator(TOKEN)
    made = theirs.compute_signature(url, Form(body), algorithm)
    if changed == "url":
        url = url.replace("a.example", "b.example")
    elif changed == "body":
        body += b"&more=1"
    secret = OTHER if changed == "secret" else TOKEN
    expected = RequestValidator(secret).validate(url, Form(body), made, algorithm)
    sample = request(body, made, url=url, settings=f"key=k,algorithm={algorithm}")
    assert refuses(make_adapter([secret]), sample, NOW) is not expected
    assert expected is (not changed)


@given(st.text(max_size=30), st.booleans())
def test_hashes_both_take_or_refuse(text: str, right: bool) -> None:
    body = json.dumps({"text": text})
    url = f"{URL}?bodySHA256={hashlib.sha256(body.encode() if right else b'').hexdigest()}"
    made = RequestValidator(TOKEN).compute_signature(url, {})
    assert RequestValidator(TOKEN).validate(url, body, made) is right
    assert refuses(make_adapter(), request(body.encode(), made, url=url), NOW) is not right


# nonsense ----------------------------------------------------------------------------------------------


@given(requests("x-twilio-signature", "x-twilio-webhooks-signature-settings"))
def test_any_request_is_refused(one: RawRequest) -> None:
    assert refuses(make_adapter(), one, NOW)


@given(
    st.fixed_dictionaries(
        {"StatusCallbackEvent": st.sampled_from(["room-ended", "participant-disconnected"]) | VALUES},
        optional={
            "RoomSid": VALUES,
            "Timestamp": VALUES,
            "ParticipantSid": VALUES,
            "ParticipantIdentity": VALUES,
        },
    )
)
def test_any_content_is_read_or_refused(said: dict[str, Any]) -> None:
    reads(make_adapter(), Verified(content=said, message="1", at=NOW), NOW)


def test_too_large_and_too_many() -> None:
    for body, reason in [(b"a=" + b"x" * 10_000_000, "too_large"), (b"&".join([b"a=1"] * 501), "malformed")]:
        with pytest.raises(Rejected, match=reason):
            make_adapter().verify(signed(body), NOW)
