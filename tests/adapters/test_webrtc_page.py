"""The page's side of the side connection: `side.js` in a real Chromium, talking to the adapter over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from aiortc.codecs.opus import OpusDecoder
from playwright.async_api import Page, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.udp_relay import Network, without_addresses
from webrtc_site import TIMELINE, Site, hint, until

from alliancekit.adapters import Caller, RouteReply, RouteRequest
from alliancekit.demo.peers import RECORDINGS, CallPeer, Recording
from alliancekit.events import Participant

pytestmark = [pytest.mark.webrtc, pytest.mark.browser]

LOOP_SECONDS = 9.0
"""How much of the client's recording the fake microphone plays, over and over."""

FLAGS = """
--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --use-fake-ui-for-media-stream
--use-fake-device-for-media-stream --autoplay-policy=no-user-gesture-required
--allow-loopback-in-peer-connection
"""

CSP = "default-src 'none'; script-src 'self'; connect-src 'self'"
HTML = "<!doctype html><title>Call</title><script type=module src=/page.js></script>"
PAGE_JS = """
import { connectSide } from "/v1/plugins/webrtc/side.js";
const call = window.call = { hints: [], states: [] };
const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
call.microphone = stream.getAudioTracks()[0];
call.connect = async (token) => {
  call.side = await connectSide({
    token, microphone: call.microphone, consent: true,
    element: { hint: (hint) => call.hints.push(hint) },
    onState: (state) => call.states.push(state),
  });
};
call.ready = true;
"""


def vendor_app(site: Site, network: Network | None = None) -> Starlette:
    """A vendor's page and, beside it, the adapter's routes; only the token `good` is a client's.

    With a `network`, side connections go through it; what is asked over HTTP does not.
    """

    async def offer(request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer good":
            problem = json.dumps({"title": "Not allowed", "detail": "The token is not valid."})
            return Response(problem, 401, media_type="application/problem+json")
        caller = Caller(
            tenant="tenant", session="ses_1", participant=Participant(id="par_client", role="client")
        )
        handler, body = site.routes["offer"].handler, await request.body()
        if network is None:
            return answer(await handler(RouteRequest(caller=caller, body=body)))
        hidden = json.dumps(without_addresses(json.loads(body))).encode()
        reply = await handler(RouteRequest(caller=caller, body=hidden))
        return answer(replace(reply, body=json.dumps(await network.behind(json.loads(reply.body))).encode()))

    async def script(request: Request) -> Response:
        return answer(await site.routes["side.js"].handler(RouteRequest(caller=Caller(tenant=""))))

    async def page(request: Request) -> Response:
        return Response(HTML, media_type="text/html", headers={"Content-Security-Policy": CSP})

    async def page_js(request: Request) -> Response:
        return Response(PAGE_JS, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page.js", page_js),
            Route("/v1/plugins/webrtc/side.js", script),
            Route("/v1/plugins/webrtc/offer", offer, methods=["POST"]),
        ]
    )


def answer(reply: RouteReply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), media_type=reply.content_type)


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


@asynccontextmanager
async def chromium(url: str, microphone: Path) -> AsyncIterator[tuple[Page, list[str]]]:
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            headless=True,
            args=[*FLAGS.split(), f"--use-file-for-fake-audio-capture={microphone}"],
        )
        page = await browser.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url)
        await holds(page, "window.call?.ready === true")
        yield page, complaints
        await browser.close()


