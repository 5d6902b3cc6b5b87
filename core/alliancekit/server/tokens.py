"""The signed tokens of the service: who may do what, for how long.

Kinds, told apart by the `typ` header and by an audience of their own, so that none passes for another:

========================  ==========================  ==========  ==========
claims                    what it opens               lifetime    at most
========================  ==========================  ==========  ==========
`ParticipantClaims`       prompts and answers         4 hours     24 hours
`TherapistClaims`         the therapist's pages       8 hours     12 hours
`ClientClaims`            the client's pages          1 hour      1 hour
`SupervisorClaims`        the supervisor's pages      8 hours     12 hours
`LaunchClaims`            a therapist's page, once    1 minute    5 minutes
`ClientLaunchClaims`      a client's page, once       1 minute    5 minutes
`SupervisorLaunchClaims`  a supervisor's, once        1 minute    5 minutes
`LinkClaims`              the rating link `/r/…`      7 days      30 days
`PasswordClaims`          choosing a password         1 day       1 day
========================  ==========================  ==========  ==========

Tokens are JWTs (RFC 7519) checked as RFC 8725 asks: one algorithm (HS256) for every key, keys from the local
set only, issuer, audience, subject and times required, `typ` compared, other header fields refused. They are
signed, not encrypted: claims hold identifiers, never names.

Example:
    >>> tokens = Tokens([Key("2026-11", b"k" * 32)], issuer="https://feedback.example")
    >>> claims = ParticipantClaims(tenant="ten_1", session="ses_1", participant="par_1", role="client")
    >>> tokens.check(tokens.issue(claims), ParticipantClaims) == claims
    True
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

import jwt

from alliancekit.config import Settings
from alliancekit.errors import ConfigError, NotAllowedError
from alliancekit.secret_refs import MINIMUM_KEY_BYTES
from alliancekit.server.claims import (
    Claims,
    ClientClaims,
    ClientLaunchClaims,
    Launch,
    LaunchClaims,
    LinkClaims,
    PageClaims,
    ParticipantClaims,
    PasswordClaims,
    SupervisorClaims,
    SupervisorLaunchClaims,
    TherapistClaims,
)

__all__ = [
    "CLOCK_SKEW",
    "LONGEST_TOKEN",
    "REMEMBERED",
    "Claims",
    "ClientClaims",
    "ClientLaunchClaims",
    "Key",
    "Launch",
    "LaunchClaims",
    "LinkClaims",
    "PageClaims",
    "ParticipantClaims",
    "PasswordClaims",
    "Refusal",
    "SupervisorClaims",
    "SupervisorLaunchClaims",
    "TherapistClaims",
    "TokenRefusedError",
    "Tokens",
    "tokens_of",
]

LONGEST_TOKEN = 2048
"""Characters; a longer one is refused before it is parsed."""

CLOCK_SKEW = 10.0
"""Seconds that the clocks of two servers may differ."""

REMEMBERED = 8192
"""Tokens whose check is remembered until they expire: a page sends the same one with every request."""

_HEADER = {"alg", "typ", "kid"}

Refusal = Literal[
    "malformed", "header", "type", "unknown-key", "signature", "expired", "not-yet", "lifetime", "claims"
]
"""Why a token was refused; for logs, never for the caller."""


class TokenRefusedError(NotAllowedError):
    """A token is not accepted. The message is always the same; `reason` is for the log.

    Neither holds any part of the token.
    """

    status = 401
    slug = "not-signed-in"

    def __init__(self, reason: Refusal) -> None:
        super().__init__(
            "The token is not accepted: it is not valid for this, or no longer.",
            fix="Ask the service that gave it to you for a new one.",
        )
        self.reason: Refusal = reason


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; `kid` names it in tokens, `secret` has at least 32 random bytes."""

    kid: str
    secret: bytes = field(repr=False)


C = TypeVar("C", bound=Claims)


