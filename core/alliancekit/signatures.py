"""What adapters need to check a platform's signature, each step once. Pure: no I/O, no clock.

Every `verify` of an adapter does the same four things in this order, with these functions: the signature over
the raw bytes, compared in constant time, against every configured secret; the age of the message; the body as
JSON without surprises; and `Verified`, whose `message` lets the host see a repetition.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, SecretStr

from alliancekit.adapters import RawRequest, Rejected, Verified

LEAST = 32
"""Bytes that a secret of HMAC-SHA256 needs (RFC 7518, section 3.2): as many as the hash has."""


def _long_enough(secret: SecretStr) -> SecretStr:
    length = len(secret.get_secret_value().encode())
    if length < LEAST:
        raise ValueError(
            f"a secret of {length} bytes is too short, it needs {LEAST}; make one: openssl rand -hex 32"
        )
    return secret


LongSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
"""The type of a setting for a secret that signs JSON web tokens; a shorter one is refused at the start."""

WINDOW = 300.0
"""Seconds by which a message's time may differ from ours, to both sides, where the platform names none."""

DEPTH = 32
"""How deep JSON of a platform may be nested."""


def digest(secret: bytes, message: bytes, *, algorithm: str = "sha256") -> bytes:
    """HMAC of a message."""
    return hmac.new(secret, message, algorithm).digest()


def check(given: bytes, expected: Callable[[bytes], bytes], secrets: Sequence[bytes]) -> None:
    """Compare a signature with what each secret would give; all are tried, so that time tells nothing.

    Args:
        given: the signature as bytes (decoded from hexadecimal or base64 already).
        expected: secret → signature.
        secrets: every secret that is valid now; the old and the new one while they are rotated.

    Raises:
        Rejected: `no_secret` without a secret, `bad_signature` when none fits.
    """
    if not secrets:
        raise Rejected("no_secret")
    fits = [hmac.compare_digest(given, expected(secret)) for secret in secrets]
    if not any(fits):
        raise Rejected("bad_signature")


def check_token(given: str, secrets: Sequence[bytes]) -> None:
    """Compare a static token, which proves who sends but nothing about what.

    Raises:
        Rejected: as `check`, or `unsigned` when there is none.
    """
    if not given:
        raise Rejected("unsigned")
    # Digests have one length, whatever was sent.
    check(hashlib.sha256(given.encode()).digest(), lambda s: hashlib.sha256(s).digest(), secrets)


def check_age(at: float, now: float, *, window: float = WINDOW) -> None:
    """Refuse a message whose signed time is too far from ours.

    Raises:
        Rejected: `stale`, or `from_the_future`.
    """
    if not at >= now - window:
        raise Rejected("stale")
    if at > now + window:
        raise Rejected("from_the_future")


def from_hex(text: str) -> bytes:
    """The bytes of a hexadecimal signature.

    Raises:
        Rejected: `unsigned` when it is empty, `bad_signature` when it is no hexadecimal text.
    """
    return _decoded(text, bytes.fromhex)


def from_base64(text: str) -> bytes:
    """The bytes of a base64 signature; raises as `from_hex`."""
    return _decoded(text, lambda value: base64.b64decode(value, validate=True))


def _decoded(text: str, decode: Callable[[str], bytes]) -> bytes:
    if not text:
        raise Rejected("unsigned")
    try:
        return decode(text)
    except (ValueError, binascii.Error):
        raise Rejected("bad_signature") from None


def number(text: str) -> float:
    """A time in a header, in seconds; milliseconds are told by their size.

    Raises:
        Rejected: `malformed` when it is no plain positive integer.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Rejected("malformed")
    value = float(text)
    return value / 1000 if value > 1e11 else value


def json_object(body: bytes) -> Mapping[str, Any]:
    """The body as one JSON object; not nested deeper than `DEPTH`, no key twice, no NaN.

    Raises:
        Rejected: `malformed`.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Rejected("malformed") from None
    if not isinstance(value, dict) or _deeper(value, DEPTH):
        raise Rejected("malformed")
    return value


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError("a key stands twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _deeper(value: Any, left: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(left == 0 or _deeper(each, left - 1) for each in inner if isinstance(each, (dict, list)))


SIGNATURES = 10
"""How many signatures one message may carry; more would only cost time."""

LONGEST_ID = 200


def standard_webhook(request: RawRequest, now: float, keys: Sequence[bytes]) -> Verified:
    """Check a message that is signed by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

    Args:
        request: with `webhook-id`, `webhook-timestamp` and `webhook-signature`.
        now: seconds since 1970 UTC.
        keys: the bytes of every secret that is valid now.

    Raises:
        Rejected: it is not genuine, too old, or no JSON object.
    """
    identifier, sent = request.header("webhook-id"), request.header("webhook-timestamp")
    given = request.header("webhook-signature").split()
    if not (identifier and sent and given):
        raise Rejected("unsigned")
    if not identifier.isascii() or len(identifier) > LONGEST_ID or len(given) > SIGNATURES:
        raise Rejected("malformed")
    if not keys:
        raise Rejected("no_secret")
    at = number(sent)
    signed = f"{identifier}.{sent}.".encode() + request.body
    expected = [digest(key, signed) for key in keys]
    ours = [from_base64(one.removeprefix("v1,")) for one in given if one.startswith("v1,")]
    # All are compared, so that time tells nothing.
    fits = [hmac.compare_digest(one, each) for one in ours for each in expected]
    if not any(fits):
        raise Rejected("bad_signature")
    check_age(at, now)
    return Verified(content=json_object(request.body), message=identifier, at=at)
