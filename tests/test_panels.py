"""Panels of plugins on the therapist's page: drawn by the host, limited, and empty of what clients hide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from alliancekit.events import PanelsWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.panels import Panel, PanelList, PanelSeries, PanelTable, PanelText
from tests.services import MakeSite, Site

HOSTILE = '<img src=x onerror="alert(1)">'


class Boxes(AllianceHooks):
    needs = frozenset({"series", "answers"})

    def __init__(self, *boxes: Panel) -> None:
        self.boxes = boxes
        self.events: list[PanelsWanted] = []

    @hookimpl
    async def render_panels(self, event: PanelsWanted) -> list[Panel]:
        self.events.append(event)
        return list(self.boxes)


async def page(site: Site, episode: str) -> str:
    async with site.signed_in() as browser:
        reply = await browser.get(f"/therapist/episodes/{episode}")
    assert reply.status_code == 200
    return " ".join(reply.text.split())


async def test_every_part_is_drawn_and_nothing_is_markup(make_site: MakeSite) -> None:
    panel = Panel(
        f"Title {HOSTILE}",
        (
            PanelText(f"Text {HOSTILE}"),
            PanelList((f"Item {HOSTILE}", "second")),
            PanelTable(f"Caption {HOSTILE}", ("Head", HOSTILE), (("first", HOSTILE),)),
            PanelSeries(label=f"Line {HOSTILE}", points=((1, 20.0), (2, None), (3, 80.5)), unit=" %"),
        ),
    )
    site = await make_site(extra=[("boxes", Boxes(panel))])
    meeting = await site.held()
    shown = await page(site, meeting.episode)
    assert HOSTILE not in shown
    assert shown.count("&lt;img src=x") >= 8
    for expected in (
        'id="panel-boxes-0"',
        "from boxes",
        '<th scope="row">first</th>',
        "M44.0 101.6M326.0 33.8",
        "<td>–</td>",
        "<td>80.5 %</td>",
        'role="img"',
    ):
        assert expected in shown, expected


async def test_the_page_is_there_although_a_panel_fails(make_site: MakeSite) -> None:
    class Hanging(AllianceHooks):
        @hookimpl
        async def render_panels(self, event: PanelsWanted) -> list[Panel]:
            await asyncio.sleep(60)
            return []

    class Raising(AllianceHooks):
        @hookimpl
        async def render_panels(self, event: PanelsWanted) -> list[Panel]:
            raise ValueError("a client's own words")

    extra = [("hanging", Hanging()), ("raising", Raising()), ("boxes", Boxes(Panel("Mine", ())))]
    site = await make_site(extra=extra)
    meeting = await site.held()
    shown = await page(site, meeting.episode)
    assert "Panel: not computed (hanging: timeout)" in shown
    assert "Panel: not computed (raising: error)" in shown
    assert "own words" not in shown
    assert 'id="panel-boxes-0"' in shown


async def test_a_plugin_has_three_panels_at_most(make_site: MakeSite) -> None:
    site = await make_site(extra=[("boxes", Boxes(*(Panel(f"Box {n}", ()) for n in range(5))))])
    meeting = await site.held()
    shown = await page(site, meeting.episode)
    assert shown.count('class="card panel"') == 3


async def test_panels_get_what_the_therapist_may_see(make_site: MakeSite) -> None:
    boxes = Boxes()
    site = await make_site(extra=[("boxes", boxes)])
    meeting = await site.held()
    await site.answer(meeting.client.token, 1, visibility="aggregate_only")
    await site.answer(meeting.therapist.token, 3)
    assert "panel" not in (await page(site, meeting.episode)).partition("<main")[2]
    [event] = boxes.events
    assert (event.episode, event.session, event.style) == (meeting.episode, meeting.id, "supportive")
    [point] = event.series
    assert [one.role for one in point.responses] == ["therapist"]
    assert point.responses[0].answers


async def test_the_caseload_asks_for_no_panels(make_site: MakeSite) -> None:
    boxes = Boxes(Panel("Box", ()))
    site = await make_site(extra=[("boxes", boxes)])
    await site.held()
    async with site.signed_in() as browser:
        assert (await browser.get("/therapist")).status_code == 200
    assert boxes.events == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Panel("", ()),
        lambda: Panel("x" * 81, ()),
        lambda: Panel("x", tuple(PanelText("x") for _ in range(13))),
        lambda: PanelText("x" * 2001),
        lambda: PanelList(tuple("x" for _ in range(51))),
        lambda: PanelTable("x", ("a", "b"), (("1",),)),
        lambda: PanelTable("x", tuple("abcdefg"), ()),
        lambda: PanelTable("x", ("a",), tuple(("1",) for _ in range(51))),
        lambda: PanelSeries(label="x", points=((1, 101.0),)),
        lambda: PanelSeries(label="x", points=((1, float("nan")),)),
        lambda: PanelSeries(label="x", points=(), minimum=1.0, maximum=1.0),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_made(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"panel|series|row"):
        make()


@pytest.mark.parametrize("wrong", [lambda: PanelText(1), lambda: Panel("x", ("<b>",))])  # type: ignore[arg-type]
def test_other_types_are_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        wrong()
