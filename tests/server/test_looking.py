"""Looks of therapists are written down once a minute at most, each course on its own."""

from __future__ import annotations

from tests.server.test_client import actions
from tests.services import Site

from alliancekit.server.looking import Looking
from alliancekit.server.tokens import TherapistClaims
from alliancekit.store import looks


async def test_a_page_that_renews_itself_is_one_look(site: Site) -> None:
    first, second = await site.session(), await site.session()
    looking = Looking(site.service)
    claims = TherapistClaims(tenant=site.tenant, therapist="t1")
    for _ in range(3):
        await looking.noted(claims, [first.episode], "client")
        site.clock.now += looks.BLUR / 4
    await looking.noted(claims, [first.episode, second.episode], "today")
    site.clock.now += looks.BLUR
    await looking.noted(claims, [first.episode], "client")
    await looking.noted(claims, [], "today")
    seen = [(who, about) for who, action, about in await actions(site) if action == looks.VIEWED]
    assert seen == [("therapist:t1", about) for about in (first.episode, second.episode, first.episode)]