async def holds(page: Page, condition: str) -> None:
    """Wait until it is true in the page; `wait_for_function` needs an eval, which the policy forbids."""
    await until(lambda: page.evaluate(condition))


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """The beginning of the client's recording as the WAV file that Chromium's fake microphone plays."""
    wav = tmp_path / "microphone.wav"
    recording = Recording(RECORDINGS / "client.ogg")
    recording.began = 0.0
    with wave.open(str(wav), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(48000)
        for number in range(round(LOOP_SECONDS / 0.02)):
            sink.writeframes(recording.at(number * 0.02))
    return wav


async def test_a_browser_gets_prompts_and_is_observed_by_level(
    microphone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    monkeypatch.setattr(OpusDecoder, "decode", lambda self, frame: decoded.append(frame) or [])
    therapist = CallPeer(RECORDINGS / "therapist.ogg")
    # The test, the page and the browser share two cores: a page that is late by seconds is not dead here.
    async with (
        Site(dead_after_pings=50) as site,
        served(vendor_app(site)) as url,
        chromium(url, microphone) as (page, complaints),
    ):
        site.host.waiting_for["par_client"] = hint("prm_1", "client")
        await page.evaluate("call.connect('good')")
        assert await page.evaluate("call.side.state") == "open"
        await holds(page, "call.hints.length === 1")
        await site.adapter.deliver(hint("prm_2", "client"))
        await site.adapter.withdraw("prm_2")
        await holds(page, "call.hints.length === 3")
        assert await page.evaluate("call.hints") == [
            {"type": "prompt", "prompt": "prm_1", "moment": "in_call"},
            {"type": "prompt", "prompt": "prm_2", "moment": "in_call"},
            {"type": "prompt_closed", "prompt": "prm_2"},
        ]
        await until(lambda: [prompt for _, prompt, _ in site.host.acknowledged] == ["prm_1", "prm_2"])
        assert await page.evaluate("call.side.observed") is False
        assert site.of("client").ear.packets == 0

        await therapist.connect_side(site.poster("therapist"))
        await until(lambda: site.of("client").ear.packets > 0)
        assert await page.evaluate("call.side.observed") is True
        await asyncio.sleep(LOOP_SECONDS)
        ear = site.of("client").ear
        assert ear.path == "level"
        truth = sum(
            min(end, LOOP_SECONDS) - min(start, LOOP_SECONDS) for start, end in TIMELINE["speaking"]["client"]
        )
        spoken = sum(end - start for start, end in ear.spans)
        assert spoken / LOOP_SECONDS == pytest.approx(truth / LOOP_SECONDS, abs=0.15)

        assert decoded == []

        await page.evaluate("call.microphone.enabled = false")
        await asyncio.sleep(0.5)
        before_mute = ear.spans
        await asyncio.sleep(1.5)
        assert ear.spans == before_mute
        await page.evaluate("call.microphone.enabled = true")

        await page.evaluate("call.side.setConsent(false)")
        await until(lambda: not ear.listening and not therapist.observed)
        assert await page.evaluate("call.side.observed") is False
        assert await page.evaluate("call.microphone.readyState") == "live"
        await page.evaluate("call.side.leave()")
        assert await page.evaluate("call.side.state") == "closed"
        await until(lambda: [fact.how for fact in site.host.gone()] == ["left"])
        assert complaints == []
    await therapist.close()


async def test_a_page_comes_back_by_itself_and_a_refused_one_does_not_try_again(microphone: Path) -> None:
    async with (
        Site(dead_after_pings=50) as site,
        served(vendor_app(site)) as url,
        chromium(url, microphone) as (page, _),
    ):
        refused = await page.evaluate("call.connect('bad').then(() => 'connected', (error) => error.message)")
        assert refused == "The token is not valid."
        assert await page.evaluate("call.states") == ["connecting", "closed"]

        await page.evaluate("call.connect('good')")
        before = site.of("client")
        site.adapter.lost(before)
        await until(lambda: any(c is not before for c in site.adapter.connections))
        await holds(page, "call.states.slice(-3).join() === 'waiting,connecting,open'")
        assert [fact.how for fact in site.host.gone()] == ["dropped"]


async def test_a_page_survives_a_short_outage_and_reconnects_by_itself_after_a_long_one(
    microphone: Path,
) -> None:
    async with (
        Network() as network,
        Site(ping_seconds=0.5, dead_after_pings=8, frozen_after_pings=60) as site,
        served(vendor_app(site, network)) as url,
        chromium(url, microphone) as (page, _),
    ):
        await page.evaluate("call.connect('good')")
        await until(lambda: len(site.adapter.connections) == 1)
        before = site.of("client")

        network.weather.cut = True
        assert await site.adapter.deliver(hint("prm_1", "client"))
        await asyncio.sleep(1.5)
        network.weather.cut = False
        await holds(page, "call.hints.map((hint) => hint.prompt).join() === 'prm_1'")
        assert site.of("client") is before
        assert await page.evaluate("call.states.join()") == "connecting,open"

        network.weather.cut = True
        await until(lambda: [fact.how for fact in site.host.gone()] == ["dropped"])
        assert not await site.adapter.deliver(hint("prm_2", "client"))
        site.host.waiting_for["par_client"] = hint("prm_2", "client")
        await holds(page, "call.states.at(-1) !== 'open'")
        assert site.adapter.connections == ()
        network.weather.cut = False
        await holds(page, "call.states.at(-1) === 'open'")
        await holds(page, "call.hints.map((hint) => hint.prompt).join() === 'prm_1,prm_2'")
        assert site.of("client").id != before.id
        await until(lambda: len({fact.connection for fact in site.host.present()}) == 2)
