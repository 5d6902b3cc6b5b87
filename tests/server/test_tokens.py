"""Tokens: every known attack is refused with one message, and no kind passes for another."""

from __future__ import annotations

import base64
import doctest
import json
import time
from datetime import datetime, tzinfo
from typing import Any

import jwt
import pytest

from alliancekit.errors import ConfigError, NotAllowedError
from alliancekit.server import tokens as module
from alliancekit.server.tokens import (
    Claims,
    ClientClaims,
    ClientLaunchClaims,
    Key,
    LaunchClaims,
    LinkClaims,
    ParticipantClaims,
    SupervisorClaims,
    SupervisorLaunchClaims,
    TherapistClaims,
    TokenRefusedError,
    Tokens,
)

SECRET = bytes(range(32))
ISSUER = "https://feedback.example"
IN_SESSION: dict[str, Any] = {
    "tenant": "ten_1",
    "session": "ses_1",
    "participant": "par_1",
    "role": "client",
}
KINDS: list[Claims] = [
    ParticipantClaims(**IN_SESSION),
    LinkClaims(**IN_SESSION),
    TherapistClaims(tenant="ten_1", therapist="dr-7"),
    LaunchClaims(tenant="ten_1", therapist="dr-7"),
    ClientClaims(tenant="ten_1", episode="epi_1", client="c-1"),
    ClientLaunchClaims(tenant="ten_1", episode="epi_1", client="c-1"),
    SupervisorClaims(tenant="ten_1", supervisor="s-1"),
    SupervisorLaunchClaims(tenant="ten_1", supervisor="s-1"),
]


@pytest.fixture
def tokens() -> Tokens:
    return Tokens([Key("new", SECRET)], ISSUER)


def forged(
    *, header: dict[str, Any] | None = None, secret: bytes = SECRET, without: str = "", **payload: Any
) -> str:
    """A participant token with a correct signature in which only what the arguments say is wrong."""
    now = int(time.time())
    claims = {
        "tenant": "ten_1",
        "session": "ses_1",
        "sub": "par_1",
        "role": "client",
        "iss": ISSUER,
        "aud": "alliancekit:participant",
        "iat": now,
        "exp": now + 600,
        **payload,
    }
    claims.pop(without, None)
    headers = {"typ": "ak-participant+jwt", "kid": "new", **(header or {})}
    return jwt.encode(claims, secret, algorithm=headers.pop("alg", "HS256"), headers=headers)


def refusal(tokens: Tokens, token: str, kind: type[Claims] = ParticipantClaims) -> str:
    with pytest.raises(NotAllowedError) as caught:
        tokens.check(token, kind)
    assert isinstance(caught.value, TokenRefusedError)
    assert str(caught.value) == str(TokenRefusedError("claims"))
    assert caught.value.__cause__ is None
    assert len(token) < 5 or token not in repr(caught.value)
    return caught.value.reason


def test_the_module_example_runs() -> None:
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=3)


@pytest.mark.parametrize("claims", KINDS, ids=lambda c: c.typ)
def test_what_was_issued_is_read_back(tokens: Tokens, claims: Claims) -> None:
    assert tokens.check(tokens.issue(claims), type(claims)) == claims


def test_the_forger_of_these_tests_can_make_a_good_token(tokens: Tokens) -> None:
    assert tokens.check(forged(), ParticipantClaims) == KINDS[0]


@pytest.mark.parametrize("issued", KINDS, ids=lambda c: c.typ)
@pytest.mark.parametrize("wanted", KINDS, ids=lambda c: c.typ)
def test_no_kind_passes_for_another(tokens: Tokens, issued: Claims, wanted: Claims) -> None:
    if type(issued) is not type(wanted):
        assert refusal(tokens, tokens.issue(issued), type(wanted)) == "type"


def test_a_right_type_does_not_make_up_for_a_wrong_audience(tokens: Tokens) -> None:
    assert refusal(tokens, forged(aud="alliancekit:link")) == "claims"
    assert refusal(tokens, forged(aud=["alliancekit:participant", "alliancekit:link"])) == "claims"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"header": {"typ": "JWT"}}, "type"),
        ({"header": {"typ": ["ak-participant+jwt"]}}, "type"),
        ({"header": {"kid": "other"}}, "unknown-key"),
        ({"header": {"kid": "../../dev/null"}}, "unknown-key"),
        ({"header": {"crit": ["b64"], "b64": True}}, "header"),
        ({"header": {"crit": ["exp"]}}, "header"),
        ({"header": {"jku": "https://evil.example/keys"}}, "header"),
        ({"header": {"alg": "HS512"}, "secret": SECRET * 2}, "header"),
        ({"secret": b"x" * 32}, "signature"),
        ({"iss": "https://evil.example"}, "claims"),
        ({"iat": -600, "exp": -60}, "expired"),
        ({"iat": 300, "exp": 600}, "not-yet"),
        ({"exp": 25 * 3600}, "lifetime"),
        ({"iat": 5, "exp": 4}, "lifetime"),
        ({"exp": "soon"}, "claims"),
        ({"exp": float("inf")}, "claims"),
        ({"role": "administrator"}, "claims"),
        ({"role": ["client"]}, "claims"),
        ({"tenant": 7}, "claims"),
        ({"session": ""}, "claims"),
        *(({"without": claim}, "claims") for claim in ("exp", "iat", "iss", "aud", "sub", "tenant", "role")),
    ],
)
def test_attacks_are_refused(tokens: Tokens, wrong: dict[str, Any], reason: str) -> None:
    now = int(time.time())
    times = {name: now + wrong[name] for name in ("iat", "exp") if isinstance(wrong.get(name), int)}
    assert refusal(tokens, forged(**{**wrong, **times})) == reason


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "é.é.é", "W10.e30.", "bnVsbA.e30.", "x" * 100_000, "W" * 2000],
)
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    assert refusal(tokens, token) == "malformed"


