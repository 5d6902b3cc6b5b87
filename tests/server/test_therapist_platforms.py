"""The page about video platforms: what it says, what to do, and that it tells nothing of other tenants."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from tests.services import MakeSite, Site
from tests.toy_platform import Toy, ToyPlatform, post, said

from alliancekit.adapters import Capabilities, Reason
from alliancekit.cli import adapters_page
from alliancekit.inbound.doing import Doing
from alliancekit.languages import Languages
from alliancekit.languages.pages import Words
from alliancekit.server.therapist import platforms, render
from alliancekit.testing.fake_adapter import FakeAdapter

EN = Words(Languages().find("en"), "therapist")
NOW = 1_790_000_000.0


def page(doing: Doing, *, alone: bool = True) -> str:
    html = render.render_platforms(platforms.view([(Toy(), doing)], alone=alone, now=NOW, words=EN), EN)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (250, "4 minutes ago"),
        (3600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (9 * 86_400, "9 days ago"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert platforms.when(NOW - seconds, NOW, EN).words == words


def test_a_time_is_also_said_exactly_in_the_readers_zone() -> None:
    one = platforms.when(NOW, NOW, Words(EN.language, "therapist", timezone="Europe/Rome"))
    assert one.exact == "21 September 2026, 16:13:20 (Europe/Rome)"
    assert one.iso == "2026-09-21T14:13:20+00:00"
    html = render.render_platforms(
        platforms.view([(Toy(), Doing(last_at=NOW - 250))], alone=True, now=NOW, words=EN), EN
    )
    assert 'title="21 September 2026, 14:09:10 (UTC)">4 minutes ago</time>' in html


def test_every_reason_says_what_to_do() -> None:
    refused = dict.fromkeys(get_args(Reason), 2)
    text = page(Doing(since=NOW, refused=refused, unknown_rooms=1, strangers=1))
    for reason in (*get_args(Reason), "unknown_room", "stranger"):
        assert EN.say(f"refused.{reason}") in text
        assert EN.say(f"refused.{reason}_todo") in text
    assert text.index("Sent twice") > text.index("About somebody")


def test_every_capability_is_said_in_plain_words() -> None:
    said_elsewhere = {"webhooks", "trust", "replay_safe", "media"}
    assert set(platforms.CAN) == set(Capabilities.__dataclass_fields__) - said_elsewhere
    assert all(EN.has(f"trust.{trust}") for trust in ("signed", "static_token", "none"))
    text = page(Doing())
    assert "Fixed token" in text
    assert "It tells who joins and leaves" in text
    assert "It can end the call" not in text


def test_what_works_within_the_call_is_not_said_to_lack_proof() -> None:
    html = render.render_platforms(
        platforms.view([(FakeAdapter(), Doing())], alone=True, now=NOW, words=EN), EN
    )
    assert "works from within the call" in html
    assert "No proof" not in html


def test_without_any_platform_the_page_teaches() -> None:
    html = render.render_platforms(platforms.view([], alone=True, now=NOW, words=EN), EN)
    assert "No video platform is connected" in html
    assert "alliancekit adapters list" in html


def test_with_other_tenants_nothing_that_may_be_theirs_is_shown() -> None:
    doing = Doing(since=NOW, refused={"bad_signature": 3, "weak": 2}, unknown_rooms=4, strangers=5)
    text = page(doing, alone=False)
    assert EN.say("refused.bad_signature") not in text
    assert EN.say("refused.unknown_room") not in text
    assert EN.say("refused.weak") in text
    assert EN.say("refused.stranger") in text
    assert "several practices" in text


# over HTTP --------------------------------------------------------------------------------------------


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site(extra=[("toy", ToyPlatform())])


async def signed_in(site: Site) -> None:
    launch = (await site.post("/v1/launches", {"therapist": "t1"})).json()["url"]
    parts = urlsplit(launch)
    reply = await site.http.get(f"{parts.path}?{parts.query}")
    assert reply.status_code == 303


async def test_it_needs_a_therapist(site: Site) -> None:
    reply = await site.http.get("/therapist/platforms")
    assert reply.status_code == 401
    assert "Toy platform" not in reply.text


async def test_a_therapist_sees_it_with_a_link_on_every_page_and_no_clients(site: Site) -> None:
    await signed_in(site)
    await site.session(adapter="toy", room="visit-1", episode="course-of-ana")
    await post(site, said("joined", site.clock(), person="c1"))
    await post(site, token="wrong")
    site.clock.now += 250
    reply = await site.http.get("/therapist/platforms")
    assert reply.status_code == 200
    assert reply.headers["content-security-policy"] == render.CSP
    assert "4 minutes ago" in reply.text
    assert EN.say("refused.bad_signature") in reply.text
    assert 'aria-current="page">Video platforms' in reply.text
    assert "course-of-ana" not in reply.text
    assert "c1" not in re.sub(r"\?v=\w+", "", reply.text), "digests of files aside"
    today = await site.http.get("/therapist")
    assert '<a href="/therapist/platforms">Video platforms</a>' in today.text


async def test_another_tenants_calls_leave_no_trace_on_it(site: Site) -> None:
    await signed_in(site)
    _, key = await site.another_tenant()
    before = (await site.http.get("/therapist/platforms")).text
    await site.session(adapter="toy", room="theirs", key=key)
    await post(site, said("joined", site.clock(), "inst-1", "theirs", person="c1"))
    await post(site, said("joined", site.clock(), "inst-2", "unknown", person="c1"))
    await post(site, token="wrong")
    assert (await site.http.get("/therapist/platforms")).text == before


# the table of all adapters ----------------------------------------------------------------------------


def test_the_table_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert adapters_page.main(["--check"]) == 0, capsys.readouterr().err


def test_the_check_fails_on_a_stale_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(adapters_page, "PAGE", tmp_path / "ADAPTERS.md")
    assert adapters_page.main(["--check"]) == 3
    assert adapters_page.main([]) == 0
    assert adapters_page.main(["--check"]) == 0
    adapters_page.PAGE.write_text(adapters_page.page().replace("Zoom", "Boom"))
    assert adapters_page.main(["--check"]) == 3
    assert "stale" in capsys.readouterr().err


def test_the_table_has_a_column_for_every_capability() -> None:
    assert set(adapters_page.COLUMNS) == set(Capabilities.__dataclass_fields__)
    assert adapters_page.page().count("(../adapters/alliancekit_zoom/README.md) `zoom` |") == 1
