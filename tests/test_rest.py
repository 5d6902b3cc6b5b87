"""Asking a platform's HTTP API: what counts as an answer, and what an error tells."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from alliancekit import rest
from tests.adapters.fake_rest import FakeRest


@pytest.fixture
async def platform() -> AsyncIterator[FakeRest]:
    async with FakeRest().running() as server:
        yield server


async def asked(url: str, path: str = "/rooms") -> rest.Answer:
    api = rest.Rest(url, headers={"Authorization": "Bearer right"})
    try:
        return await api.get(path)
    finally:
        await api.close()


async def refusal(url: str) -> rest.RestError:
    with pytest.raises(rest.RestError) as caught:
        await asked(url)
    assert "Ana" not in str(caught.value)
    return caught.value


async def test_an_answer_has_its_status_and_its_json(platform: FakeRest) -> None:
    platform.answers["/v1/rooms/a b"] = [{"id": 1}]
    answer = await asked(f"{platform.url}/v1/", "/rooms/a%20b?limit=5")
    assert (answer.status, answer.json()) == (200, [{"id": 1}])
    assert platform.asked == [("/v1/rooms/a%20b?limit=5", "Bearer right")]
    assert (await asked(platform.url, "/nothing")).status == 404


async def test_no_redirect_is_followed_with_our_key(platform: FakeRest) -> None:
    platform.answers["/rooms"] = 302
    assert (await asked(platform.url)).status == 302
    assert len(platform.asked) == 1


@pytest.mark.parametrize(
    ("status", "told"), [(401, "refuses our key"), (403, "refuses our key"), (503, "fails")]
)
async def test_refusals_and_failures_are_no_answers(platform: FakeRest, status: int, told: str) -> None:
    platform.answers["/rooms"] = status
    error = await refusal(platform.url)
    assert (error.status, told in str(error)) == (status, True)


async def test_an_answer_without_end_is_cut(platform: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "LONGEST", 1000)
    platform.answers["/rooms"] = b"x" * 1001
    assert "does not end" in str(await refusal(platform.url))


async def test_a_platform_that_is_silent_or_away(platform: FakeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "SECONDS", 0.05)
    platform.answers["/rooms"] = waiting = asyncio.Event()
    assert "Timeout" in str(await refusal(platform.url))
    waiting.set()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = await refusal(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert (error.status, "cannot be reached" in str(error)) == (0, True)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(rest.RestError, match="no JSON"):
        rest.Answer(200, body).json()
