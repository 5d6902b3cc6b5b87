"""Two people in a real VideoRoom: pages in Chromium whose microphones play the recordings."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests import chromium
from tests.adapters.janus_server import ADMIN, PIN, ROOM, ROOM_SECRET, SECRET, JanusServer
from typing_extensions import override

from alliancekit.demo.peers import RECORDINGS, Recording
from alliancekit.server.run import bind, running_on
from alliancekit.testing import FakeClock

SCRIPT = Path(__file__).with_name("janus_page.js")
TIMELINE = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))
ROLES = ("client", "therapist")


class RunningClock(FakeClock):
    """The true time, and as much more as a test adds."""

    def __init__(self) -> None:
        super().__init__(0.0)

    @override
    def __call__(self) -> float:
        return time.time() + self.now


def settings(server: JanusServer, **more: Any) -> dict[str, Any]:
    """The adapter's table for a server of the tests."""
    return {
        "url": server.url,
        "api_secret": SECRET,
        "admin_key": ADMIN,
        "room_secrets": {ROOM: ROOM_SECRET},
        "room_pins": {ROOM: PIN},
        "talking_seconds": 0.2,
        "poll_seconds": 0.2,
        "report_seconds": 0.2,
        "longest_pause": 0.5,
        **more,
    }


def true_seconds(role: str) -> float:
    """How long somebody truly speaks in the recordings."""
    return sum(end - start for start, end in TIMELINE["speaking"][role])


async def until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition; the limit only says when to give up."""
    try:
        async with asyncio.timeout(60):
            while not await true():  # noqa: ASYNC110 - what it waits for tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within 60 s: {what}") from None


def microphone(role: str, folder: Path) -> Path:
    """A recording as the WAV file that Chromium's fake microphone plays once."""
    wav = folder / f"{role}.wav"
    recording = Recording(RECORDINGS / f"{role}.ogg")
    recording.began = 0.0
    with wave.open(str(wav), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(48000)
        for number in range(round(recording.seconds / 0.02)):
            sink.writeframes(recording.at(number * 0.02))
    return wav


class Caller:
    """One person's page."""

    def __init__(self, page: Page, server: JanusServer, person: str) -> None:
        self.page, self.person = page, person
        self._server = server
        self._loads = 0

    @property
    def id(self) -> str:
        """Janus's id of the present page load."""
        return f"{self.person}~{self._loads}"

    async def join(self) -> None:
        """Join, or join again, with an id of this page load; silent at first."""
        self._loads += 1
        where = {"url": self._server.url, "secret": SECRET, "room": ROOM, "pin": PIN, "id": self.id}
        await self.page.evaluate("(where) => call.join(where)", where)
        await until(self._connected, f"{self.person} is connected")
        assert set(await self.page.evaluate("call.candidates")) == {"127.0.0.1"}

    async def chat(self) -> None:
        """Join the TextRoom beside the VideoRoom."""
        where = {"room": ROOM, "pin": PIN, "username": self.id}
        joined = await self.page.evaluate("(where) => call.chat(where)", where)
        assert joined["textroom"] == "success", joined

    async def do(self, what: str) -> Any:
        """Evaluate something in the page."""
        return await self.page.evaluate(what)

    async def _connected(self) -> bool:
        return await self.do("call.state") == "connected"


@asynccontextmanager
async def pages(
    server: JanusServer, people: dict[str, str], folder: Path
) -> AsyncIterator[dict[str, Caller]]:
    """A browser each for these people, by role; nobody has joined."""

    async def html(request: Request) -> Response:
        text = f"<!doctype html><title>Call</title><script>{SCRIPT.read_text()}</script>"
        return Response(text, media_type="text/html")

    sock = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    async with running_on(Starlette(routes=[Route("/", html)]), sock), async_playwright() as playwright:
        browsers = []
        try:
            found: dict[str, Caller] = {}
            for role, person in people.items():
                sound = f"--use-file-for-fake-audio-capture={microphone(role, folder)}%noloop"
                browsers.append(await chromium.launch(playwright, sound))
                page = await browsers[-1].new_page()
                await page.goto(url)
                found[role] = Caller(page, server, person)
            yield found
        finally:
            for browser in browsers:
                await browser.close()
