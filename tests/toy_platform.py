"""A platform whose messages are our happenings as they are, proved by a static token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import httpx
from typing_extensions import override

from alliancekit.adapters import (
    Adapter,
    Capabilities,
    Challenge,
    Happening,
    RawRequest,
    Reason,
    Verified,
    WebhookAdapter,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.signatures import check_token, json_object
from tests.services import Site

PATH = "/v1/adapters/toy/events"


class Toy(WebhookAdapter):
    """A platform with a static token, whose body is our happenings as they are; it keeps what it saw."""

    name = "toy"
    title = "Toy platform"
    capabilities = Capabilities(webhooks=True, presence=True, identity=True, trust="static_token")
    max_body = 2000
    statuses: ClassVar[dict[Reason, int]] = {"bad_signature": 503, "malformed": 422}

    def __init__(self) -> None:
        self.seen: list[RawRequest] = []
        self.rooms: dict[str, Happening | Exception | None] = {}

    @override
    async def start(self, host: Any) -> None:
        pass

    @override
    async def stop(self) -> None:
        pass

    @override
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        self.seen.append(request)
        if request.method != "POST":
            return Challenge(body=b"hello", content_type="text/plain", headers={"X-Toy": "1"})
        check_token(request.header("x-token"), [b"right"])
        content = json_object(request.body)
        if content.get("raise"):
            raise RuntimeError("Ana said something")
        return Verified(content=content, message=hashlib.sha256(request.body).hexdigest(), at=now)

    @override
    def parse(self, message: Verified) -> Sequence[Happening]:
        if message.content.get("raise_later"):
            raise KeyError("Ana said something")
        return [Happening(**one) for one in message.content["happenings"]]

    @override
    async def snapshot(self, room: str) -> Happening | None:
        found = self.rooms.get(room)
        if isinstance(found, Exception):
            raise found
        return found


class ToyPlatform(AllianceHooks):
    """Brings it."""

    def __init__(self) -> None:
        self.adapter = Toy()

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return (self.adapter,)


def said(kind: str, at: float, room: str = "inst-1", name: str = "visit-1", **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "room": room, "name": name, "at": at, **fields}


async def post(site: Site, *happenings: Any, token: str = "right", **more: Any) -> httpx.Response:
    body = json.dumps({"happenings": happenings, **more})
    return await site.http.post(PATH, content=body, headers={"X-Token": token})


async def counts(site: Site, name: str = "toy") -> dict[str, Any]:
    reply = await site.get("/v1/adapters")
    assert reply.status_code == 200
    (found,) = [one for one in reply.json()["adapters"] if one["name"] == name]
    return found
