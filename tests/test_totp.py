"""One-time codes: the published vectors, the window, and once only."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from alliancekit import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238(at: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1."""
    assert totp.code(RFC_SECRET, at // totp.STEP, digits=8) == code


@pytest.mark.parametrize(
    ("count", "code"),
    list(
        enumerate(
            [
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]
        )
    ),
)
def test_vectors_of_rfc_4226(count: int, code: str) -> None:
    """RFC 4226, appendix D."""
    assert totp.code(RFC_SECRET, count) == code


def test_one_step_early_and_late_and_no_further() -> None:
    at = 1_800_000_015.0
    now = int(at // totp.STEP)
    for step, accepted in ((now - 2, False), (now - 1, True), (now, True), (now + 1, True), (now + 2, False)):
        assert totp.step_of(RFC_SECRET, totp.code(RFC_SECRET, step), at) == (step if accepted else None)


def test_a_used_code_and_those_before_it_are_over() -> None:
    at = 1_800_000_015.0
    now = int(at // totp.STEP)
    assert totp.step_of(RFC_SECRET, totp.code(RFC_SECRET, now), at, after=now) is None
    assert totp.step_of(RFC_SECRET, totp.code(RFC_SECRET, now - 1), at, after=now) is None
    assert totp.step_of(RFC_SECRET, totp.code(RFC_SECRET, now + 1), at, after=now) == now + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345"])
def test_what_is_no_code(typed: str) -> None:
    assert totp.step_of(RFC_SECRET, typed, 59.0) is None


def test_spaces_are_left_out() -> None:
    assert totp.step_of(RFC_SECRET, " 287 082 ", 59.0) == 1


def test_a_new_secret_is_long_and_never_the_same() -> None:
    made = {totp.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(base64.b32decode(one)) == totp.SECRET_BYTES for one in made)


def test_the_address_for_apps() -> None:
    parts = urlsplit(totp.uri(RFC_SECRET, "sam@clinic.example"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/AllianceKit:sam@clinic.example"
    assert parse_qs(parts.query) == {"secret": [RFC_SECRET], "issuer": ["AllianceKit"]}
