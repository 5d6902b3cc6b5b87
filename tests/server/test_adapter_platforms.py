"""Every platform that posts, through the whole service over HTTP: its call, and what nobody should send."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.services import PLAIN, Site, running_site, session_body
from tests.testing.test_recorded_contract import POSTING
from typing_extensions import override

from alliancekit import inbound
from alliancekit.adapters import Adapter, RawRequest, Verified, WebhookAdapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.testing import FakeClock, Recorded, WebhookContract
from alliancekit.testing.hostile import SIZES_AND_SHAPES, wrong_types


class Brings(AllianceHooks):
    """A plugin with one adapter."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter

    @override
    @hookimpl
    def register_adapters(self) -> list[Adapter]:
        return [self.adapter]


class Platform:
    """A platform that calls a service, by its own tests' contract."""

    def __init__(self, name: str) -> None:
        module = f"tests.adapters.test_{name}"
        found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
        [contract] = [
            one for _, one in found if issubclass(one, WebhookContract) and one.__module__ == module
        ]
        self.contract: WebhookContract = contract()
        self.recorded = list(self.contract.recorded())
        self.public = urlsplit(self.recorded[0].request.url)

    def adapter(self, *secrets: str) -> WebhookAdapter:
        made = self.contract.make_adapter(secrets or [self.contract.secret])
        # Some sign the address, with whatever name it has there.
        made.name = self.public.path.split("/")[3]
        return made

    async def posts(self, site: Site, request: RawRequest) -> httpx.Response:
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = [(name, value) for name, values in request.headers.items() for value in values]
        return await site.http.request(request.method, target, headers=headers, content=request.body)


@pytest.fixture(params=POSTING)
def platform(request: pytest.FixtureRequest) -> Platform:
    return Platform(request.param)


@asynccontextmanager
async def connected(platform: Platform, folder: Path, *secrets: str) -> AsyncIterator[Site]:
    """A service that the platform knows by the address of its recorded call."""
    adapter = platform.adapter(*secrets)
    clock = FakeClock(platform.recorded[0].at)
    async with running_site(folder, extra=[("it", Brings(adapter))], plugins=PLAIN, clock=clock) as site:
        site.app.backend.base_url = f"{platform.public.scheme}://{platform.public.netloc}"
        yield site


async def stored(site: Site) -> dict[str, Any]:
    """Every row, beside the counts of what was refused."""
    return {name: rows for name, rows in (await site.rows()).items() if name != "adapter_count"}


def room_of(platform: Platform) -> str:
    adapter = platform.adapter()
    for one in platform.recorded:
        message = adapter.verify(one.request, one.at)
        assert isinstance(message, Verified)
        for happening in adapter.parse(message):
            return happening.name or happening.room
    raise AssertionError("the recorded call is about no room")


