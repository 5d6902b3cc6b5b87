"""Plays a visit at each vendor's example and takes the pictures of `examples/README.md`.

Usage: `python tests/tools/vendor_screens.py [mounted|beside|without_back_end …]`. The pictures of the guide
go to `examples/screens/`, in few colours so that they stay small; every page in every width, light and dark,
goes to `tests/output/vendor_screens/`.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.tools.looks import SIZES  # noqa: E402
from tests.vendor_visit import PATIENCE, running, started, together, two_browsers  # noqa: E402

EXAMPLES = ROOT / "examples"
SCREENS = EXAMPLES / "screens"
OUTPUT = ROOT / "tests" / "output" / "vendor_screens"
SIZE = {"width": 960, "height": 620}
COLOURS = 64


async def shown(page: Page, name: str) -> None:
    """One page, for people to look at, and small for the guide."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, height in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            await page.screenshot(path=OUTPUT / f"{name}-{width}-{scheme}.png", full_page=True)
    await page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    await page.evaluate("scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(SCREENS / f"{name}.png", optimize=True)


async def fill(page: Page, option: int) -> None:
    """Choose an answer to every question, and leave it there."""
    card = page.locator("alliance-feedback")
    await expect(card.get_by_role("radio").first).to_be_visible(timeout=PATIENCE)
    for item in await card.locator("fieldset.item").all():
        await item.locator("label").nth(option).click()


async def mounted() -> None:
    """Birch Lane: the whole visit, and the pages before and after it."""
    with tempfile.TemporaryDirectory(dir=ROOT / "tests" / "output") as folder:
        async with (
            running(EXAMPLES / "vendor_fastapi" / "app.py", "--port", "0") as url,
            two_browsers(Path(folder)) as people,
        ):
            desk, therapist = [await people["therapist"].new_page() for _ in range(2)]
            client = await people["client"].new_page()
            await client.goto(url)
            await shown(client, "vendor-door")
            await desk.goto(f"{url}/dr-lind")
            await client.goto(f"{url}/sam")
            await expect(client.get_by_role("status")).to_contain_text("is here", timeout=PATIENCE)
            await shown(client, "vendor-waiting")
            await therapist.goto(f"{url}/dr-lind/visits/8")
            await client.get_by_role("link", name="Enter the room").click()
            await together(therapist, client)
            await shown(client, "vendor-call")
            await client.get_by_role("button", name="Hang up").click()
            for page, option, name in ((client, 1, "vendor-rating"), (therapist, 3, "vendor-own-view")):
                await fill(page, option)
                await shown(page, name)
                await page.locator("alliance-feedback").get_by_role("button", name="Send").click()
            latest = desk.locator(".past li").first
            await expect(latest).to_contain_text("rated by the client and you", timeout=PATIENCE)
            await expect(latest).to_contain_text("worth a look", timeout=PATIENCE)
            await shown(desk, "vendor-desk")
            async with people["therapist"].expect_page() as opened:
                await desk.get_by_role("button", name="See how you work together").click()
            board = await opened.value
            await board.get_by_role("link", name="cl-17-with-th-3").last.click()
            await expect(board.get_by_role("region", name="Since last time")).to_be_visible(timeout=PATIENCE)
            await shown(board, "vendor-therapist")


async def beside() -> None:
    """Quayside, with the service beside it: after the call."""
    with tempfile.TemporaryDirectory(dir=ROOT / "tests" / "output") as folder:
        program = EXAMPLES / "vendor_django" / "run.py"
        async with running(program, "--port", "0") as url, two_browsers(Path(folder)) as people:
            pages = {role: await people[role].new_page() for role in ("therapist", "client")}
            for role, page in pages.items():
                await page.goto(f"{url}/visits/1/{role}/")
                await page.get_by_role("button", name="Enter the room").click()
            for page in pages.values():
                await expect(page.locator("#status")).to_contain_text("You are with", timeout=PATIENCE)
            await pages["client"].wait_for_timeout(4_000)  # so that they have met
            await pages["client"].get_by_role("button", name="Hang up").click()
            await fill(pages["client"], 3)
            await shown(pages["client"], "vendor-django")


async def without_back_end() -> None:
    """The one file: its waiting room, with a stand-in for Jitsi behind it."""
    with tempfile.TemporaryDirectory(dir=ROOT / "tests" / "output") as folder:
        program = EXAMPLES / "vendor_jitsi" / "run.py"
        async with started(program, "--json") as line, two_browsers(Path(folder)) as people:
            links = json.loads(line)
            pages = {role: await people[role].new_page() for role in links}
            for role, page in pages.items():
                await page.goto(links[role])
                async with page.expect_response(lambda one: one.url.endswith("/report")):
                    await page.get_by_role("button", name="Join the visit").click()
            await pages["client"].wait_for_timeout(4_000)  # so that they have met
            for page in pages.values():
                await page.get_by_role("button", name="Hang up").click()
            await fill(pages["client"], 3)
            await shown(pages["client"], "vendor-jitsi")


PLAYED = {"mounted": mounted, "beside": beside, "without_back_end": without_back_end}


async def main() -> None:
    """Takes all pictures, or those of the examples named on the command line."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PLAYED:
        await PLAYED[name]()


if __name__ == "__main__":
    asyncio.run(main())