def test_a_token_with_something_appended_is_refused(tokens: Tokens) -> None:
    assert refusal(tokens, forged() + "." + "x" * 2048) == "malformed"
    assert refusal(tokens, forged() + ".x") == "claims"
    assert refusal(tokens, forged()[:-1]) in {"claims", "signature"}


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE"])
def test_an_unsigned_token_is_refused(tokens: Tokens, algorithm: str) -> None:
    body = forged().split(".")[1]
    header = part({"alg": algorithm, "typ": "ak-participant+jwt", "kid": "new"})
    assert refusal(tokens, f"{header}.{body}.") == "header"


def test_an_altered_payload_is_refused(tokens: Tokens) -> None:
    header, body, signature = forged().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    altered = f"{header}.{part(claims | {'role': 'therapist'})}.{signature}"
    assert refusal(tokens, altered) == "signature"


@pytest.mark.parametrize("kid", [None, 7, ["new"], {"new": 1}])
def test_a_kid_that_is_no_string_is_refused(tokens: Tokens, kid: object) -> None:
    body = forged().split(".")[1]
    header = part({"alg": "HS256", "typ": "ak-participant+jwt", "kid": kid})
    assert refusal(tokens, f"{header}.{body}.AAAA") in {"malformed", "unknown-key"}


def test_an_expired_token_of_each_kind_is_refused(tokens: Tokens) -> None:
    for claims in KINDS:
        old = tokens.issue(claims, at=time.time() - claims.lifetime - 60)
        assert refusal(tokens, old, type(claims)) == "expired"


def test_a_lifetime_beyond_the_kinds_limit_is_not_issued(tokens: Tokens) -> None:
    with pytest.raises(ValueError, match="300 s at most"):
        tokens.issue(KINDS[3], lifetime=301)


def test_keys_rotate(tokens: Tokens) -> None:
    rotated = Tokens([Key("newer", b"n" * 32), Key("new", SECRET)], ISSUER)
    old = tokens.issue(KINDS[0])
    assert rotated.check(old, ParticipantClaims) == KINDS[0]
    assert jwt.get_unverified_header(rotated.issue(KINDS[0]))["kid"] == "newer"
    assert refusal(tokens, rotated.issue(KINDS[0])) == "unknown-key"


def test_each_launch_has_its_own_id() -> None:
    first, second = (LaunchClaims(tenant="ten_1", therapist="dr-7") for _ in range(2))
    assert first.jti != second.jti
    assert len(first.jti) >= 16


@pytest.mark.parametrize(
    "keys",
    [[], [Key("a", b"short")], [Key("", SECRET)], [Key("a", SECRET), Key("a", b"n" * 32)]],
    ids=["none", "short", "unnamed", "same name"],
)
def test_unusable_keys_are_refused_without_showing_them(keys: list[Key]) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokens(keys, ISSUER)
    assert "short'" not in str(caught.value)


def test_a_key_does_not_show_its_secret() -> None:
    assert repr(Key("a", b"do-not-show-this")) == "Key(kid='a')"


def test_a_remembered_token_still_expires_and_opens_nothing_else(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.issue(KINDS[0], lifetime=60)
    assert tokens.check(token, type(KINDS[0])) is tokens.check(token, type(KINDS[0]))
    assert refusal(tokens, token, type(KINDS[1])) == "type"
    assert refusal(tokens, token + "x") != ""
    old = tokens.issue(KINDS[0], lifetime=60, at=time.time() - 65)  # within the skew of the clocks
    tokens.check(old, type(KINDS[0]))
    now = time.time() + 6

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return cls.fromtimestamp(now, tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Later)
    monkeypatch.setattr("alliancekit.server.tokens.time.time", lambda: now)
    assert refusal(tokens, old) == "expired"


def test_only_so_many_tokens_are_remembered(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alliancekit.server.tokens.REMEMBERED", 2)
    first, *others = (tokens.issue(KINDS[0], lifetime=60 + n) for n in range(3))
    known = tokens.check(first, type(KINDS[0]))
    for one in others:
        tokens.check(one, type(KINDS[0]))
    again = tokens.check(first, type(KINDS[0]))
    assert again == known
    assert again is not known
