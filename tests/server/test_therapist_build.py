"""From the database to the client's page: what is said after each session of a course."""

from __future__ import annotations

import re

import pytest
from tests.services import Site

from alliancekit.sessions import Gone, Present
from alliancekit.testing import Episode


async def page(site: Site, episode: str, query: str = "") -> str:
    async with site.signed_in() as browser:
        reply = await browser.get(f"/therapist/episodes/{episode}{query}")
    assert reply.status_code == 200
    return " ".join(reply.text.split())


async def test_advice_stays_until_a_newer_rating_is_answered_and_says_from_when(site: Site) -> None:
    first = await site.held(episode="course", speech=True)
    await site.answer(first.client.token)
    rated = await page(site, first.episode)
    assert "How to read it in a supportive style" in rated
    assert "From the answers after session" not in rated

    await site.held(episode="course", speech=True)
    waiting = await page(site, first.episode)
    assert "From the answers after session 1." in waiting
    assert "How to read it in a supportive style" in waiting
    assert "The client has not answered after session 2 yet. The last rating was 75, in session 1." in waiting
    assert "Who spoke, session 2" in waiting
    assert waiting.count("Of the speech heard,") == rated.count("Of the speech heard,") <= 1


async def test_facets_have_titles_in_words(site: Site) -> None:
    meeting = await site.held()
    await site.answer(meeting.client.token)
    shown = await page(site, meeting.episode)
    assert "Agreed on the goals" in shown
    assert "Mutual agreement on goals" not in shown


async def test_while_a_session_goes_on_the_last_rating_stays_in_sight(site: Site) -> None:
    first = await site.held(episode="course")
    await site.answer(first.client.token)
    second = await site.session(episode="course")
    assert "Session 2 has not begun. The client’s first rating is 75 of 100." in await page(
        site, first.episode
    )
    await site.join(second)
    going_on = await page(site, first.episode)
    assert "Session 2 is going on. The client’s first rating is 75 of 100." in going_on
    assert '<span class="number">75</span>' in going_on


def closer(shown: str, number: int) -> str:
    """What is shown of a session that is looked at closer; empty where it is not."""
    _, found, rest = shown.partition(f'id="session-{number}-closer"')
    return rest.split("</details>")[0] if found else ""


async def test_an_earlier_session_is_looked_at_closer_only_when_it_is_asked_for(site: Site) -> None:
    first = await site.held(episode="course")
    await site.answer(first.client.token, 0)
    second = await site.held(episode="course")
    await site.answer(second.client.token, 4)
    shown = await page(site, first.episode)
    assert "Fully" in closer(shown, 2)
    assert not closer(shown, 1)
    assert "Not at all" not in shown
    assert f'href="/therapist/episodes/{first.episode}?session=1#session-1"' in shown
    earlier = closer(await page(site, first.episode, "?session=1"), 1)
    assert earlier.lstrip().startswith("open>")
    assert "Not at all" in earlier
    assert "Fully" not in earlier
    assert re.search(r"<strong>Client</strong> \d\d:\d\d to \d\d:\d\d", earlier)


async def test_who_was_lost_and_came_back_stands_in_the_session(site: Site) -> None:
    meeting = await site.session(episode="course")
    await site.join(meeting)
    await site.wait(meeting, 600)
    person, lost = meeting.client.id, site.clock()
    await site.service.report(
        site.tenant, meeting.id, [Gone(connection=person, participant=person, at=lost, how="dropped")]
    )
    back = Present(connection="second", participant=person, at=lost + 120, joined_at=lost + 120)
    site.clock.now += 120
    await site.service.report(site.tenant, meeting.id, [back])
    site.clock.now += 600
    assert (await site.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
    await site.settle()
    told = closer(await page(site, meeting.episode, "?session=1"), 1)
    assert "connection lost" in told
    assert "back after 2 min" in told


@pytest.mark.parametrize("visibility", ["therapist_later", "aggregate_only"])
async def test_a_hidden_answer_is_not_in_the_closer_look(site: Site, visibility: str) -> None:
    meeting = await site.held(episode="course")
    await site.answer(meeting.client.token, 0, visibility=visibility)
    look = closer(await page(site, meeting.episode, "?session=1"), 1)
    assert "There is no answer that you may see." in look
    assert "Not at all" not in look


async def test_a_session_that_is_not_there_is_not_looked_at(site: Site) -> None:
    meeting = await site.held(episode="course")
    for query in ("?session=7", "?session=0", "?session=x", "?session=" + "9" * 40):
        assert 'id="session-1-closer">' in await page(site, meeting.episode, query)


async def test_a_long_course_lists_the_latest_sessions_until_all_are_asked_for(site: Site) -> None:
    written = await site.write(Episode([70] * 34), name="long")
    short, whole = await page(site, written.episode), await page(site, written.episode, "?all=1")
    numbers = [re.findall(r'<tr data-session="(\d+)"', one) for one in (short, whole)]
    assert [len(one) for one in numbers] == [30, 34]
    assert "The latest 30 of 34 sessions are drawn." in short
    assert f'href="/therapist/episodes/{written.episode}?all=1"' in short
    opened = await page(site, written.episode, "?session=2")
    assert closer(opened, 2)
    assert 'id="session-3"' not in opened
    assert '<details id="more-sessions" open>' in opened


async def test_today_says_of_every_client_what_their_own_page_says(site: Site) -> None:
    for name, scores in (("a", [80, 82, 81, 80, 40]), ("b", [50, None, 70]), ("c", [70] * 40)):
        await site.write(Episode(scores), name=name)
    async with site.signed_in() as browser:
        today = " ".join((await browser.get("/therapist")).text.split())
        for path in set(re.findall(r"/therapist/episodes/epi_[\w-]+", today)):
            shown = " ".join((await browser.get(path)).text.split())
            headline = re.search(r'<p class="headline">(.*?)</p>', shown)
            assert headline is not None
            assert headline.group(1) in today
    assert today.count('class="card client-row"') == 3
    assert "session 40" in today.lower()
