"""What Janus's event handlers post: the recorded call, the contract, grouped events, nonsense."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.anything import reads, refuses, requests
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded, WebhookContract, read_recorded
from alliancekit_janus import JanusRooms, JanusSettings

NOW = 1_790_000_000.0
PASSWORD, OTHER = "janus:event-password", "janus:another-password"
URL = "https://feedback.example/v1/adapters/janus/events"


def make_adapter(secrets: Sequence[str] = (PASSWORD,), **more: Any) -> JanusRooms:
    return JanusRooms(JanusSettings.model_validate({"secrets": list(secrets), **more}))


def basic(password: str) -> str:
    return f"Basic {base64.b64encode(password.encode()).decode()}"


def request(body: bytes, authorization: str = basic(PASSWORD)) -> RawRequest:
    return RawRequest(method="POST", url=URL, headers={"authorization": (authorization,)}, body=body)


def event(at: float = NOW, *, kind: int = 64, plugin: str = "janus.plugin.videoroom", **data: Any) -> Any:
    said = {"plugin": plugin, "data": {"room": "visit-1", **data}}
    return {"emitter": "one", "type": kind, "timestamp": round(at * 1_000_000), "event": said}


def said_by(*events: Any, **settings: Any) -> list[Happening]:
    adapter = make_adapter(**settings)
    body = json.dumps(events[0] if len(events) == 1 else events).encode()
    found = adapter.verify(request(body), NOW)
    return list(adapter.parse(found))


class TestEvents(WebhookContract):
    secret, other_secret = PASSWORD, OTHER
    signed_headers = ("authorization",)
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("Anna", "Example")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        with as_file(files("alliancekit_janus") / "call.jsonl") as file:
            return read_recorded(file)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return request(body)


def test_grouped_events_are_one_message() -> None:
    said = said_by(
        event(event="created"),
        event(NOW + 1, event="joined", id="c1~1", display="Anna Example"),
        event(NOW + 2, event="kicked", id="c1~1"),
        event(NOW + 3, event="destroyed"),
    )
    assert [(one.kind, one.at - NOW, one.person, one.how) for one in said] == [
        ("started", 0, "", "left"),
        ("joined", 1, "c1", "left"),
        ("left", 2, "c1", "ejected"),
        ("over", 3, "", "left"),
    ]
    assert {(one.room, one.name) for one in said} == {(f"visit-1|{int(NOW // 86400)}", "visit-1")}


def test_other_events_say_nothing() -> None:
    assert said_by(event(event="configured", id="c1")) == []
    assert said_by(event(event="join", plugin="janus.plugin.textroom", username="c1")) == []
    assert said_by({"type": 2, "timestamp": 1, "event": {"name": "attached"}}) == []
    assert said_by(event(videoroom="talking", id="c1")) == []


def test_our_own_observer_is_nobody() -> None:
    ours = event(event="joined", id=4711, display="Somebody")
    assert said_by({**ours, "opaque_id": "alliancekit"}) == []
    assert said_by(event(event="joined", id=4711, display="AllianceKit")) == []
    assert said_by(event(event="leaving", id="alliancekit-7f3a")) == []


def test_with_numbers_for_ids_the_display_is_the_person() -> None:
    joined, left = said_by(
        event(event="joined", id=4711, display="c1"), event(event="leaving", id=4711), identity="display"
    )
    assert (joined.person, joined.connection) == ("c1", "4711")
    assert (left.person, left.connection) == ("", "4711"), "the host knows whose connection it is"


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        ("", "unsigned"),
        ("Basic", "unsigned"),
        (f"Bearer {PASSWORD}", "unsigned"),
        (basic(OTHER), "bad_signature"),
        ("Basic ***", "bad_signature"),
    ],
)
def test_a_password_is_needed(authorization: str, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        make_adapter().verify(request(b"{}", authorization), NOW)
    assert refused.value.reason == reason


@given(requests("authorization"))
def test_any_request_is_refused(one: RawRequest) -> None:
    assert refuses(make_adapter(), one, NOW)


ODD = st.sampled_from((None, True, 0, -1, 1 << 70, 0.5, "", "c1", "joined", [], [None], {}))
KINDS = st.sampled_from(("joined", "published", "leaving", "kicked", "created", "destroyed"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.just(64) | ODD,
                "timestamp": st.just(round(NOW * 1e6)) | ODD,
                "event": ODD
                | st.fixed_dictionaries(
                    {
                        "plugin": st.just("janus.plugin.videoroom") | ODD,
                        "data": ODD
                        | st.fixed_dictionaries(
                            {"event": KINDS | ODD}, optional={"room": ODD, "id": ODD, "display": ODD}
                        ),
                    }
                ),
            },
            optional={"opaque_id": ODD},
        )
        | ODD,
        max_size=2,
    ),
    st.sampled_from(["id", "display"]),
)
def test_any_content_is_read_or_refused(events: list[Any], identity: str) -> None:
    message = Verified(content={"events": events}, message="1", at=NOW)
    reads(make_adapter(identity=identity), message, NOW)


def test_too_large_and_too_many() -> None:
    with pytest.raises(Rejected, match="too_large"):
        make_adapter().verify(request(b" " * 10_000_000), NOW)
    with pytest.raises(Rejected, match="malformed"):
        make_adapter().verify(request(json.dumps([{}] * 1001).encode()), NOW)
