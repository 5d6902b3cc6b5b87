"""A whole visit at Quayside: Django, a service of its own, two real browsers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect
from tests.vendor_visit import PATIENCE, ROOT, listen, rate, running, together, two_browsers

EXAMPLE = ROOT / "examples" / "vendor_django" / "run.py"


@pytest.mark.browser
@pytest.mark.webrtc
@pytest.mark.parametrize("first", ["client", "therapist"])
async def test_a_whole_visit(tmp_path: Path, first: str) -> None:
    problems: list[str] = []
    async with running(EXAMPLE, "--port", "0") as url, two_browsers(tmp_path) as people:
        desk = listen(await people["therapist"].new_page(), problems)
        await desk.goto(url)
        await desk.get_by_role("link", name="Dr. Noor Haddad").click()
        await expect(desk.get_by_role("link", name="Open the room of visit 1")).to_be_visible(
            timeout=PATIENCE
        )
        pages = {}
        for role in ("therapist", "client"):
            pages[role] = listen(await people[role].new_page(), problems)
            await pages[role].goto(f"{url}/visits/1/{role}/")
        therapist, client = pages["therapist"], pages["client"]
        for page in (pages[first], client, therapist):
            enter = page.get_by_role("button", name="Enter the room")
            if await enter.is_visible():
                await enter.click()
                await expect(page.locator("#status")).to_be_visible(timeout=PATIENCE)
        await together(therapist, client)
        await client.get_by_role("button", name="Hang up").click()
        for page in (therapist, client):
            await expect(page.get_by_role("heading", name="The visit is over")).to_be_visible(
                timeout=PATIENCE
            )
            await expect(page.get_by_role("button", name="Enter the room")).to_be_hidden()
        await rate(client, 1)
        latest = desk.locator("#visits li").first
        await expect(latest).to_contain_text("rated by the client", timeout=PATIENCE)
        await expect(latest).to_contain_text("worth a look", timeout=PATIENCE)
        await rate(therapist, 3)
        await expect(latest).to_contain_text("rated by both", timeout=PATIENCE)
        await desk.get_by_role("button", name="See how you work together").click()
        course = desk.get_by_role("link", name="client-1-with-therapist-1").first
        await expect(course).to_be_visible(timeout=PATIENCE)
    assert problems == []


async def test_only_alliancekit_may_say_what_happened() -> None:
    async with (
        running(EXAMPLE, "--port", "0") as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        reply = await http.post("/hooks/alliance/", content=b"{}", headers=forged)
        assert reply.status_code == 400
        assert (await http.post("/visits/1/client/end/")).status_code == 403, "no CSRF token"
        assert (await http.get("/visits/1/nobody/")).status_code == 404
        policy = (await http.get("/desk/")).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
