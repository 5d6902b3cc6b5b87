"""Takes pictures of the client's and the supervisor's pages into tests/output/people/."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.chromium import launch  # noqa: E402
from tests.services import Meeting, Site, on_network, running_site  # noqa: E402

from alliancekit.store import course  # noqa: E402
from alliancekit.store.choices import change_therapist, read_client_choice, write_client_choice  # noqa: E402
from alliancekit.store.supervision import assign, case_name  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "people"
LOOKS = ((1280, "light"), (768, "light"), (390, "light"), (390, "dark"), (1280, "dark"), (320, "light"))
LANGUAGES = ("en", "ar", "es", "it", "zh")
RATINGS = (3, 4, 3, 4, 4, 1)


async def make_course(site: Site, language: str) -> Meeting:
    """A course of six sessions in a client's language, with tasks, a talk and somebody who looked."""
    people = [
        {"role": "client", "external_id": "c1", "language": language},
        {"role": "therapist", "external_id": "t1"},
    ]
    meeting: Meeting | None = None
    for value in RATINGS:
        site.clock.now += 7 * 86400
        meeting = await site.held(episode=f"course-{language}", participants=people)
        await site.answer(meeting.client.token, value)
        await site.answer(meeting.therapist.token, 3)
    assert meeting is not None
    now, tenant, last = site.clock(), site.tenant, meeting

    def noted(conn: object) -> None:
        for text, status in (("A walk every morning", "done"), ("Call my sister", "open")):
            task = course.add_task(conn, tenant, last.id, text, actor="therapist:t1", now=now)  # type: ignore[arg-type]
            if status != "open":
                course.decide_task(conn, tenant, task.id, status, actor="therapist:t1", now=now)  # type: ignore[arg-type]
        course.record_talk(conn, tenant, last.id, "not_yet", actor="therapist:t1", now=now)  # type: ignore[arg-type]
        assign(conn, tenant, "s1", ["t1"], now)  # type: ignore[arg-type]
        change_therapist(conn, tenant, "t1", {"client_sees": "scales"}, now)  # type: ignore[arg-type]

    await site.service.database.write(noted)
    async with site.signed_in() as browser:
        await browser.get(f"/therapist/episodes/{meeting.episode}")
    return meeting


async def agree(site: Site, meeting: Meeting) -> None:
    """Let a supervisor see the course."""
    from dataclasses import replace

    def work(conn: object) -> None:
        choice = read_client_choice(conn, site.tenant, meeting.episode)  # type: ignore[arg-type]
        agreed = replace(choice, supervision_at=site.clock(), supervision_text="1 en: I agree …")
        write_client_choice(conn, site.tenant, meeting.episode, agreed, site.clock())  # type: ignore[arg-type]

    await site.service.database.write(work)


async def launched(site: Site, context: BrowserContext, origin: str, body: dict[str, str]) -> Page:
    """A page that somebody opened by a link."""
    url = (await site.post("/v1/launches", body)).json()["url"]
    page = await context.new_page()
    await page.goto(origin + url.removeprefix("http://alliancekit.test"))
    return page


async def shoot(page: Page, origin: str, paths: dict[str, str], label: str) -> None:
    for name, path in paths.items():
        await page.goto(origin + path)
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            print(f"{name} {label} is {wide} px too wide")
        await page.screenshot(path=OUTPUT / f"{name}-{label}.png", full_page=True)


async def take(site: Site, browser: Browser, origin: str) -> None:
    """All pages, in every look and language."""
    client = {
        name: f"/client/{name}".removesuffix("/home") for name in ("home", "answers", "choices", "data")
    }
    for language in LANGUAGES:
        meeting = await make_course(site, language)
        body = {"role": "client", "episode": meeting.episode, "client": "c1"}
        case = {
            "cases": "/supervisor",
            "case": f"/supervisor/cases/{case_name(meeting.episode)}",
            "rules": "/supervisor/rules",
        }
        for width, scheme in LOOKS if language in {"en", "ar"} else LOOKS[:1]:
            context = await browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
                locale=language,
            )
            label = f"{language}-{width}-{scheme}"
            page = await launched(site, context, origin, body)
            await shoot(page, origin, client, label)
            supervisor = await launched(site, context, origin, {"role": "supervisor", "supervisor": "s1"})
            if width == 1280 and scheme == "light":
                await shoot(supervisor, origin, {"cases-none": "/supervisor"}, label)
                await agree(site, meeting)
            await shoot(supervisor, origin, case, label)
            await context.close()
    context = await browser.new_context(viewport={"width": 390, "height": 700})
    page = await context.new_page()
    await shoot(page, origin, {"closed": "/client", "closed-link": "/client?launch=x"}, "en-390-light")
    page = await launched(
        site, context, origin, {"role": "client", "episode": meeting.episode, "client": "c1"}
    )
    await page.emulate_media(media="print")
    await shoot(page, origin, client, "print")


async def main() -> None:
    """Start a service of its own and take the pictures."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_site(Path(folder)) as site,
            on_network(site) as address,
            async_playwright() as play,
        ):
            browser = await launch(play)
            await take(site, browser, f"http://{address}")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
