"""From the database to the client's page: what is said after each session of a course."""

from __future__ import annotations

from tests.services import Site


async def page(site: Site, episode: str) -> str:
    async with site.signed_in() as browser:
        reply = await browser.get(f"/therapist/episodes/{episode}")
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
