"""Tells vendors what happened: signed, thin, again and again until they take it.

By the Standard Webhooks specification 1.0.0 (https://www.standardwebhooks.com): headers `webhook-id` (the
same over all attempts), `webhook-timestamp` (of the attempt) and `webhook-signature` (one for each secret). A
body holds identifiers and states, never an answer, a score or a name; the receiver asks the API for the rest,
which is recorded there. Messages may come in another order than things happened; `timestamp` tells it.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from alliancekit import public_addresses
from alliancekit.metrics import Metrics
from alliancekit.outbox import Handler
from alliancekit.public_addresses import AddressRefusedError, Network, UnresolvedError
from alliancekit.signatures import digest
from alliancekit.store import webhooks as store
from alliancekit.store.database import Database
from alliancekit.store.webhooks import Attempt, Endpoint, Message, Outcome

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("alliancekit.webhooks")

MINUTE: Final = 60.0
HOUR: Final = 3600.0

PAUSES: Final = (
    5.0,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""Seconds between attempts, of the specification's example: ten attempts over three days and four hours."""

JITTER: Final = 0.2
"""A pause is longer by up to this share at random: what failed together does not come back together."""

LONGEST_WAIT: Final = 24 * HOUR
"""How long `Retry-After` may postpone an attempt."""

SECONDS: Final = 20.0
"""How long an endpoint may take; the specification says 15 to 30."""


