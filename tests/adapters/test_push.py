"""Messages of a host's own system: Standard Webhooks signatures, the body's schema, the contract."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook
from typing_extensions import override

from alliancekit.adapters import RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.testing import Recorded, WebhookContract
from alliancekit_push import PushAdapter, PushMessage, PushSettings

NOW = 1_790_000_000.0
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"t" * 32).decode()
URL = "https://feedback.example/v1/adapters/push/events"


def signed(body: bytes, at: float, *, secret: str = SECRET, identifier: str | None = None) -> RawRequest:
    """A request as the reference implementation signs it (which takes text, so only valid UTF-8)."""
    identifier = identifier or f"msg_{abs(hash((body, at)))}"
    text = body.decode("utf-8", "surrogateescape")
    try:
        signature = Webhook(secret).sign(identifier, datetime.fromtimestamp(int(at), UTC), text)
    except UnicodeEncodeError:
        import hashlib
        import hmac

        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{identifier}.{int(at)}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    headers = {
        "webhook-id": (identifier,),
        "webhook-timestamp": (str(int(at)),),
        "webhook-signature": (signature,),
        "content-type": ("application/json",),
    }
    return RawRequest(method="POST", url=URL, headers=headers, body=body)


def message(*happenings: dict[str, Any]) -> bytes:
    return json.dumps({"happenings": happenings}).encode()


def happening(kind: str, at: float, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "room": "meeting-1", "name": "visit-1", "at": at, **fields}


def joined(person: str, at: float, connection: str) -> dict[str, Any]:
    return happening("joined", at, person=person, connection=connection)


def left(person: str, at: float, connection: str, since: float, how: str = "left") -> dict[str, Any]:
    return happening("left", at, person=person, connection=connection, how=how, joined_at=since)


def make_adapter(secrets: Sequence[str] = (SECRET,)) -> PushAdapter:
    return PushAdapter(PushSettings.model_validate({"secrets": list(secrets)}))


CALL: list[tuple[float, bytes]] = [
    (NOW, message(happening("started", NOW))),
    (NOW + 10, message(joined("c1", NOW + 10, "a"))),
    (NOW + 12, message(joined("t1", NOW + 12, "b"), happening("spoke", NOW + 12, person="t1", seconds=2))),
    (NOW + 300, message(left("c1", NOW + 300, "a", NOW + 10, "dropped"))),
    (NOW + 310, message(joined("c1", NOW + 310, "c"), joined("bot", NOW + 310, "d"))),
    (NOW + 1800, message(left("c1", NOW + 1800, "c", NOW + 310))),
    (NOW + 1805, message(left("t1", NOW + 1805, "b", NOW + 12), happening("over", NOW + 1805))),
]


class TestPush(WebhookContract):
    secret, other_secret = SECRET, OTHER
    signed_headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    people = {"c1": "client", "t1": "therapist"}

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return make_adapter(secrets)

    @override
    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body, at), at=at) for at, body in CALL]

    @override
    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)
