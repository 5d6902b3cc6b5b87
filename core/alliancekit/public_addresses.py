"""Whether an address that somebody else gave us may be called: public ones only, unless allowed.

Who may name an address for us to call could otherwise reach what only this machine can: its own services, the
network behind it, a cloud's metadata service (OWASP, Server-Side Request Forgery Prevention). The name is
resolved once, all of its addresses are checked, and the connection goes to one of these, so that a name
cannot change its mind in between.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from alliancekit.errors import RefusedError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 2000
"""Characters of an address."""


class AddressRefusedError(RefusedError):
    """An address may not be called."""

    status = 422
    slug = "address-refused"


class UnresolvedError(Exception):
    """A host's name has no address at this moment."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect for an address: a numeric host, with the name for the certificate and the request."""

    url: str
    host: str
    sni: str


def parsed(url: str) -> SplitResult:
    """An address in its parts, if it is one that could be called at all.

    Raises:
        AddressRefusedError: it is not http or https, has no host, or has a user or a fragment.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    if len(url) > LONGEST or not url.isascii() or any(letter <= " " for letter in url):
        raise _refused("it is too long, or has blanks or letters that must be encoded")
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise _refused("it must begin with https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("it must have no user, password or fragment")
    return parts


async def target(url: str, allowed: Sequence[Network]) -> Target:
    """Resolve an address and check where it leads.

    Args:
        url: `https://host…`; `http` only where all of the host's addresses are allowed ones.
        allowed: networks that may be called although they are not public.

    Raises:
        AddressRefusedError: it leads to an address that is neither public nor allowed.
        UnresolvedError: the name has no address now.
    """
    parts = parsed(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await _addresses(host, port)
    private = [one for one in found if not one.is_global or one.is_multicast]
    if any(not any(one in network for network in allowed) for one in private):
        raise _refused("it leads to an address that is not public")
    if parts.scheme == "http" and any(not any(one in network for network in allowed) for one in found):
        raise _refused("what is sent there would not be encrypted: use https")
    chosen = found[0]
    numeric = f"[{chosen}]" if chosen.version == 6 else str(chosen)
    name = f"[{host}]" if ":" in host else host
    given = name if parts.port is None else f"{name}:{parts.port}"
    return Target(url=parts._replace(netloc=f"{numeric}:{port}").geturl(), host=given, sni=host)


async def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnresolvedError from None
    addresses = [_unwrapped(ipaddress.ip_address(str(info[4][0]).partition("%")[0])) for info in found]
    if not addresses:
        raise UnresolvedError
    return addresses


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
    return address


def _refused(why: str) -> AddressRefusedError:
    return AddressRefusedError(
        f"This address cannot be used: {why}. Nothing was sent.",
        fix="Give a public https:// address; for private networks the operator sets webhooks.allow_networks.",
    )
