"""What an adapter makes of its platform's messages; whatever it raises, nobody sees the text of."""

from __future__ import annotations

import logging
from typing import Any

from alliancekit import happenings
from alliancekit.adapters import (
    Adapter,
    Challenge,
    Happening,
    RawRequest,
    Rejected,
    SocketAdapter,
    Verified,
    WebhookAdapter,
)
from alliancekit.isolation import ANYTHING

log = logging.getLogger("alliancekit.inbound")


def verified(adapter: WebhookAdapter, request: RawRequest, now: float) -> Verified | Challenge:
    """What an adapter makes of a request.

    Raises:
        Rejected: it is not taken; `malformed` whatever else the adapter raised.
    """
    if len(request.body) > adapter.max_body:
        raise Rejected("too_large")
    try:
        return adapter.verify(request, now)
    except Rejected:
        raise
    except ANYTHING as error:
        raise misread(adapter, error) from None


def parsed(adapter: WebhookAdapter, message: Verified, now: float) -> tuple[Happening, ...]:
    """What a message says.

    Raises:
        Rejected: `malformed`, also when the adapter raised or said what no platform can mean.
    """
    try:
        said = tuple(adapter.parse(message))
        happenings.check(said, now)
    except Rejected:
        raise
    except ANYTHING as error:
        raise misread(adapter, error) from None
    return said


def begin(adapter: WebhookAdapter, message: Verified) -> None:
    """Let an adapter begin what a message asks for, now that it was applied; a failure changes nothing."""
    try:
        adapter.taken(message)
    except ANYTHING as error:
        misread(adapter, error)


def admitted(adapter: SocketAdapter, request: RawRequest, now: float) -> Any:
    """What an adapter makes of the opening request of its platform's connection.

    Raises:
        Rejected: it is refused; `malformed` whatever else the adapter raised.
    """
    try:
        return adapter.admit(request, now)
    except Rejected:
        raise
    except ANYTHING as error:
        raise misread(adapter, error) from None


def misread(adapter: Adapter, error: BaseException) -> Rejected:
    """The refusal of a message that an adapter could not read; the exception's text may quote it."""
    log.warning("the adapter %s raised %s on a message", adapter.name, type(error).__name__)
    return Rejected("malformed")
