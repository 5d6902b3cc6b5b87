"""The demo as two people meet it: a real call between two Chromium pages, answers, the therapist's page."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from tests.chromium import launch

from alliancekit.demo.peers import FRAME, RATE, RECORDINGS, Recording
from alliancekit.demo.run import embedded

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]

STILL = 20_000
"""Milliseconds to wait for something that crosses two pages and the service."""


def fake_microphone(role: str, path: Path) -> Path:
    """The recording of a role, as the WAV file that Chromium plays as its microphone."""
    recording = Recording(RECORDINGS / f"{role}.ogg")
    recording.began = 0.0
    frames = round(recording.seconds * RATE / FRAME)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for number in range(frames):
            file.writeframes(recording.at(number * FRAME / RATE))
    return path


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    async with embedded(port=0, data_dir=tmp_path, style="task_oriented") as (_, _, url):
        yield url


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[dict[str, BrowserContext]]:
    async with async_playwright() as playwright:
        browsers = {}
        for role in ("therapist", "client"):
            wav = fake_microphone(role, tmp_path / f"{role}.wav")
            browsers[role] = await launch(playwright, f"--use-file-for-fake-audio-capture={wav}")
        yield {
            role: await browser.new_context(viewport={"width": 1280, "height": 800})
            for role, browser in browsers.items()
        }
        for browser in browsers.values():
            await browser.close()


async def join(context: BrowserContext, url: str, role: str, problems: list[str]) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: problems.append(f"{role}: {error}"))
    page.on("console", lambda m: problems.append(f"{role}: {m.text}") if m.type == "error" else None)
    await page.goto(url)
    async with context.expect_page() as opened:
        await page.get_by_role("link", name=f"Join as {role}").click()
    call = await opened.value
    call.on("pageerror", lambda error: problems.append(f"{role}: {error}"))
    call.on("console", lambda m: problems.append(f"{role}: {m.text}") if m.type == "error" else None)
    return call


async def test_two_people_hold_a_call_answer_and_the_therapist_sees_it(
    demo: str, people: dict[str, BrowserContext], tmp_path: Path
) -> None:
    problems: list[str] = []
    therapist = await join(people["therapist"], demo, "therapist", problems)
    client = await join(people["client"], demo, "client", problems)
    for page in (therapist, client):
        await expect(page.locator("body")).to_have_attribute("data-state", "together", timeout=STILL)

    # Each hears the other: the remote element plays a live track that delivers audio.
    for page in (therapist, client):
        await page.wait_for_function(
            "() => { const v = document.querySelector('#remote');"
            " return v.srcObject?.getAudioTracks().some(t => !t.muted && t.readyState === 'live')"
            " && v.currentTime > 0.2 && v.videoWidth > 0; }",
            timeout=STILL,
        )

    board = await people["therapist"].new_page()
    await board.goto(f"{demo}/demo/therapist")
    await board.get_by_role("link", name="demo-episode").click()
    await expect(board.get_by_role("heading", level=1)).to_contain_text("demo-episode")
    await expect(board.locator("body")).to_contain_text("xample data")

    for page in (therapist, client):
        await page.locator("#consent").check()
    await therapist.get_by_role("button", name="Ask for a pulse").click()
    pulse = client.locator("alliance-feedback")
    await expect(pulse.get_by_role("radio").first).to_be_visible(timeout=STILL)
    await client.screenshot(path=tmp_path / "pulse.png")
    await pulse.locator("label").nth(3).click()
    await expect(pulse.get_by_role("status")).not_to_be_empty(timeout=STILL)

    await client.wait_for_timeout(6000)
    await therapist.get_by_role("button", name="End call").click()
    for page in (therapist, client):
        await expect(page.get_by_role("heading", name="The call has ended")).to_be_visible(timeout=STILL)
        card = page.locator("alliance-feedback")
        await expect(card.get_by_role("radio").first).to_be_visible(timeout=STILL)
        await page.screenshot(path=tmp_path / f"card-{'therapist' if page is therapist else 'client'}.png")
        for item in await card.locator("fieldset.item").all():
            await item.locator("label").nth(2).click()
        await card.get_by_role("button", name="Send").click()
        await expect(card.get_by_role("button", name="Send")).to_be_hidden(timeout=STILL)

    # The open therapist's page takes it all in without a reload.
    await expect(board.get_by_role("heading", name="Who spoke, session 8")).to_be_visible(timeout=STILL)
    since = board.get_by_role("region", name="Since last time")
    await expect(since).to_contain_text("Client 50 of 100 You 50 of 100", timeout=STILL)
    await expect(board.locator("main")).to_contain_text("Pulse", ignore_case=True)
    await board.screenshot(path=tmp_path / "board.png", full_page=True)
    assert problems == []
