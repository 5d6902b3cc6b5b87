"""Check what the service posts to you, and read it.

By the Standard Webhooks specification 1.0.0 (https://www.standardwebhooks.com); any of its libraries checks
the same messages. A message may come more than once: its `id` is the same then. It says what happened and to
which session; ask the API for more.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from alliancekit.adapters import RawRequest, Rejected
from alliancekit.client.errors import ClientError, InvalidWebhookError
from alliancekit.signatures import standard_webhook


class _Told(BaseModel):
    """What every message says.

    Attributes:
        id: the message's, the same at every attempt.
        at: when it happened.
        session: the service's id of the session.
        external_id: your id of the session.
        episode: the service's id of the episode.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    at: datetime
    session: str
    external_id: str
    episode: str


class SessionEnded(_Told):
    """A call is over: for which `reason`, and how sure that is (0–1)."""

    reason: str | None = None
    confidence: float | None = None


class SessionRated(_Told):
    """Somebody answered: to which prompt, at which moment, as what; never what."""

    prompt: str
    role: str
    moment: str


class SignalRaised(_Told):
    """A rule found something worth a look; `kind` and `rule` say what, `episodes.get` has the rest."""

    kind: str
    rule: str


Event = SessionEnded | SessionRated | SignalRaised

KINDS: Mapping[str, TypeAdapter[Event]] = {
    "session.ended": TypeAdapter(SessionEnded),
    "session.rated": TypeAdapter(SessionRated),
    "signal.raised": TypeAdapter(SignalRaised),
}


def verify(
    secret: str | Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> Event:
    """The event in a message that is genuine and not older than five minutes.

    Args:
        secret: the webhook's (`whsec_…`), or several while they change over.
        headers: the request's, in any case.
        body: the request's bytes, unchanged.
        now: seconds since 1970 UTC; the clock's when left out.

    Raises:
        InvalidWebhookError: answer the request with 400 and do nothing.
        ClientError: the secret is none.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    lower = {name.lower(): (value,) for name, value in headers.items()}
    request = RawRequest(method="POST", url="", headers=lower, body=body)
    try:
        found = standard_webhook(request, time.time() if now is None else now, keys)
    except Rejected as refused:
        raise InvalidWebhookError(refused.reason) from None
    kind, data = found.content.get("type"), found.content.get("data")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidWebhookError("unknown_kind")
    if not isinstance(data, dict):
        raise InvalidWebhookError("malformed")
    told = {**data, "id": found.message, "at": found.content.get("timestamp")}
    try:
        return KINDS[kind].validate_python(told)
    except ValidationError:
        raise InvalidWebhookError("malformed") from None


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key:
        raise ClientError("The secret is not one of Standard Webhooks.", fix="It begins with whsec_.")
    return key