async def test_its_recorded_call_is_a_session_that_ends_and_asks(
    platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people = platform.contract.people
    async with connected(platform, tmp_path) as site:
        body = session_body(
            participants=[{"role": role, "external_id": person} for person, role in people.items()],
            adapter=platform.adapter().name,
            room=room_of(platform),
        )
        created = (await site.post("/v1/sessions", body)).json()
        for one in platform.recorded:
            site.clock.now = max(site.clock(), one.at)
            assert (await platform.posts(site, one.request)).status_code == 200
            again = await platform.posts(site, one.request)
            assert again.status_code == 200, "what is sent twice is answered as if it were new"
        await site.settle()
        shown = (await site.get(f"/v1/sessions/{created['id']}")).json()
        assert shown["status"] in {"ended", "live"}
        if shown["status"] == "live":
            site.clock.now += 60
            await site.service.calls.report(site.tenant, created["id"], ())
            await site.settle()
            shown = (await site.get(f"/v1/sessions/{created['id']}")).json()
        asked = platform.contract.asked or {who for who, role in people.items() if role != "observer"}
        ids = {one["id"]: one["role"] for one in created["participants"]}
        assert shown["status"] == "ended"
        assert sorted(ids[one["participant"]] for one in shown["prompts"]) == sorted(
            people[who] for who in asked
        )
        doing = (await site.get("/v1/adapters")).json()["adapters"][0]
        assert doing["taken"] > 1
        assert set(doing["refused"]) <= {"repeated"}
    assert [name for name in platform.contract.names if name in caplog.text] == []


async def test_bodies_of_no_sense_are_refused_and_nothing_is_stored(
    platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    at = platform.recorded[0].at
    async with connected(platform, tmp_path) as site:
        before = await stored(site)
        adapter = platform.adapter()
        for what, body in SIZES_AND_SHAPES.items():
            reply = await platform.posts(site, platform.contract.sign(body, at))
            if len(body) > adapter.max_body:
                assert reply.status_code == adapter.statuses.get("too_large", 413)
            assert reply.status_code in {200, 400, 401, 413, 503}, what
            assert "Traceback" not in reply.text
        refused = (await site.get("/v1/adapters")).json()["adapters"][0]["refused"]
        assert sum(refused.values()) == len(SIZES_AND_SHAPES)
        assert await stored(site) == before
    assert "Traceback" not in caplog.text
    assert [record for record in caplog.records if record.exc_info] == []


async def test_wrong_types_store_nothing_and_no_body_is_logged(
    platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = platform.recorded[1]
    async with connected(platform, tmp_path) as site:
        before = await stored(site)
        for body in list(wrong_types(one.request.body))[::7]:
            reply = await platform.posts(site, platform.contract.sign(body, one.at))
            assert reply.status_code in {200, 400, 401, 413, 503}
        assert await stored(site) == before
    assert "Traceback" not in caplog.text
    assert [name for name in platform.contract.names if name in caplog.text] == []


STATUSES = {
    "bigbluebutton": {"unsigned": 503, "bad_signature": 503, "no_secret": 503},
    "vonage": {"unsigned": 503, "bad_signature": 401, "no_secret": 401},
    "whereby": {"unsigned": 503, "bad_signature": 503, "no_secret": 503},
}
"""BigBlueButton takes 401 for success, Whereby sends nothing again after 4xx, Vonage signs after 5xx."""

USUAL = {"unsigned": 401, "bad_signature": 401, "no_secret": 401}


@pytest.mark.parametrize("name", POSTING)
async def test_a_refusal_has_the_status_that_the_platform_needs(name: str, tmp_path: Path) -> None:
    platform = Platform(name)
    contract, one = platform.contract, platform.recorded[0]
    bare = RawRequest(method="POST", url=one.request.url.partition("?")[0], body=one.request.body)
    wrong: list[tuple[str, tuple[str, ...], RawRequest]] = [
        ("unsigned", (contract.secret,), bare),
        ("bad_signature", (contract.other_secret,), one.request),
    ]
    for reason, secrets, request in wrong:
        folder = tmp_path / reason
        folder.mkdir()
        async with connected(platform, folder, *secrets) as site:
            reply = await platform.posts(site, request)
            doing = (await site.get("/v1/adapters")).json()["adapters"][0]
            assert doing["refused"] == {reason: 1}
            assert reply.status_code == STATUSES.get(name, USUAL)[reason]
            assert reply.headers["content-type"] == "application/problem+json"


async def test_bigbluebutton_never_hears_401(tmp_path: Path) -> None:
    platform = Platform("bigbluebutton")
    adapter = platform.adapter()
    assert 401 not in {
        adapter.statuses.get(reason, inbound.USUAL.get(reason, 400)) for reason in inbound.REASONS
    }
    late = Recorded(request=platform.recorded[0].request, at=platform.recorded[0].at + platform.contract.late)
    async with connected(platform, tmp_path) as site:
        site.clock.now = late.at
        assert (await platform.posts(site, late.request)).status_code != 401
