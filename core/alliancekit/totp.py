"""One-time codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six figures, steps of 30 seconds.

These are the values that every app takes. A code is accepted one step early or late, and once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote, urlencode

STEP: Final = 30
"""Seconds that a code lasts."""

DIGITS: Final = 6

SECRET_BYTES: Final = 20
"""As many as SHA-1 gives, which RFC 4226 (section 4, R6) recommends."""


def new_secret() -> str:
    """A new secret, in base32 as apps take it when it is typed."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step: HOTP of its number (RFC 4226, section 5.3)."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: str, given: str, at: float, *, after: int | None = None) -> int | None:
    """The time step whose code this is; None where it is no valid code.

    Args:
        secret: in base32.
        given: what was typed; spaces are left out.
        at: now, in seconds since 1970 UTC.
        after: the last step whose code was used; that one and all before it are not valid any more.
    """
    typed = "".join(given.split()).encode()
    now = int(at // STEP)
    found = [
        step
        for step in (now - 1, now, now + 1)
        if hmac.compare_digest(code(secret, step).encode(), typed) and (after is None or step > after)
    ]
    return found[0] if found else None


def uri(secret: str, login: str, issuer: str = "AllianceKit") -> str:
    """The address that apps read from a QR code (the format "Key Uri" of Google Authenticator)."""
    label = quote(f"{issuer}:{login}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"
