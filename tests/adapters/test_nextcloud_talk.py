"""Nextcloud Talk's bot messages: the signature with its random text, calls as system messages."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.webhooks import NOW, OTHER, SECRET, Hostile, calls, happenings, posted, refusal, vectors
from typing_extensions import override

from alliancekit.adapters import Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_nextcloud_talk import NextcloudTalk, NextcloudTalkSettings

SAMPLES = vectors("nextcloud_talk")


def make(*secrets: str) -> WebhookAdapter:
    settings = NextcloudTalkSettings(secrets=tuple(SecretStr(one) for one in secrets))
    (adapter,) = NextcloudTalk(settings).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def signed(body: bytes, at: float = NOW, *, random: str = "") -> RawRequest:
    """Each message has its own random text of 64 characters."""
    random = random or hashlib.sha256(body + str(at).encode()).hexdigest()
    mac = hmac.new(SECRET.encode(), random.encode() + body, hashlib.sha256).hexdigest()
    return posted(body, {"X-Nextcloud-Talk-Random": random, "X-Nextcloud-Talk-Signature": mac})


def said(name: str, who: str = "users/par_client", **more: Any) -> dict[str, Any]:
    content = {"message": "{actor} joined the call", "parameters": {"actor": {"name": "Ada Lovelace"}}}
    note = {"type": "Note", "id": "1568", "name": name, "content": json.dumps(content)}
    return {
        "type": "Activity",
        "actor": {"type": "Person", "id": who, "name": "Ada Lovelace"},
        "object": {**note, "mediaType": "text/markdown"},
        "target": {"type": "Collection", "id": "n3xtc10ud", "name": "Hour of Ada"},
        **more,
    }


def told(content: dict[str, Any], at: float = NOW) -> list[Happening]:
    return list(happenings(make(SECRET), signed(json.dumps(content).encode(), at), at))


def call() -> list[tuple[float, dict[str, Any]]]:
    return [
        (NOW, said("call_started", "users/par_therapist")),
        (NOW + 9, said("call_joined")),
        (NOW + 99, said("message", type="Create")),
        (NOW + 900, said("call_left")),
        (NOW + 930, said("call_joined")),
        (NOW + 2990, said("call_left")),
        (NOW + 2995, said("call_left", "users/par_therapist")),
        (NOW + 2996, said("call_ended", "users/par_therapist")),
    ]


class TestContract(Hostile):
    signed_headers: ClassVar[tuple[str, ...]] = ("x-nextcloud-talk-random", "x-nextcloud-talk-signature")
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada Lovelace", "Hour of Ada")

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
        assert refusal(adapter, request) == one["reason"]
        return
    (joined,) = happenings(adapter, request)
    assert joined == Happening(
        kind="joined", room="n3xtc10ud", name="n3xtc10ud", at=NOW, person="ada-l", connection="users/ada-l"
    )


def test_the_random_text_is_the_messages_id_and_arrival_its_time() -> None:
    body = json.dumps(said("call_joined")).encode()
    first, again, other = (
        make(SECRET).verify(request, NOW + late)
        for late, request in enumerate((signed(body), signed(body), signed(body, random="r" * 64)))
    )
    assert isinstance(first, Verified)
    assert isinstance(again, Verified)
    assert isinstance(other, Verified)
    assert first.message == again.message != other.message == "r" * 64
    assert (first.at, again.at) == (NOW, NOW + 1)
    assert not make(SECRET).capabilities.replay_safe


@pytest.mark.parametrize("random", ["r" * 31, "r" * 129, "r" * 40 + "\n", "ä" * 64, "r r" * 20])
def test_random_texts_that_are_none(random: str) -> None:
    assert refusal(make(SECRET), signed(b"{}", random=random)) == "malformed"


class TestHappenings:
    def test_who_starts_a_call_is_in_it(self) -> None:
        started, joined = told(said("call_started"))
        assert (started.kind, started.person) == ("started", "")
        assert (joined.kind, joined.person, joined.connection) == (
            "joined",
            "par_client",
            "users/par_client",
        )

    @pytest.mark.parametrize("name", ["call_ended", "call_ended_everyone"])
    def test_ends(self, name: str) -> None:
        assert told(said(name, "guests/cli")) == [
            Happening(kind="over", room="n3xtc10ud", name="n3xtc10ud", at=NOW)
        ]

    @pytest.mark.parametrize("name", ["call_started", "call_joined", "call_left", "call_ended"])
    def test_what_somebody_writes_is_no_call(self, name: str) -> None:
        """A chat message is of type Create, whatever it is called or says."""
        for kind in ("Create", "Like", "Undo", "Join", ""):
            assert told(said(name, type=kind)) == []

    @pytest.mark.parametrize("who", ["bots/bot-1", "bridged/x", "users", "users/", "", "users/a b"])
    def test_bots_and_nobody_are_left_out(self, who: str) -> None:
        assert told(said("call_joined", who)) == []
        assert [one.kind for one in told(said("call_started", who))] == ["started"]

    def test_an_account_that_is_called_by_an_address_stays_here(self) -> None:
        assert told(said("call_left", "users/ada@example.org")) == []

    @pytest.mark.parametrize("name", ["call_missed", "call_tried", "user_added", "message", ""])
    def test_everything_else_says_nothing(self, name: str) -> None:
        assert told(said(name)) == []


def test_settings() -> None:
    """Nextcloud takes secrets of 40 to 128 characters."""
    assert NextcloudTalkSettings.model_validate({"secrets": [SECRET, OTHER]}).secrets
    for wrong in ({"secrets": ["x" * 39]}, {"secrets": ["x" * 129]}, {"secret": "misspelled"}):
        with pytest.raises(ValidationError):
            NextcloudTalkSettings.model_validate(wrong)