class Tokens:
    """Issues and checks tokens.

    Args:
        keys: the first signs, all verify; to rotate, put a new one in front and drop the old one when the
            longest token it signed has expired.
        issuer: who issues, the service's public URL; tokens of another issuer are refused.

    Raises:
        ConfigError: no key, a key of less than 32 bytes, an empty or repeated `kid`, or no issuer.
    """

    def __init__(self, keys: Sequence[Key], issuer: str) -> None:
        if not keys or not issuer:
            raise ConfigError(
                "Tokens cannot be signed: there is no signing key or no issuer.",
                fix="Set `signing_keys` and `issuer`.",
            )
        for key in keys:
            if len(key.secret) < MINIMUM_KEY_BYTES:
                raise ConfigError(
                    f"The signing key {key.kid!r} has {len(key.secret)} bytes and could be guessed.",
                    fix=f"Use at least {MINIMUM_KEY_BYTES} random bytes: openssl rand -base64 48",
                )
        self._keys = {key.kid: key.secret for key in keys}
        if len(self._keys) != len(keys) or "" in self._keys:
            raise ConfigError(
                "Two signing keys have the same `kid`, or one has none.", fix="Name each key differently."
            )
        self._kid = keys[0].kid
        self._issuer = issuer
        self._jwt = jwt.PyJWT()
        # By digest, so that no token is kept; a token cannot be revoked, so what was valid is until `exp`.
        self._checked: dict[bytes, tuple[Claims, float]] = {}

    def issue(self, claims: Claims, *, lifetime: float | None = None, at: float | None = None) -> str:
        """A signed token.

        Args:
            claims: what it says.
            lifetime: seconds until it expires; the kind's usual lifetime when left out.
            at: when it is issued, seconds since 1970 UTC; now when left out.

        Raises:
            ValueError: `lifetime` is longer than the kind allows.
        """
        seconds = claims.lifetime if lifetime is None else lifetime
        if seconds > claims.longest:
            raise ValueError(f"{type(claims).__name__} lives {claims.longest:g} s at most, not {seconds:g}.")
        now = int(time.time() if at is None else at)
        payload: dict[str, Any] = {
            each.name: value for each in fields(claims) if (value := getattr(claims, each.name))
        }
        payload |= {
            "sub": payload.pop(claims.subject),
            "iss": self._issuer,
            "aud": claims.audience,
            "iat": now,
            "exp": now + int(seconds),
        }
        header = {"typ": claims.typ, "kid": self._kid}
        return self._jwt.encode(payload, self._keys[self._kid], algorithm="HS256", headers=header)

    def check(self, token: str, kind: type[C]) -> C:
        """The claims of a token of this kind.

        Raises:
            TokenRefusedError: anything is wrong with it; `reason` says what, for the log.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise TokenRefusedError("malformed")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._checked.get(digest)
        if known is not None and type(known[0]) is kind and time.time() < known[1] + CLOCK_SKEW:
            return known[0]
        payload = self._verified(token, kind)
        claims = _claims(payload, kind)
        if len(self._checked) >= REMEMBERED:
            del self._checked[next(iter(self._checked))]
        self._checked[digest] = claims, payload["exp"]
        return claims

    def _verified(self, token: str, kind: type[Claims]) -> dict[str, Any]:
        header = _header(token)
        if set(header) != _HEADER or header["alg"] != "HS256":
            raise TokenRefusedError("header")
        if header["typ"] != kind.typ:
            raise TokenRefusedError("type")
        key = self._keys.get(header["kid"]) if isinstance(header["kid"], str) else None
        if key is None:
            raise TokenRefusedError("unknown-key")
        try:
            payload: dict[str, Any] = self._jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                audience=kind.audience,
                issuer=self._issuer,
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "iat", "iss", "aud", "sub"], "strict_aud": True},
            )
        except jwt.InvalidSignatureError:
            raise TokenRefusedError("signature") from None
        except jwt.ExpiredSignatureError:
            raise TokenRefusedError("expired") from None
        except jwt.ImmatureSignatureError:
            raise TokenRefusedError("not-yet") from None
        except (jwt.InvalidTokenError, ValueError, OverflowError):
            raise TokenRefusedError("claims") from None
        return payload


def tokens_of(settings: Settings) -> Tokens:
    """What issues and checks the tokens of a service with these settings.

    Raises:
        ConfigError: a signing key cannot be read, or none is set where one is needed.
    """
    keys = [Key(kid, secret) for kid, secret in settings.keys().items()]
    return Tokens(keys, issuer=settings.issuer or "alliancekit")


def _header(token: str) -> dict[str, Any]:
    """The header, before PyJWT verifies it: the key that PyJWT needs is named in it."""
    segment = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise TokenRefusedError("malformed") from None
    if not isinstance(header, dict):
        raise TokenRefusedError("malformed")
    return header


def _claims(payload: dict[str, Any], kind: type[C]) -> C:
    lifetime = payload["exp"] - payload["iat"]
    if not 0 <= lifetime <= kind.longest:
        raise TokenRefusedError("lifetime")
    known = (each for each in fields(kind) if each.name in payload or "optional" not in each.metadata)
    names = {each.name: each.name for each in known} | {kind.subject: "sub"}
    try:
        return kind(**{name: payload[claim] for name, claim in names.items()})
    except (KeyError, ValueError):
        raise TokenRefusedError("claims") from None
