"""Vonage's session monitoring: the signed callback, its body's hash, connections and sessions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import jwt
import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.webhooks import (
    NOW,
    OTHER,
    SECRET,
    Hostile,
    calls,
    happenings,
    posted,
    refusal,
    vectors,
)
from typing_extensions import override
from vonage_jwt import verify_signature
from vonage_jwt.errors import VonageVerifyJwtError

from alliancekit.adapters import Happening, RawRequest, Verified, WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Recorded
from alliancekit_vonage import Vonage, VonageSettings

SAMPLES = vectors("vonage")
SYNTHETIC = [one for one in SAMPLES["vectors"] if not one["verbatim"]]
SESSION = "2_MX4xMzExMjU3MX5-MTQ3MDI1NzY3OTkxOH45QXRr"
CONNECTION = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e"


def make(*secrets: str) -> WebhookAdapter:
    settings = VonageSettings(secrets=tuple(SecretStr(one) for one in secrets))
    (adapter,) = Vonage(settings).register_adapters()
    assert isinstance(adapter, WebhookAdapter)
    return adapter


def bearer(token: str, body: bytes) -> RawRequest:
    return posted(body, {"Authorization": f"Bearer {token}"})


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: Any, *, secret: str = SECRET, header: Any = None) -> str:
    """A JWT by RFC 7519, written without the library that checks it."""
    head = plain(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode())
    text = f"{head}.{plain(json.dumps(claims).encode())}"
    return f"{text}.{plain(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def claims_of(body: bytes, at: float = NOW, **more: Any) -> dict[str, Any]:
    return {
        "iat": int(at),
        "jti": hashlib.md5(body + str(at).encode()).hexdigest(),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "a1b2c3d4",
        **more,
    }


def signed(body: bytes, *, secret: str = SECRET, at: float = NOW, **claims: Any) -> RawRequest:
    return bearer(token(claims_of(body, at, **claims), secret=secret), body)


def said(event: str, **more: Any) -> dict[str, Any]:
    return {
        "sessionId": SESSION,
        "projectId": "123456",
        "event": event,
        "timestamp": 1763766001309,
        **more,
    }


def connection(data: Any = "par_client") -> dict[str, Any]:
    return {"id": CONNECTION, "createdAt": 1763766001143, "data": data}


def stream(data: Any = "par_client", **more: Any) -> dict[str, Any]:
    """As in "Session monitoring"."""
    return {
        "id": "63245362-e00e-4834-8371-9397deb3e452",
        "connection": connection(data),
        "createdAt": 1763766001300,
        "name": "",
        "videoType": "camera",
        **more,
    }


def told(content: dict[str, Any]) -> list[Happening]:
    return list(happenings(make(SECRET), signed(json.dumps(content).encode())))


def call() -> list[tuple[float, dict[str, Any]]]:
    """Two people; one is lost and comes back; Vonage leaves the data out when a connection ends."""

    def came(event: str, after: int, *, who: str = "c-1", data: str = "", **more: Any) -> tuple[float, Any]:
        there = {"id": who, "createdAt": int(NOW + after) * 1000, "data": data}
        at = NOW + after
        return at + 1, {**said(event, connection=there, **more), "timestamp": int(at) * 1000}

    def published(after: int, *, who: str, data: str) -> tuple[float, Any]:
        there = {"id": who, "createdAt": int(NOW + 5) * 1000, "data": data}
        one = stream(id=f"stream-{who}", connection=there, name="Ada Lovelace")
        return NOW + after + 1, {**said("streamCreated", stream=one), "timestamp": int(NOW + after) * 1000}

    named = '{"name": "Ada Lovelace", "mail": "ada@example.org"}'
    return [
        (NOW, {**said("sessionCreated"), "timestamp": int(NOW) * 1000}),
        came("connectionCreated", 5, data="par_client"),
        came("connectionCreated", 6, who="t-1", data="par_therapist"),
        came("connectionCreated", 7, who="v-1", data=named),
        published(8, who="c-1", data="par_client"),
        published(9, who="t-1", data="par_therapist"),
        came("connectionDestroyed", 900, reason="networkDisconnected"),
        came("connectionCreated", 915, who="c-2", data="par_client"),
        came("connectionDestroyed", 2990, who="c-2", reason="clientDisconnected"),
        came("connectionDestroyed", 2995, who="t-1", reason="clientDisconnected"),
        (NOW + 3100, {**said("sessionDestroyed"), "timestamp": int(NOW + 3099) * 1000}),
    ]


class TestContract(Hostile):
    signed_headers: ClassVar[tuple[str, ...]] = ("authorization",)
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names: ClassVar[tuple[str, ...]] = ("Ada Lovelace", "ada@example.org")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make(*secrets)

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at=at)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return calls(self.sign, call())


class TestSamples:
    @pytest.mark.parametrize("one", SYNTHETIC, ids=["as sent", "another body"])
    def test_signed_callbacks(self, one: dict[str, Any]) -> None:
        request, adapter = bearer(one["token"], one["raw_body"].encode()), make(one["signature_secret"])
        assert verify_signature(one["token"], one["signature_secret"])
        if not one["valid"]:
            assert refusal(adapter, request, 1763766010.0) == "bad_signature"
            return
        message = adapter.verify(request, 1763766010.0)
        assert isinstance(message, Verified)
        assert (message.message, message.at) == (one["claims"]["jti"], one["claims"]["iat"])
        assert refusal(adapter, request, 1763766301.0) == "stale"

    def test_vonages_own_token_is_signed_but_says_nothing_of_a_body(self) -> None:
        good, bad = (one for one in SAMPLES["vectors"] if one["verbatim"])
        assert verify_signature(good["token"], good["signature_secret"])
        request = bearer(good["token"], b"{}")
        assert refusal(make(good["signature_secret"]), request, 1697634680.0) == "bad_signature"
        read = jwt.decode(good["token"], options={"verify_signature": False, "verify_aud": False})
        body = json.dumps(said("sessionCreated")).encode()
        whole = token(
            {**read, "payload_hash": hashlib.sha256(body).hexdigest(), "jti": "x" * 20},
            secret=good["signature_secret"],
        )
        assert happenings(make(good["signature_secret"]), bearer(whole, body), 1697634680.0)
        assert not bad["valid"]

    @pytest.mark.parametrize("secret", [SECRET, OTHER])
    @pytest.mark.parametrize("change", [0, 40, -1, -20])
    def test_no_token_is_taken_that_vonages_own_check_refuses(self, secret: str, change: int) -> None:
        request = signed(json.dumps(said("sessionCreated")).encode())
        (value,) = request.headers["authorization"]
        text = value.removeprefix("Bearer ")
        letters = list(text)
        letters[change] = "A" if letters[change] != "A" else "B"
        for each in (text, "".join(letters)):
            try:
                theirs = bool(verify_signature(each, secret))
            except VonageVerifyJwtError:
                theirs = False
            again = replace(request, headers={"authorization": (f"Bearer {each}",)})
            if not theirs:
                assert refusal(make(secret), again) == "bad_signature"
            elif each == text:
                assert happenings(make(secret), again)


class TestToken:
    body = json.dumps(said("sessionCreated")).encode()

    @pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256", "hs256", ""])
    def test_no_other_algorithm(self, algorithm: str) -> None:
        text = token(claims_of(self.body), header={"alg": algorithm, "typ": "JWT"})
        assert refusal(make(SECRET), bearer(text, self.body)) == "bad_signature"
        head, payload, _ = text.split(".")
        assert refusal(make(SECRET), bearer(f"{head}.{payload}.", self.body)) == "bad_signature"

    def test_a_stronger_algorithm_with_the_right_secret_is_not_taken_either(self) -> None:
        text = jwt.encode(claims_of(self.body), SECRET * 2, algorithm="HS512")
        assert refusal(make(SECRET * 2), bearer(text, self.body)) == "bad_signature"

    def test_the_two_bits_of_its_last_letter_that_mean_nothing_are_checked(self) -> None:
        text = token(claims_of(self.body))
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        twin = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
        assert refusal(make(SECRET), bearer(twin, self.body)) == "bad_signature"

    @pytest.mark.parametrize("claim", ["iat", "jti"])
    def test_without_a_time_or_a_number_it_could_be_repeated(self, claim: str) -> None:
        claims = {name: value for name, value in claims_of(self.body).items() if name != claim}
        assert refusal(make(SECRET), bearer(token(claims), self.body)) == "malformed"

    def test_an_expired_token(self) -> None:
        assert refusal(make(SECRET), signed(self.body, exp=NOW + 10), NOW + 11) == "stale"
        assert isinstance(make(SECRET).verify(signed(self.body, exp=NOW + 10), NOW + 9), Verified)

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "token"])
    def test_unsigned_callbacks_are_asked_for_again(self, header: str) -> None:
        adapter = make(SECRET)
        assert refusal(adapter, posted(self.body, {"Authorization": header})) == "unsigned"
        assert adapter.statuses["unsigned"] == 503

    @pytest.mark.parametrize("text", ["a", "a.b", "a.b.c", "..", "é.é.é", "a.b.c.d", "e30.e30.e30"])
    def test_what_is_no_token(self, text: str) -> None:
        assert refusal(make(SECRET), bearer(text, self.body)) == "bad_signature"


class TestHappenings:
    def test_connections(self) -> None:
        (joined,) = told(said("connectionCreated", connection=connection()))
        assert joined == Happening(
            kind="joined",
            room=SESSION,
            name=SESSION,
            at=1763766001.309,
            person="par_client",
            connection=CONNECTION,
            joined_at=1763766001.143,
        )
        (left,) = told(said("connectionDestroyed", reason="clientDisconnected", connection=connection("")))
        assert (left.kind, left.connection, left.person, left.how) == ("left", CONNECTION, "", "left")
        assert left.joined_at == 1763766001.143

    def test_who_publishes_is_there_even_if_their_connection_was_never_told(self) -> None:
        (joined,) = told(said("streamCreated", stream=stream()))
        assert joined == told(said("connectionCreated", connection=connection()))[0]
        assert told(said("streamCreated", stream=stream("Ada Lovelace")))[0].person == ""

    def test_what_is_added_in_the_future_changes_nothing(self) -> None:
        more = {"region": "eu", "extra": {"a": [1]}}
        assert told(said("connectionCreated", connection={**connection(), **more}, **more)) == told(
            said("connectionCreated", connection=connection())
        )

    @pytest.mark.parametrize(
        ("reason", "how"),
        [
            ("clientDisconnected", "left"),
            ("forceDisconnected", "ejected"),
            ("networkDisconnected", "dropped"),
            ("somethingNew", "dropped"),
            (None, "dropped"),
        ],
    )
    def test_what_is_not_known_counts_as_lost(self, reason: str | None, how: str) -> None:
        (one,) = told(said("connectionDestroyed", reason=reason, connection=connection()))
        assert one.how == how

    def test_sessions(self) -> None:
        kinds = [told(said(event))[0].kind for event in ("sessionCreated", "sessionDestroyed")]
        assert kinds == ["started", "over"]

    @pytest.mark.parametrize("data", ["Ada Lovelace", "a@example.org", '{"name":"Ada"}', "n=Ada B", None])
    def test_data_that_is_no_identifier_stays_here(self, data: Any) -> None:
        (one,) = told(said("connectionCreated", connection=connection(data)))
        assert (one.person, one.connection) == ("", CONNECTION)

    @pytest.mark.parametrize("event", ["streamDestroyed", "archive", "broadcast", "callCreated", "", None])
    def test_everything_else_says_nothing(self, event: Any) -> None:
        assert told(said(event)) == []


def test_capabilities_and_settings() -> None:
    adapter = make(SECRET)
    assert adapter.name == "vonage"
    assert adapter.capabilities.replay_safe
    assert not adapter.capabilities.in_call_prompts
    assert not adapter.capabilities.media
    with pytest.raises(ValidationError, match="31 bytes is too short, it needs 32; make one") as refused:
        VonageSettings.model_validate({"secrets": ["thirty-one-characters-are-short"]})
    assert "thirty-one" not in str(refused.value)