class Webhooks:
    """Delivers messages to vendors' endpoints.

    Args:
        database: where endpoints and messages are.
        allowed: networks that may be called although they are not public.
        clock: seconds since 1970 UTC.
        pauses: seconds between attempts.
        metrics: also counts the attempts.
    """

    def __init__(
        self,
        database: Database,
        *,
        allowed: Sequence[Network],
        clock: Callable[[], float],
        pauses: Sequence[float] = PAUSES,
        metrics: Metrics | None = None,
    ) -> None:
        self._attempts = (metrics or Metrics()).webhooks
        self._database = database
        self._allowed = tuple(allowed)
        self._clock = clock
        self._pauses = tuple(pauses)
        self._http: httpx.AsyncClient | None = None

    def handlers(self) -> dict[str, Handler]:
        """Handler by kind of outbox row."""
        return {"webhook": self._deliver}

    async def close(self) -> None:
        """Close what is open to endpoints."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def check(self, url: str) -> None:
        """Refuse an address that could never be called; a name that has no address now is no reason.

        Raises:
            AddressRefusedError: it may not be called.
        """
        try:
            await public_addresses.target(url, self._allowed)
        except UnresolvedError:
            return

    async def _deliver(self, tenant: str, _: str, payload: Mapping[str, Any]) -> None:
        """One attempt; the next one is queued together with the note how this one ended."""
        read = partial(
            _due,
            tenant=tenant,
            message=payload["message"],
            endpoint=payload["endpoint"],
            again=bool(payload.get("again")),
        )
        due = await self._database.read(read)
        if due is None:
            return
        message, endpoint = due
        number = int(payload["number"])
        outcome, status, wait = await self._attempt(message, endpoint)
        self._attempts.add(outcome)
        now = self._clock()
        next_at = None
        if outcome not in {"delivered", "gone"} and number <= len(self._pauses):
            pause = self._pauses[number - 1] * (1 + JITTER * random.random())  # noqa: S311 - spreads load
            next_at = now + max(pause, wait)
        attempt = Attempt(
            message=message.id,
            endpoint=endpoint.id,
            number=number,
            outcome=outcome,
            status=status,
            at=now,
            next_at=next_at,
        )
        reason = _disabling(outcome, next_at)
        await self._database.write(partial(_settle, tenant=tenant, attempt=attempt, reason=reason))
        if reason:
            log.warning("the webhook endpoint %s is disabled: %s", endpoint.id, reason)
        elif outcome != "delivered":
            log.info("attempt %d at the webhook endpoint %s: %s", number, endpoint.id, outcome)

    async def _attempt(self, message: Message, endpoint: Endpoint) -> tuple[Outcome, int | None, float]:
        """How it ended, the HTTP status if there was one, and how long the endpoint asks us to wait."""
        client = await self._client()
        import httpx  # noqa: PLC0415 - loaded in `_client`

        try:
            async with asyncio.timeout(SECONDS):
                where = await public_addresses.target(endpoint.url, self._allowed)
                async with client.stream(
                    "POST",
                    where.url,
                    content=message.body.encode(),
                    headers=headers(message, endpoint.secrets, self._clock()) | {"Host": where.host},
                    extensions={"sni_hostname": where.sni},
                ) as reply:
                    return _judge(reply.status_code), reply.status_code, self._wait(reply)
        except AddressRefusedError:
            return "forbidden", None, 0.0
        except (TimeoutError, httpx.TimeoutException):
            return "too_slow", None, 0.0
        except (UnresolvedError, httpx.HTTPError, OSError):
            return "unreachable", None, 0.0

    async def _client(self) -> httpx.AsyncClient:
        """The client, made in a thread: loading it and the certificates takes longer than calls may wait."""
        if self._http is None:
            self._http = await asyncio.to_thread(_make_client)
        return self._http

    def _wait(self, reply: httpx.Response) -> float:
        if reply.status_code not in {429, 503}:
            return 0.0
        given = reply.headers.get("retry-after", "")
        if given.isascii() and given.isdigit():
            return min(float(given[:9]), LONGEST_WAIT)
        try:
            return min(max(0.0, parsedate_to_datetime(given).timestamp() - self._clock()), LONGEST_WAIT)
        except (ValueError, OverflowError):
            return 0.0


def _make_client() -> httpx.AsyncClient:
    import httpx  # noqa: PLC0415 - only where somebody is told

    # Proxies of the environment would resolve the name themselves. A connection is kept by its numeric
    # address, which several hosts may share: each message gets one of its own.
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=SECONDS,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def headers(message: Message, secrets: Sequence[str], now: float) -> dict[str, str]:
    """The headers of one attempt."""
    sent = str(int(now))
    signed = f"{message.id}.{sent}.{message.body}".encode()
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "AllianceKit",
        "webhook-id": message.id,
        "webhook-timestamp": sent,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest(key, signed)).decode()}" for key in keys),
    }


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return "delivered"
    if 300 <= status < 400:
        return "redirected"
    if status == 410:
        return "gone"
    return "busy" if status in {429, 503} else "refused"


def _disabling(outcome: Outcome, next_at: float | None) -> str:
    """Why an endpoint gets nothing more after this attempt; empty when it does."""
    if outcome == "gone":
        return "it answered 410 Gone"
    if outcome != "delivered" and next_at is None:
        return f"no attempt of the last days got through, at last: {outcome.replace('_', ' ')}"
    return ""


def _due(
    conn: Connection, *, tenant: str, message: str, endpoint: str, again: bool
) -> tuple[Message, Endpoint] | None:
    """What has to be sent where; None when it was taken already, or nobody wants it any more."""
    found, where = store.read_message(conn, tenant, message), store.read_endpoint(conn, tenant, endpoint)
    if found is None or where is None or where.disabled_at is not None:
        return None
    return None if not again and store.was_delivered(conn, message, endpoint) else (found, where)


def _settle(conn: Connection, *, tenant: str, attempt: Attempt, reason: str) -> None:
    if store.read_endpoint(conn, tenant, attempt.endpoint) is None:
        return
    store.record(conn, tenant, attempt)
    if reason:
        store.disable(conn, attempt.endpoint, reason, attempt.at)
    elif attempt.next_at is not None:
        store.queue(
            conn,
            tenant,
            attempt.message,
            attempt.endpoint,
            number=attempt.number + 1,
            at=attempt.next_at,
            now=attempt.at,
        )
