"""BigBlueButton's webhooks: the checksum over address and form, statuses, meetings and people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

import pytest
from pydantic import ValidationError
from tests.adapters.webhooks import NOW, PUBLIC, SECRET, Hostile, happenings, posted, refusal, vectors
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_bigbluebutton import BigBlueButton, BigBlueButtonSettings

SAMPLES = vectors("bigbluebutton")
MEETING = "8043c8452ae9830aac14c517adff3839dbd9228f-1763766000000"


def make(*secrets: str, **settings: Any) -> WebhookAdapter:
    model = BigBlueButtonSettings.model_validate({"secrets": secrets, **settings})
    (adapter,) = BigBlueButton(model).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def checked(body: bytes, *, url: str = PUBLIC, algorithm: str = "sha1") -> RawRequest:
    """A form with the checksum in its address."""
    digest = hashlib.new(algorithm, url.encode() + body + SECRET.encode()).hexdigest()
    return posted(body, {}, f"{url}{'&' if '?' in url else '?'}checksum={digest}")


def form(*events: Any, at: float = NOW) -> bytes:
    text = ",".join(json.dumps(event, separators=(",", ":")) for event in events)
    fields = {"domain": "bbb.example.org", "event": f"[{text}]", "timestamp": str(int(at * 1000))}
    return urlencode(fields).encode()


def said(event: str, at: float = NOW, user: dict[str, Any] | None = None, **meeting: Any) -> dict[str, Any]:
    about = {"internal-meeting-id": MEETING, "external-meeting-id": "ses_7", **meeting}
    attributes = {"meeting": about, **({} if user is None else {"user": user})}
    return {"data": {"type": "event", "id": event, "attributes": attributes, "event": {"ts": int(at * 1000)}}}


def somebody(internal: str = "w_1", external: str = "par_client", **more: Any) -> dict[str, Any]:
    named = {"name": "Ada Lovelace", "role": "VIEWER", "presenter": False, **more}
    return {"internal-user-id": internal, "external-user-id": external, **named}


def told(*events: Any) -> list[Happening]:
    return list(happenings(make(SECRET), checked(form(*events))))


def call() -> list[tuple[float, list[dict[str, Any]]]]:
    therapist = somebody("w_2", "par_therapist", name="Grace Hopper", role="MODERATOR")
    back = somebody("w_3")
    title = {"name": "Hour of Ada Lovelace", "metadata": {"mail": "ada@example.org"}}
    events = [
        [said("meeting-created", NOW, **title)],
        [said("user-joined", NOW + 5, therapist), said("user-audio-muted", NOW + 6, therapist)],
        [said("user-joined", NOW + 9, somebody())],
        [said("user-left", NOW + 900, somebody())],
        [said("user-joined", NOW + 930, back)],
        [said("user-left", NOW + 2990, back)],
        [said("user-left", NOW + 2995, therapist)],
        [said("meeting-ended", NOW + 3060)],
    ]
    return [(several[-1]["data"]["event"]["ts"] / 1000 + 1, several) for several in events]


class TestContract(Hostile):
    signs_url: ClassVar[bool] = True
    late: ClassVar[float] = 3 * 86400.0
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada+Lovelace", "Grace+Hopper", "ada%40example.org", "Hour+of")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make(*secrets)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return checked(body)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=self.sign(form(*events, at=at), at), at=at) for at, events in call()]

    @override
    def content(self, body: bytes) -> Any:
        return json.loads(parse_qs(body.decode())["event"][0])

    @override
    def wire(self, content: Any) -> bytes:
        return urlencode({"event": json.dumps(content), "timestamp": str(int(NOW * 1000))}).encode()

    def test_no_name_leaves_unquoted_either(self) -> None:
        said = repr([found for _, found in self._said()])
        assert not [name for name in ("Ada", "Grace", "example.org", "Hour") if name in said]


@pytest.mark.parametrize("one", SAMPLES["vectors"], ids=[one["note"] for one in SAMPLES["vectors"]])
def test_samples(one: dict[str, Any]) -> None:
    request, adapter = posted(one["raw_body"].encode(), {}, one["url"]), make(one["secret"])
    if not one["valid"]:
        assert refusal(adapter, request, one["now"]) == one["reason"]
        return
    (joined,) = happenings(adapter, request, one["now"])
    assert joined == Happening(
        kind="joined",
        room="8043c845-1698771157700",
        name="ses_7",
        at=1763766005.12,
        person="par_client",
        connection="w_xfsb9gxtlfom",
    )


class TestChecksum:
    @pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
    def test_only_the_algorithms_that_are_allowed(self, algorithm: str) -> None:
        request = checked(form(said("meeting-ended")), algorithm=algorithm)
        assert happenings(make(SECRET, algorithms=[algorithm]), request)
        others = {"sha1", "sha256", "sha384", "sha512"} - {algorithm}
        assert refusal(make(SECRET, algorithms=sorted(others)), request) == "bad_signature"

    @pytest.mark.parametrize("algorithm", ["md5", "sha224", "sha3_256"])
    def test_no_others(self, algorithm: str) -> None:
        request = checked(form(said("meeting-ended")), algorithm=algorithm)
        assert refusal(make(SECRET), request) == "bad_signature"

    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            ("", "unsigned"),
            ("?", "bad_signature"),
            ("?other=1", "bad_signature"),
            ("?checksum=", "unsigned"),
            ("?checksum=abc", "bad_signature"),
            ("?checksum=zz", "bad_signature"),
        ],
    )
    def test_addresses_without_one(self, query: str, reason: str) -> None:
        request = posted(form(said("meeting-ended")), {}, PUBLIC + query)
        assert refusal(make(SECRET), request) == reason

    def test_one_only_and_last(self) -> None:
        request = checked(form(said("meeting-ended")))
        for url in (f"{request.url}&checksum=ab", f"{request.url}&more=1"):
            assert refusal(make(SECRET), replace(request, url=url)) == "bad_signature"
        twice = checked(request.body, url=request.url)
        assert refusal(make(SECRET), twice) == "bad_signature"

    def test_the_secret_itself_as_a_token_is_no_signature(self) -> None:
        request = posted(form(said("meeting-ended")), {"Authorization": f"Bearer {SECRET}"})
        assert refusal(make(SECRET), request) == "unsigned"

    def test_the_address_that_the_hook_has_behind_a_proxy(self) -> None:
        inside = "http://alliance.internal:8000/v1/adapters/bigbluebutton/events"
        outside = inside.replace("http://alliance.internal:8000", "https://feedback.example.org")
        request = checked(form(said("meeting-ended")), url=inside)
        seen = replace(request, url=request.url.replace(inside, outside))
        assert refusal(make(SECRET), seen) == "bad_signature"
        assert happenings(make(SECRET, public_url=inside), seen)
        elsewhere = replace(request, url=request.url.replace("/events", "/event"))
        assert refusal(make(SECRET, public_url=inside), elsewhere) == "wrong_address"


def test_it_is_never_told_401_and_not_stopped_by_what_no_repetition_heals() -> None:
    """401 counts as delivered there; everything else but success holds the later messages back."""
    statuses = make(SECRET).statuses
    assert 401 not in statuses.values()
    for reason in ("unsigned", "bad_signature", "no_secret", "wrong_address", "weak", "from_the_future"):
        assert statuses[reason] == 503
    for reason in ("stale", "malformed", "too_large"):
        assert statuses[reason] == 200


class TestHappenings:
    def test_meetings_and_people(self) -> None:
        found = told(
            said("meeting-created", NOW),
            said("user-joined", NOW + 1, somebody()),
            said("user-left", NOW + 2, somebody()),
            said("meeting-ended", NOW + 3),
        )
        assert [(one.kind, one.at, one.room, one.name) for one in found] == [
            (kind, NOW + after, MEETING, "ses_7")
            for after, kind in enumerate(("started", "joined", "left", "over"))
        ]
        assert {(one.person, one.connection) for one in found[1:3]} == {("par_client", "w_1")}

    @pytest.mark.parametrize("external", ["Ada Lovelace", "ada@example.org", "", None])
    def test_a_user_id_that_is_none_stays_here(self, external: Any) -> None:
        (one,) = told(said("user-joined", NOW, {**somebody(), "external-user-id": external}))
        assert (one.person, one.connection) == ("", "w_1")

    @pytest.mark.parametrize("name", ["chat-group-message-sent", "user-audio-muted", "rap-published", ""])
    def test_everything_else_says_nothing(self, name: str) -> None:
        assert told(said(name, NOW, somebody())) == []

    def test_raw_events_say_nothing(self) -> None:
        assert told({"envelope": {"name": "UserJoinedMeetingEvtMsg"}, "core": {"body": {}}}) == []

    def test_very_many_events_are_refused(self) -> None:
        message = make(SECRET).verify(checked(form(*[{}] * 1001)), NOW)
        assert isinstance(message, Verified)
        with pytest.raises(Rejected, match="malformed"):
            make(SECRET).parse(message)

    @pytest.mark.parametrize(
        "body",
        [
            b"event=%5B%5D",
            b"timestamp=1763766000000",
            b"event=%5B%5D&timestamp=soon",
            b"event=%5B%5D&timestamp=1763766000000&timestamp=1763766000000",
            b"event=%5B%5D%2C%22events%22%3A%5B%5D&timestamp=1763766000000",
            b"event=%FF&timestamp=1763766000000",
        ],
    )
    def test_forms_that_are_none(self, body: bytes) -> None:
        assert refusal(make(SECRET), checked(body)) == "malformed"


def test_settings() -> None:
    for wrong in ({"secrets": ["short"]}, {"algorithms": ["md5"]}, {"secret": "misspelled"}):
        with pytest.raises(ValidationError):
            BigBlueButtonSettings.model_validate(wrong)
