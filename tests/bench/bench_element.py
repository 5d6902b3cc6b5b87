"""What the element weighs, and how long it takes from its script's arrival until a question can be answered.

Run it: `python -m tests.bench.bench_element`. Chromium on this machine, a service that only plays one, the
quickest of several loads; ratio to a custom element that shows one paragraph, loaded in turn.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

from playwright.async_api import Browser, async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from typing_extensions import override

from alliancekit.languages import Languages
from alliancekit.web.embed import Embed
from tests import chromium
from tests.browser import stub_prompts
from tests.browser.stub_service import StubService, serving

ROUNDS = 25
EMPTY = """
customElements.define("alliance-feedback", class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: "open" }).append(document.createElement("p"));
    this.dispatchEvent(new CustomEvent("ak-prompt", { bubbles: true, composed: true }));
  }
});
"""
PAGE = (
    '<!doctype html><title>Call</title><alliance-feedback token="good"></alliance-feedback>'
    '<script type="module" src="{script}"></script>'
)
WATCH = """
addEventListener("ak-prompt", () => requestAnimationFrame(() => { window.painted = performance.now() }));
"""
"""The frame after the question was put on the page: from then on it takes clicks and keys."""

TOOK = """
() => painted - performance.getEntriesByType("resource").find((one) => one.name.endsWith(".js")).responseEnd
"""


class Pages(StubService):
    """The stub with two bare pages, of the element and of the empty one."""

    @override
    def app(self) -> Starlette:
        made = super().app()

        async def page(request: Request) -> Response:
            return HTMLResponse(PAGE.format(script=f"/{request.path_params['which']}.js"))

        async def empty(request: Request) -> Response:
            return Response(EMPTY, media_type="text/javascript")

        made.add_route("/bare/{which}", page)
        made.add_route("/empty.js", empty)
        return made


async def load(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds from the script's arrival until everything is painted; the page's processor time."""
    page = await browser.new_page()
    inspector = await page.context.new_cdp_session(page)
    await inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.add_init_script(WATCH)
    await page.goto(address)
    await page.wait_for_function("() => window.painted")
    took: float = await page.evaluate(TOOK)
    metrics = (await inspector.send("Performance.getMetrics"))["metrics"]
    await page.close()
    return took, 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")


async def loads() -> dict[str, tuple[float, float]]:
    """The quickest load of the element with a card of ten questions, and of the empty one."""
    took: dict[str, list[tuple[float, float]]] = {"embed": [], "empty": []}
    async with serving(Pages(prompt=stub_prompts.long_card())) as stub, async_playwright() as play:
        browser = await chromium.launch(play)
        for _ in range(ROUNDS):
            for which, times in took.items():
                times.append(await load(browser, f"{stub.url}/bare/{which}"))
        await browser.close()
    return {
        which: (min(one for one, _ in times), min(other for _, other in times))
        for which, times in took.items()
    }


def run() -> list[dict[str, Any]]:
    """The size, then the time."""
    embed = Embed(Languages())
    took = asyncio.run(loads())
    (element, busy), (empty, idle) = took["embed"], took["empty"]
    return [
        {
            "name": "element, gzip",
            "kb": round(len(gzip.compress(embed.script, 9)) / 1000, 1),
            "english_kb": round(len(gzip.compress(Embed([Languages().find("en")]).script, 9)) / 1000, 1),
        },
        {
            "name": "script time until interactive",
            "ms": round(element, 1),
            "empty_ms": round(empty, 1),
            "cpu_ms": round(busy - idle, 1),
            "ratio": round(element / empty, 1),
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
