"""A refused page is named in the log once; nothing made up gets there."""

from __future__ import annotations

import logging

import httpx
import pytest
from starlette.applications import Starlette

from alliancekit.server.origins import MOST, Origins

ASKS = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


async def preflight(app: Origins, origin: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        reply = await client.options("/v1/prompts/current", headers={**ASKS, "Origin": origin})
    assert ("access-control-allow-origin" in reply.headers) == (reply.status_code == 200)
    return reply.status_code


def origins(*allowed: str) -> Origins:
    return Origins(Starlette(), allow_origins=list(allowed), allow_headers=["Authorization"])


async def test_who_is_refused_is_said_once_and_who_is_allowed_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    app = origins("https://clinic.example")
    assert await preflight(app, "https://clinic.example") == 200
    assert caplog.records == []
    for _ in range(2):
        assert await preflight(app, "http://localhost:3000") == 400
    (record,) = caplog.records
    assert record.getMessage() == (
        "a page of http://localhost:3000 asked and was refused: allowed_origins does not name it"
    )


async def test_without_any_allowed_origin_everybody_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    assert await preflight(origins(), "https://clinic.example") == 400
    assert len(caplog.records) == 1


async def test_made_up_origins_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = origins()
    for made_up in ("null", "https://x y", "https://a.example/Some-Person", "javascript:alert"):
        assert await preflight(app, made_up) == 400
    assert caplog.records == []
    for number in range(MOST + 5):
        await preflight(app, f"https://{number}.example")
    assert len(caplog.records) == MOST
