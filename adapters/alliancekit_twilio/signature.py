"""Twilio's request signature (twilio.com/docs/usage/security, `RequestValidator` of its Python package).

HMAC over the public address followed by all parameters of the form, sorted by name, each name with its value;
of a name that comes several times every value once, sorted. The port of the address is sometimes part of what
Twilio signs and sometimes not. Where the body is no form, the address carries its SHA-256 as `bodySHA256`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from alliancekit.adapters import Rejected
from alliancekit.signatures import digest, from_base64, from_hex

ALGORITHMS: Final[Mapping[str, str]] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
"""Names in `X-Twilio-Webhooks-Signature-Settings`; without that header it is SHA-1 with the auth token."""

MOST: Final = 500
"""Parameters that a form may have."""

Parameters = Sequence[tuple[str, str]]


def check(
    url: str, body: bytes, signature: str, settings: str, secrets: Sequence[bytes], *, hashed: bool
) -> None:
    """Check a request.

    Args:
        url: the public address that Twilio called, with its query.
        body: the raw body.
        signature: the header `X-Twilio-Signature`.
        settings: the header `X-Twilio-Webhooks-Signature-Settings`, or nothing.
        secrets: auth tokens, and secrets of shared keys.
        hashed: whether the address carries a hash of the body, which is then no form.

    Raises:
        Rejected: `wrong_address` when it was signed for the other scheme, or a slash more or less.
    """
    if not secrets:
        raise Rejected("no_secret")
    given = from_base64(signature)
    algorithm = ALGORITHMS.get(_algorithm(settings))
    if algorithm is None or (hashed and not _fits_hash(url, body)):
        raise Rejected("bad_signature")
    parameters = b"" if hashed else _written(_read(body))

    def fits(addresses: Iterable[str]) -> bool:
        signed = [one.encode("utf-8", "surrogatepass") + parameters for one in addresses]
        expected = [digest(secret, one, algorithm=algorithm) for secret in secrets for one in signed]
        found = [hmac.compare_digest(given, one) for one in expected]
        return any(found)

    if fits(_with_and_without_port(url)):
        return
    if fits(address for other in _near(url) for address in _with_and_without_port(other)):
        raise Rejected("wrong_address")
    raise Rejected("bad_signature")


def body_hashes(url: str) -> Sequence[str]:
    """The hashes of the body in an address; usually none, or one."""
    try:
        query = parse_qsl(urlsplit(url).query, max_num_fields=MOST)
    except ValueError:
        return ()
    return [value for name, value in query if name == "bodySHA256"]


def parameters(body: bytes) -> Parameters:
    """A form's parameters.

    Raises:
        Rejected: `malformed` when it is not one.
    """
    try:
        form = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST,
        )
    except ValueError:
        raise Rejected("malformed") from None
    if not form:
        raise Rejected("malformed")
    return form


def _read(body: bytes) -> Parameters:
    """A form as any web framework would read it, whatever it is: what was signed is not known better."""
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        raise Rejected("malformed") from None


def _written(form: Parameters) -> bytes:
    return "".join(name + value for name, value in sorted(set(form))).encode("utf-8", "surrogatepass")


def _fits_hash(url: str, body: bytes) -> bool:
    hashes = body_hashes(url)
    return len(hashes) == 1 and hmac.compare_digest(from_hex(hashes[0]), hashlib.sha256(body).digest())


def _algorithm(settings: str) -> str:
    parts = [part.strip().partition("=") for part in settings.split(",")]
    named = [
        value.strip().upper() for name, _, value in parts if name.strip() == "algorithm" and value.strip()
    ]
    return named[0] if named else "HMAC_SHA1"


def _split(url: str) -> tuple[SplitResult, int | None] | None:
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return None


def _with_and_without_port(url: str) -> Sequence[str]:
    """The address as it is, and with and without its port; 443 or 80 where it has none."""
    split = _split(url)
    if split is None:
        return [url]
    parts, port = split
    bare = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    usual = 443 if parts.scheme == "https" else 80
    ported = f"{bare}:{usual}" if port is None else parts.netloc
    return [url, *(parts._replace(netloc=one).geturl() for one in (bare, ported))]


def _near(url: str) -> Sequence[str]:
    """Addresses that are often configured instead: the other scheme, a slash more or less."""
    split = _split(url)
    if split is None:
        return []
    parts, _ = split
    slash = parts.path.removesuffix("/") if parts.path.endswith("/") else parts.path + "/"
    other = "http" if parts.scheme == "https" else "https"
    return [parts._replace(scheme=other).geturl(), parts._replace(path=slash).geturl()]
