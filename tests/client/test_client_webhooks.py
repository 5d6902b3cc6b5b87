"""Messages as the service sends them, checked by the client; and everything that is not one."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliancekit import webhooks as sending
from alliancekit.client import ClientError
from alliancekit.client.errors import InvalidWebhookError
from alliancekit.client.webhooks import SessionEnded, SessionRated, SignalRaised, verify
from alliancekit.store.webhooks import Message

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
NOW = 1_790_000_000.0
ABOUT = {"session": "ses_1", "external_id": "v-1", "episode": "epi_1"}
SAID: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "session.ended": (SessionEnded, {"reason": "left", "confidence": 0.9}),
    "session.rated": (SessionRated, {"prompt": "prm_1", "role": "client", "moment": "end_of_call"}),
    "signal.raised": (SignalRaised, {"kind": "drop", "rule": "a fall"}),
}


def message(kind: str, data: Any, *, secrets: tuple[str, ...] = (SECRET,)) -> tuple[Mapping[str, str], bytes]:
    """Headers and body, made by what the service sends with."""
    body = json.dumps({"type": kind, "timestamp": "2026-09-21T14:13:20.000Z", "data": data})
    made = Message(id="msg_1", tenant="ten_1", type=kind, body=body, at=NOW)  # type: ignore[arg-type]
    return sending.headers(made, secrets, NOW), body.encode()


@pytest.mark.parametrize("kind", SAID)
def test_each_kind_is_read(kind: str) -> None:
    expected, data = SAID[kind]
    headers, body = message(kind, ABOUT | data | {"new": "later"})
    event = verify(SECRET, {name.upper(): value for name, value in headers.items()}, body, now=NOW)
    assert isinstance(event, expected)
    assert (event.id, event.session, event.external_id, event.episode) == ("msg_1", "ses_1", "v-1", "epi_1")
    assert event.at.timestamp() == NOW
    assert {name: getattr(event, name) for name in data} == data


def test_while_secrets_change_over_either_is_enough() -> None:
    headers, body = message("signal.raised", ABOUT | SAID["signal.raised"][1], secrets=(OTHER, SECRET))
    assert verify(SECRET, headers, body, now=NOW) == verify(OTHER, headers, body, now=NOW)
    assert verify([OTHER, SECRET], headers, body, now=NOW).id == "msg_1"


def reason(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(InvalidWebhookError) as refused:
        verify(*args, **{"now": NOW} | kwargs)
    return refused.value.reason


def test_what_is_not_genuine_is_refused() -> None:
    headers, body = message("session.ended", ABOUT)
    assert reason(SECRET, headers, body + b" ") == "bad_signature"
    assert reason(OTHER, headers, body) == "bad_signature"
    assert reason(SECRET, headers, body, now=NOW + 301) == "stale"
    assert reason(SECRET, headers, body, now=NOW - 301) == "from_the_future"
    assert reason(SECRET, {}, body) == "unsigned"
    assert reason([], headers, body) == "no_secret"


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("session.begun", ABOUT, "unknown_kind"),
        ("session.ended", None, "malformed"),
        ("session.ended", {"session": "ses_1"}, "malformed"),
        ("session.rated", ABOUT, "malformed"),
    ],
)
def test_what_is_genuine_and_not_understood_is_refused(kind: str, data: Any, why: str) -> None:
    assert reason(SECRET, *message(kind, data)) == why


@given(body=st.binary(max_size=200), value=st.text(max_size=40))
def test_nothing_else_is_ever_raised(body: bytes, value: str) -> None:
    headers = {"webhook-id": value, "webhook-timestamp": value, "webhook-signature": f"v1,{value}"}
    with pytest.raises(InvalidWebhookError):
        verify(SECRET, headers, body, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_?"])
def test_a_secret_that_is_none_is_said_so_without_showing_it(secret: str) -> None:
    with pytest.raises(ClientError, match="secret"):
        verify(secret, *message("session.ended", ABOUT), now=NOW)
