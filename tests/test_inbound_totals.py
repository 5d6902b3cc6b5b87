"""How long each spoke, from a platform that does not say when."""

from __future__ import annotations

from typing import Any

from tests.services import MakeSite, Meeting, Site
from tests.test_inbound import visit
from tests.toy_platform import ToyPlatform, post, said


async def test_totals_describe_the_talk_where_nobody_tells_who_spoke_when(
    make_site: MakeSite, url: str
) -> None:
    site = await make_site(url=url, extra=[("toy", ToyPlatform())])
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    site.clock.now += 3600
    silent = [one for one in visit(start) if one["kind"] != "spoke"]
    total = [
        said("spoke_total", start + 900, person="t1", connection="t", seconds=100.0),
        said("spoke_total", start + 1800, person="t1", connection="t", seconds=300.0),
        said("spoke_total", start + 300, person="c1", connection="a", seconds=40.0),
        said("spoke_total", start + 1800, person="c1", connection="b", seconds=60.0),
    ]
    for one in [*silent, *total, *total]:
        await post(site, one)
    await site.settle()
    balance = await talk(site, meeting)
    assert (balance["client"]["seconds"], balance["therapist"]["seconds"]) == (100.0, 300.0)
    assert (balance["client"]["turns"], balance["overlap"], balance["silence"]) == (None, None, None)
    for one in visit(start):
        await post(site, one)
    await site.settle()
    balance = await talk(site, meeting)
    assert (balance["client"]["seconds"], balance["client"]["turns"]) == (20.0, 1), "stretches tell more"


async def talk(site: Site, meeting: Meeting) -> Any:
    episode = meeting.episode
    [one] = (await site.get(f"/v1/episodes/{episode}")).json()["sessions"]
    return one["talk_balance"]
