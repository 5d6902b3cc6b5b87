"""Where people may be sent on to after they were asked: addresses of allow-listed origins, nothing else.

An address is taken apart strictly, compared, and put together again from what was compared, so that no
browser can read another origin into it (RFC 6454; the WHATWG URL standard lists what browsers forgive).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

LONGEST: Final = 2000
"""Characters that an address may have."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts that may be reached without TLS: this machine, for development."""

_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[::1\])"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<sub>\*\.)?(?P<host>{_HOST}){_PORT}/?", re.I | re.A)
_ADDRESS = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_HOST}){_PORT}(?P<rest>(?:[/?#].*)?)", re.I | re.A | re.S
)
_NEVER = re.compile(r"[\x00-\x20\x7f\\]")
"""Browsers drop some of these and take the backslash for a slash."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin that people may be sent on to; with `below`, every sub-domain of the host instead of it."""

    scheme: str
    host: str
    port: int
    below: bool = False

    def covers(self, other: Origin) -> bool:
        """Whether an address of the other origin is allowed by this one."""
        if (self.scheme, self.port) != (other.scheme, other.port):
            return False
        return other.host.endswith(f".{self.host}") if self.below else other.host == self.host


@dataclass(frozen=True, slots=True)
class Onward:
    """Where somebody goes on to.

    Attributes:
        address: the address; empty when there is none, or it was refused.
        site: its host, to be shown to people.
        refused: why it was refused, for the log: never a part of its path or query.
    """

    address: str = ""
    site: str = ""
    refused: str = ""


NOWHERE: Final = Onward()
"""Nobody asked to be sent on."""


def origin(text: str) -> Origin:
    """Read an entry of the allow-list, such as `https://clinic.example` or `https://*.clinic.example`.

    Raises:
        ValueError: it is none; the message says what to write.
    """
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError(
            "must be an origin such as https://clinic.example or https://*.clinic.example, without a path;"
            " write a name with other letters than a-z in its xn-- form"
        )
    made = _origin(found, below=bool(found["sub"]))
    if made is None:
        raise ValueError("has a port that does not exist")
    if made.scheme != "https" and made.host not in LOOPBACK:
        raise ValueError("must begin with https:// (http:// is for this machine only)")
    if made.below and "." not in made.host:
        raise ValueError("must name a domain of your own after *.")
    return made


def onward(given: Sequence[str], allowed: Sequence[Origin]) -> Onward:
    """Decide where somebody goes on to.

    Args:
        given: every value of the parameter `next`, percent-decoded once.
        allowed: the origins that the operator named.
    """
    if not any(given):
        return NOWHERE
    try:
        wanted, rest = _taken_apart(given)
    except _RefusedError as error:
        return Onward(refused=error.why)
    written = _written(wanted)
    if not any(one.covers(wanted) for one in allowed):
        return Onward(refused=f"prompts.redirect_to does not allow {written}")
    return Onward(address=written + rest, site=written.partition("://")[2])


class _RefusedError(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _taken_apart(given: Sequence[str]) -> tuple[Origin, str]:
    """The origin and the rest of the only address given; raises _RefusedError with the reason."""
    if len(given) > 1:
        raise _RefusedError("it was given more than once")
    address = given[0]
    if len(address) > LONGEST:
        raise _RefusedError(f"it is longer than {LONGEST} characters")
    if _NEVER.search(address):
        raise _RefusedError("it holds a space, a control character or a backslash")
    found = _ADDRESS.fullmatch(address)
    wanted = None if found is None else _origin(found)
    if found is None or wanted is None:
        raise _RefusedError("it is no https:// address of a plain host")
    try:
        rest = quote(found["rest"], safe=_PRINTABLE)
    except UnicodeEncodeError:
        raise _RefusedError("it holds half of a character") from None
    return wanted, rest if rest.startswith("/") else f"/{rest}"


def _origin(found: re.Match[str], *, below: bool = False) -> Origin | None:
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    return Origin(scheme, found["host"].lower(), port, below) if 0 < port < 65536 else None


def _written(one: Origin) -> str:
    port = "" if one.port == _DEFAULT_PORTS[one.scheme] else f":{one.port}"
    return f"{one.scheme}://{one.host}{port}"
