"""A whole visit at Birch Lane: waiting room, call, rating, what the clinic is told, the therapist's page."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect
from tests.vendor_visit import PATIENCE, ROOT, listen, rate, running, together, two_browsers

EXAMPLE = ROOT / "examples" / "vendor_fastapi"


@pytest.mark.browser
@pytest.mark.webrtc
async def test_a_whole_visit(tmp_path: Path) -> None:
    problems: list[str] = []
    async with running(EXAMPLE / "app.py", "--port", "0") as url, two_browsers(tmp_path) as people:
        desk = listen(await people["therapist"].new_page(), problems)
        await desk.goto(url)
        await desk.get_by_role("link", name="Dr. Mara Lind").click()
        await expect(desk.get_by_role("status")).to_have_text("Sam Okoro is not here yet.", timeout=PATIENCE)
        waiting = listen(await people["client"].new_page(), problems)
        await waiting.goto(f"{url}/sam")
        await expect(waiting.get_by_role("status")).to_contain_text("is here", timeout=PATIENCE)
        await expect(desk.get_by_role("status")).to_have_text(
            "Sam Okoro is in the waiting room.", timeout=PATIENCE
        )
        past = desk.locator(".past li")
        await expect(past).to_have_count(7, timeout=PATIENCE)

        async with people["therapist"].expect_page() as opened:
            await desk.get_by_role("link", name="Open the room").click(modifiers=["Control"])
        therapist = listen(await opened.value, problems)
        await waiting.get_by_role("link", name="Enter the room").click()
        client = waiting
        await together(therapist, client)
        assert client.url == f"{url}/sam/visits/8"
        await client.get_by_role("button", name="Hang up").click()
        for page in (therapist, client):
            await expect(page.get_by_role("heading", name="The visit is over")).to_be_visible(
                timeout=PATIENCE
            )

        await rate(client, 1)
        await expect(client.get_by_text("Thank you, that is all.")).to_be_visible(timeout=PATIENCE)
        # Two webhooks, signed and checked: the rating, and what a rule found in it.
        latest = past.first
        await expect(past).to_have_count(8, timeout=PATIENCE)
        await expect(latest).to_contain_text("Visit 8", timeout=PATIENCE)
        await expect(latest).to_contain_text("rated by the client", timeout=PATIENCE)
        await expect(latest).to_contain_text("worth a look", timeout=PATIENCE)
        await rate(therapist, 3)
        await expect(latest).to_contain_text("rated by the client and you", timeout=PATIENCE)

        async with people["therapist"].expect_page() as opened:
            await desk.get_by_role("button", name="See how you work together").click()
        board = listen(await opened.value, problems)
        await expect(board).to_have_url(f"{url}/alliance/therapist", timeout=PATIENCE)
        await board.get_by_role("link", name="cl-17-with-th-3").last.click()
        since = board.get_by_role("region", name="Since last time")
        await expect(since).to_contain_text(
            "25 of 100, 58 points lower than after session 7", timeout=PATIENCE
        )
        await expect(board.locator("#live-note")).to_be_empty()
    assert problems == []


async def test_only_what_is_signed_is_believed_and_strangers_are_sent_away() -> None:
    async with running(EXAMPLE / "app.py", "--port", "0") as url, httpx.AsyncClient(base_url=url) as http:
        told = {"type": "signal.raised", "data": {"external_id": "visit-8"}}
        signed = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000", "webhook-signature": "v1,AAAA"}
        for headers in ({}, signed):
            assert (await http.post("/hooks/alliance", json=told, headers=headers)).status_code == 400
        assert (await http.get("/nobody")).status_code == 404
        assert (await http.get("/sam/visits/99")).status_code == 404
        assert (await http.post("/sam/alliance")).status_code == 403
        assert (await http.post("/dr-lind/alliance")).status_code == 303
        page = await http.get("/sam/visits/8")
        assert "script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
        assert "Sam" not in str((await http.get("/alliance/openapi.json")).json())


def test_the_files_are_few_and_short() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(files) <= 15
    assert {path.name: n for path in files if (n := path.read_text().count("\n")) > 250} == {}
