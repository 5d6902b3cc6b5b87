"""Messages of a host's own system: Standard Webhooks signatures, the body's schema, the contract."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded, WebhookContract
from alliancekit_push import PushAdapter, PushMessage, PushSettings

NOW = 1_790_000_000.0
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"t" * 32).decode()
URL = "https://feedback.example/v1/adapters/push/events"


def signed(body: bytes, at: float, *, secret: str = SECRET, identifier: str = "") -> RawRequest:
    """A request by the specification; `test_the_reference_implementation_signs_alike` says that it is one."""
    identifier = identifier or "msg_" + hashlib.sha256(body + str(at).encode()).hexdigest()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{identifier}.{int(at)}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": (identifier,),
        "webhook-timestamp": (str(int(at)),),
        "webhook-signature": ("v1," + base64.b64encode(mac).decode(),),
        "content-type": ("application/json",),
    }
    return RawRequest(method="POST", url=URL, headers=headers, body=body)


def message(*happenings: dict[str, Any]) -> bytes:
    return json.dumps({"happenings": happenings}).encode()


def happening(kind: str, at: float, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "room": "meeting-1", "name": "visit-1", "at": at, **fields}


def joined(person: str, at: float, connection: str) -> dict[str, Any]:
    return happening("joined", at, person=person, connection=connection)


def left(person: str, at: float, connection: str, since: float, how: str = "left") -> dict[str, Any]:
    return happening("left", at, person=person, connection=connection, how=how, joined_at=since)


def make_adapter(secrets: Sequence[str] = (SECRET,)) -> PushAdapter:
    return PushAdapter(PushSettings.model_validate({"secrets": list(secrets)}))


CALL: list[tuple[float, bytes]] = [
    (NOW, message(happening("started", NOW))),
    (NOW + 10, message(joined("c1", NOW + 10, "a"))),
    (NOW + 12, message(joined("t1", NOW + 12, "b"), happening("spoke", NOW + 12, person="t1", seconds=2))),
    (NOW + 300, message(left("c1", NOW + 300, "a", NOW + 10, "dropped"))),
    (NOW + 310, message(joined("c1", NOW + 310, "c"), joined("bot", NOW + 310, "d"))),
    (NOW + 1800, message(left("c1", NOW + 1800, "c", NOW + 310))),
    (NOW + 1805, message(left("t1", NOW + 1805, "b", NOW + 12), happening("over", NOW + 1805))),
]


class TestPush(WebhookContract):
    secret, other_secret = SECRET, OTHER
    signed_headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    people: ClassVar[dict[str, Role]] = {"c1": "client", "t1": "therapist"}

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body, at), at=at) for at, body in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)


def verified(request: RawRequest, now: float = NOW, adapter: PushAdapter | None = None) -> Verified:
    found = (adapter or make_adapter()).verify(request, now)
    assert isinstance(found, Verified)
    return found


def refusal(request: RawRequest, now: float = NOW) -> str:
    with pytest.raises(Rejected) as refused:
        verified(request, now)
    return refused.value.reason


def header(request: RawRequest, name: str, value: str) -> RawRequest:
    return replace(request, headers={**request.headers, name: (value,)})


# the signature ----------------------------------------------------------------------------------------


@given(st.text(max_size=200), st.integers(min_value=1, max_value=2**33))
def test_the_reference_implementation_signs_alike(text: str, at: int) -> None:
    body = json.dumps({"happenings": [text]})
    ours = signed(body.encode(), at, identifier="msg_1").header("webhook-signature")
    assert ours == Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(at, UTC), body)


def test_the_reference_implementation_takes_what_we_take() -> None:
    now = time.time()
    request = signed(message(happening("started", now)), now)
    headers = {name: values[0] for name, values in request.headers.items()}
    assert Webhook(SECRET).verify(request.body, headers) == verified(request, now).content
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, headers)


VECTORS = json.loads((Path(__file__).parent / "vectors" / "standardwebhooks.json").read_text())["vectors"]
"""Published by the project; the file names the source."""


@pytest.mark.parametrize("vector", VECTORS, ids=["genuine", "forged"])
def test_the_published_vectors(vector: dict[str, Any]) -> None:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    request = RawRequest(
        method="POST",
        url=URL,
        headers={name: (vector[name],) for name in names},
        body=vector["raw_body"].encode(),
    )
    adapter, at = make_adapter([vector["secret"]]), float(vector["webhook-timestamp"])
    if vector["valid"]:
        found = verified(request, at, adapter)
        assert (found.message, found.at) == (vector["webhook-id"], at)
    else:
        with pytest.raises(Rejected, match="bad_signature"):
            adapter.verify(request, at)


def test_several_signatures_need_one_that_fits() -> None:
    request = signed(message(happening("started", NOW)), NOW)
    right = request.header("webhook-signature")
    other = signed(request.body, NOW, secret=OTHER).header("webhook-signature")
    assert verified(header(request, "webhook-signature", f"{other} {right}"))
    assert verified(header(request, "webhook-signature", f"v1a,AAAA {right}"))
    assert refusal(header(request, "webhook-signature", other)) == "bad_signature"
    assert refusal(header(request, "webhook-signature", "v1a,AAAA")) == "bad_signature"
    assert refusal(header(request, "webhook-signature", " ".join([other] * 10 + [right]))) == "malformed"


@pytest.mark.parametrize("sent", ["-1", "1e9", "soon", "9" * 17, " 1", "１７９０００００００"])
def test_a_time_is_a_plain_number(sent: str) -> None:
    assert refusal(header(signed(message(), NOW), "webhook-timestamp", sent)) == "malformed"


def test_the_window_is_five_minutes_to_both_sides() -> None:
    request = signed(message(happening("started", NOW)), NOW)
    assert verified(request, NOW + 300)
    assert verified(request, NOW - 300)
    assert refusal(request, NOW + 301) == "stale"
    assert refusal(request, NOW - 301) == "from_the_future"


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_" + "A" * 200, "not base64!", "whsec_AAAAAAAA"]
)
def test_a_secret_that_is_none_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PushSettings.model_validate({"secrets": [secret]})
    assert secret == "" or all(secret not in one["msg"] for one in refused.value.errors(include_input=False))


# the body ---------------------------------------------------------------------------------------------


def test_every_field_arrives() -> None:
    body = message(
        happening("roster", NOW, people=[{"person": "c1", "connection": "a"}, {"person": "t1"}]),
        left("c1", NOW, "a", NOW - 60, "ejected"),
        happening("spoke", NOW, person="c1", seconds=2.5),
    )
    said = make_adapter().parse(verified(signed(body, NOW)))
    assert said == (
        Happening(kind="roster", room="meeting-1", name="visit-1", at=NOW, people=(("c1", "a"), ("t1", ""))),
        Happening(
            kind="left",
            room="meeting-1",
            name="visit-1",
            at=NOW,
            person="c1",
            connection="a",
            how="ejected",
            joined_at=NOW - 60,
        ),
        Happening(kind="spoke", room="meeting-1", name="visit-1", at=NOW, person="c1", seconds=2.5),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "hung_up"},
        {"room": ""},
        {"room": None},
        {"at": "1790000000"},
        {"at": True},
        {"person": "ana@clinic.example"},
        {"person": "a\u0000b"},
        {"person": "x" * 201},
        {"how": "gone"},
        {"seconds": -1},
        {"people": [{"person": ""}]},
        {"people": [{"person": "c1"}] * 101},
        {"diagnosis": "F32.1"},
    ],
)
def test_a_field_of_another_form_is_malformed(wrong: dict[str, Any]) -> None:
    found = verified(signed(message(happening("joined", NOW, person="c1") | wrong), NOW))
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().parse(found)


def test_the_published_schema_is_the_model() -> None:
    published = json.loads((files("alliancekit_push") / "message.schema.json").read_text())
    assert published == PushMessage.model_json_schema()


def test_the_schema_takes_the_recorded_call_and_refuses_what_the_model_refuses() -> None:
    schema = Draft202012Validator(PushMessage.model_json_schema())
    for _, body in CALL:
        schema.validate(json.loads(body))
    assert not schema.is_valid({"happenings": []})
    assert not schema.is_valid({"happenings": [happening("joined", NOW, diagnosis="F32.1")]})
