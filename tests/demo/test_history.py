"""The example history: what the loaded plugins make of it, and what the therapist's page shows of it."""

from __future__ import annotations

from pathlib import Path

import httpx

from alliancekit.demo.run import embedded
from alliancekit.demo.vendor import Vendor


async def episode_of(vendor: Vendor) -> str:
    """The demo's episode, told by the service when it takes a new session."""
    return str((await vendor.create_session("real"))["episode"])


async def test_the_plugins_find_the_fall_of_session_five_and_its_repair(tmp_path: Path) -> None:
    async with embedded(port=0, data_dir=tmp_path, style="task_oriented") as (service, vendor, _):
        await service.relay.drain()
        points = (await vendor.episode(await episode_of(vendor)))["sessions"]
    found = {point["number"]: {signal["kind"] for signal in point["signals"]} for point in points}
    assert "possible_strain" in found[5]
    assert "repair" in found[7]
    assert all(not found[number] for number in (1, 2, 3, 4, 6))
    assert all(point["guidance"] for point in points[:7])
    assert [len(point["responses"]) for point in points] == [2, 2, 2, 2, 2, 1, 2, 0]


async def test_the_therapists_page_tells_example_sessions_from_the_real_one(tmp_path: Path) -> None:
    async with (
        embedded(port=0, data_dir=tmp_path, style="task_oriented") as (service, vendor, url),
        httpx.AsyncClient(base_url=url, follow_redirects=True, trust_env=False) as browser,
    ):
        await service.relay.drain()
        episode = await episode_of(vendor)
        assert "Partly example data" in (await browser.get("/demo/therapist")).text
        page = (await browser.get(f"/therapist/episodes/{episode}")).text
    assert "Sessions 1 to 7 are made up" in page
    rows = page.split('<tr data-session="')[1:]
    assert ["example data" in row.split("</tr>")[0] for row in rows] == [True] * 7 + [False]
    assert "repaired in session 7" in page
