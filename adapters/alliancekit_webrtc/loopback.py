"""The one place that changes aioice: offer 127.0.0.1 and nothing else, for tests and the demo.

aioice leaves 127.0.0.1 out of its host addresses and has no setting for it. Importing this module replaces
`aioice.ice.get_host_addresses`, once, by a function that answers as before except inside `loopback_only()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import aioice.ice

_loopback: ContextVar[bool] = ContextVar("alliancekit_webrtc_loopback", default=False)
_every_address = aioice.ice.get_host_addresses


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return ["127.0.0.1"] if _loopback.get() else _every_address(use_ipv4, use_ipv6)


aioice.ice.get_host_addresses = _host_addresses


@contextmanager
def loopback_only(wanted: bool = True) -> Iterator[None]:
    """Gather ICE candidates on 127.0.0.1 only, in this task and those it starts; not so unless `wanted`.

    Wrap `setLocalDescription`: that is where aiortc gathers.
    """
    token = _loopback.set(wanted)
    try:
        yield
    finally:
        _loopback.reset(token)
