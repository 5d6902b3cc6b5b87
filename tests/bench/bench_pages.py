"""What a client's page with 200 sessions costs the service, and how soon an open page learns of an answer.

Run it: `python -m tests.bench.bench_pages`. One process, its own SQLite, all of the service's plugins but the
media library. The page is asked for as a browser does, with a therapist's cookie; its time is the processor
time of the process, all threads, and the least of several: what else runs on the machine only adds to it.
The yardstick is processor time too: the same application's `/healthz`, and a plain Jinja table of 200 rows.

Live: from the 201 for a client's answer to the hint on the therapist's connection plus the page that it makes
the browser fetch: what passes until the fresh page is there. Wall time, the median of `ANSWERS`.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment

from alliancekit.server.tokens import TherapistClaims
from alliancekit.store.migrate import upgrade
from alliancekit.testing import Episode
from alliancekit.testing.site import Site, running_site
from tests.bench.servers import OUTPUT

SESSIONS = 200
PAGES = 40
ANSWERS = 5
ROWS = (
    "{% for n in range(200) %}<tr><th>{{ n }}</th>"
    "{% for m in range(4) %}<td>{{ n * m }}</td>{% endfor %}</tr>{% endfor %}"
)


def course() -> Episode:
    """A long course with ups and downs, missing answers and talk balances."""
    draw = random.Random(20120308)
    scores = [None if number % 17 == 5 else draw.randint(55, 95) for number in range(SESSIONS)]
    return Episode(scores, therapist=[draw.randint(50, 90) for _ in range(SESSIONS)], talk=[0.4] * SESSIONS)


async def page_cost(site: Site, path: str) -> tuple[float, int]:
    """The least milliseconds of processor time for a page of several, and its bytes."""
    spent = []
    async with site.signed_in() as browser:
        for _ in range(PAGES):
            begun = time.process_time()
            reply = await browser.get(path)
            spent.append((time.process_time() - begun) * 1000)
            if reply.status_code != 200:
                raise RuntimeError(f"{path}: {reply.status_code}")
    return min(spent), len(reply.content)


def table_cost() -> float:
    """The least milliseconds of processor time for a plain template with 200 rows."""
    template = Environment(autoescape=True).from_string(ROWS)
    spent = []
    for _ in range(PAGES):
        begun = time.process_time()
        template.render()
        spent.append((time.process_time() - begun) * 1000)
    return min(spent)


async def live(site: Site) -> list[float]:
    """Milliseconds from each 201 until the page that the hint asks for is there."""
    waits = []
    hinted = asyncio.Event()

    async def push(text: str) -> None:
        if json.loads(text)["type"] == "updated":
            hinted.set()

    async with site.signed_in() as browser:
        for number in range(ANSWERS):
            meeting = await site.held(episode=f"live-{number}")
            prompt = await site.current(meeting.client.token)
            assert prompt is not None
            claims = TherapistClaims(tenant=site.tenant, therapist="t1")
            connection = site.service.live.connect(
                ("therapist", claims.tenant, claims.therapist), push, lambda: None
            )
            hinted.clear()
            answers = {
                one["name"]: {item["id"]: item["options"][-1]["value"] for item in one["items"]}
                for one in prompt["instruments"]
                if all(item["kind"] == "choice" for item in one["items"])
            }
            reply = await site.respond(meeting.client.token, prompt["id"], answers)
            begun = time.perf_counter()
            if reply.status_code != 201:
                raise RuntimeError(f"the answer got {reply.status_code}")
            await asyncio.wait_for(hinted.wait(), 30)
            await browser.get(f"/therapist/episodes/{meeting.episode}")
            waits.append((time.perf_counter() - begun) * 1000)
            site.service.live.disconnect(connection)
            await site.settle()
    return waits


async def measure(directory: Path) -> list[dict[str, Any]]:
    """The long page, then answers to short ones."""
    upgrade(f"sqlite:///{directory}/alliancekit.db")
    async with running_site(directory) as site:
        written = await site.write(course(), name="long")
        await site.settle()  # what follows an answer is not the page's work
        path = f"/therapist/episodes/{written.episode}"
        cost, size = await page_cost(site, path)
        whole, _ = await page_cost(site, f"{path}?all=1")
        health, _ = await page_cost(site, "/healthz")
        waits = await live(site)
    return [
        {
            "name": f"therapist's page of a client with {SESSIONS} sessions",
            "ms": round(cost, 1),
            "kib": round(size / 1024),
            "all_ms": round(whole, 1),
            "health_ms": round(health, 2),
            "table_ms": round(table_cost(), 2),
        },
        {
            "name": "answer stored → the therapist's open page is fresh",
            "p50_ms": round(statistics.median(waits)),
            "most_ms": round(max(waits)),
        },
    ]


def run() -> list[dict[str, Any]]:
    """Two rows."""
    OUTPUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as directory:
        return asyncio.run(measure(Path(directory)))


if __name__ == "__main__":
    for row in run():
        print(row)
