"""Every page of a service, with something on it and with nothing, and the people who may open them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import BrowserContext
from sqlalchemy import Connection

from alliancekit.server import auth
from alliancekit.server.sign_in import claims_of
from alliancekit.store import accounts, course
from alliancekit.store.choices import ClientChoice, change_therapist, write_client_choice
from alliancekit.store.supervision import assign, case_name
from tests.services import BASE_URL, Meeting, Site

RATINGS: Final = (3, 4, 3, 4, 4, 1)
"""What the client of the course answered, session by session: at the end there is something to notice."""


WHO: Final = (
    "therapist",
    "new-therapist",
    "client",
    "new-client",
    "supervisor",
    "new-supervisor",
    "account",
    "nobody",
)
"""Whose browsers there are."""

REFUSED: Final = {
    "error": 404,
    "supervisor-gone": 404,
    "password-over": 410,
    "rating-gone": 410,
    "therapist-closed": 401,
    "client-closed": 401,
    "supervisor-closed": 401,
}
"""The status of pages that say why something is not shown; all others have 200."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """One person's browser: the link or the cookies they come with, and the pages they open, by name."""

    pages: Mapping[str, str]
    launch: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)

    async def arrive(self, context: BrowserContext, origin: str) -> None:
        """Come in; the launch link works once."""
        await context.add_cookies(
            [
                {
                    "name": next(one.cookie for one in auth.ENTRANCES.values() if one.path == path),
                    "value": value,
                    "url": origin + path,
                }
                for path, value in self.cookies.items()
            ]
        )
        if self.launch:
            page = await context.new_page()
            landed = await page.goto(origin + self.launch)
            assert landed is not None
            assert landed.ok, f"{self.launch} answers {landed.status}"
            await page.close()


async def visitors(site: Site, language: str) -> dict[str, Visitor]:
    """Everybody in `WHO`, in one language; what they see is stored in the site first."""
    therapist, supervisor = f"t-{language}", f"s-{language}"
    meeting = await make_course(site, language)
    fresh = await site.session(**_course("new", language))
    asked = await site.held(**_course("asked", language))
    account, link = await _account(site, therapist)
    course_page = f"/therapist/episodes/{meeting.episode}"
    return {
        "therapist": Visitor(
            launch=await _launch(site, {"therapist": therapist}),
            pages={
                "today": "/therapist",
                "client": course_page,
                "client-none": f"/therapist/episodes/{fresh.episode}",
                "print": f"{course_page}/print?name=1&dates=1&notes=1",
                "settings": "/therapist/settings",
                "platforms": "/therapist/platforms",
                "rules": "/therapist/plugins/strain/rules",
                "account-none": "/therapist/account",
                "error": "/therapist/episodes/epi_none",
            },
        ),
        "new-therapist": Visitor(
            launch=await _launch(site, {"therapist": f"new-{language}"}),
            pages={"today-none": "/therapist"},
        ),
        "client": Visitor(
            launch=await _launch(site, {"role": "client", "episode": meeting.episode, "client": "c1"}),
            pages={
                "client-home": "/client",
                "client-answers": "/client/answers",
                "client-choices": "/client/choices",
                "client-data": "/client/data",
            },
        ),
        "new-client": Visitor(
            launch=await _launch(site, {"role": "client", "episode": fresh.episode, "client": "c1"}),
            pages={"client-home-none": "/client", "client-answers-none": "/client/answers"},
        ),
        "supervisor": Visitor(
            launch=await _launch(site, {"role": "supervisor", "supervisor": supervisor}),
            pages={
                "supervisor": "/supervisor",
                "supervisor-case": f"/supervisor/cases/{case_name(meeting.episode)}",
                "supervisor-rules": "/supervisor/rules",
                "supervisor-account": "/supervisor/account",
                "supervisor-gone": "/supervisor/cases/none",
            },
        ),
        "new-supervisor": Visitor(
            launch=await _launch(site, {"role": "supervisor", "supervisor": f"new-{language}"}),
            pages={"supervisor-none": "/supervisor"},
        ),
        "account": Visitor(
            cookies={"/therapist": _cookie(site, account)},
            pages={"account": "/therapist/account"},
        ),
        "nobody": Visitor(
            pages={
                "sign-in": "/sign-in",
                "sign-in-done": "/sign-in?done=out",
                "password": link.removeprefix(BASE_URL),
                "password-over": "/sign-in/password?link=x",
                "therapist-closed": "/therapist",
                "client-closed": "/client",
                "supervisor-closed": "/supervisor",
                "rating": asked.client.rating_url.removeprefix(BASE_URL),
                "rating-gone": "/r/nonsense",
            },
        ),
    }


async def make_course(site: Site, language: str) -> Meeting:
    """Six sessions with tasks, a note, a talk, a client who shares, and somebody who looked; the last one."""
    therapist = f"t-{language}"
    meeting: Meeting | None = None
    for value in RATINGS:
        site.clock.now += 7 * 86400
        meeting = await site.held(speech=True, **_course("course", language))
        await site.answer(meeting.client.token, value)
        await site.answer(meeting.therapist.token, 3)
    assert meeting is not None
    now, tenant, last = site.clock(), site.tenant, meeting
    who = f"therapist:{therapist}"

    def noted(conn: Connection) -> None:
        for text, status in (("A walk every morning", "done"), ("Call my sister", "open")):
            task = course.add_task(conn, tenant, last.id, text, actor=who, now=now)
            if status != "open":
                course.decide_task(conn, tenant, task.id, status, actor=who, now=now)
        course.record_talk(conn, tenant, last.id, "not_yet", actor=who, now=now)
        assign(conn, tenant, f"s-{language}", [therapist], now)
        change_therapist(conn, tenant, therapist, {"client_sees": "scales"}, now)
        agreed = ClientChoice(supervision_at=now, supervision_text="1 en: I agree …")
        write_client_choice(conn, tenant, last.episode, agreed, now)

    await site.service.database.write(noted)
    async with site.signed_in(therapist) as browser:
        await browser.get(f"/therapist/episodes/{meeting.episode}")
    return meeting


def _course(name: str, language: str) -> dict[str, Any]:
    people = [
        {"role": "client", "external_id": "c1", "language": language},
        {"role": "therapist", "external_id": f"t-{language}", "language": language},
    ]
    return {"episode": f"{name}-{language}", "participants": people}


async def _launch(site: Site, body: dict[str, str]) -> str:
    reply = await site.post("/v1/launches", body)
    return str(reply.json()["url"]).removeprefix(BASE_URL)


async def _operate(site: Site, what: str, **given: Any) -> Any:
    operator = site.app.backend.operator  # type: ignore[attr-defined]
    return await operator.do(what, given)


async def _account(site: Site, therapist: str) -> tuple[accounts.Account, str]:
    made = await _operate(
        site,
        "users.create",
        login=f"{therapist}@clinic.example",
        role="therapist",
        person=therapist,
        tenant=site.tenant,
    )
    found = await site.service.database.read(lambda conn: accounts.by_id(conn, made["id"]))
    assert found is not None
    return found, made["link"]


def _cookie(site: Site, account: accounts.Account) -> str:
    token: str = site.app.backend.tokens.issue(claims_of(account))  # type: ignore[attr-defined]
    return token
