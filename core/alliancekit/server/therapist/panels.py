"""The panels that plugins show on a client's page: asked for, and their series drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from alliancekit import events, visibility
from alliancekit.hooks import Hooks
from alliancekit.languages.pages import Words
from alliancekit.panels import PanelSeries
from alliancekit.server.therapist.sentences import known as named
from alliancekit.server.therapist.svg import element, image
from alliancekit.server.therapist.views import NotComputed, ShownPanel
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Episode

MOST_OF_ONE: Final = 3
"""Panels that one plugin may show on a page; further ones are left out."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340.0, 150.0, 44.0, 14.0, 12.0, 26.0


async def of(
    hooks: Hooks, course: Episode, found: Sequence[SeriesSession], *, style: str, words: Words, now: float
) -> tuple[tuple[ShownPanel, ...], tuple[NotComputed, ...]]:
    """What plugins show of an episode, and which failed; only what the therapist may see goes in."""
    seen = visibility.for_therapist(found)
    event = events.PanelsWanted(
        tenant=course.tenant,
        episode=course.id,
        session=found[-1].session.id if found else "",
        at=now,
        style=style,
        language=words.language.tag,
        series=tuple(one.point() for one in seen),
        signals=tuple(signal for one in seen for _, signal in one.signals),
        talk_balances={one.session.number: one.talk_balance for one in seen if one.talk_balance is not None},
    )
    shown: list[ShownPanel] = []
    gaps: list[NotComputed] = []
    for outcome in await hooks.render_panels(event):
        if outcome.status != "ok":
            gaps.append(
                NotComputed(
                    what=named(words, "hook", outcome.hook), plugin=outcome.plugin, status=outcome.status
                )
            )
        for number, panel in enumerate((outcome.value or ())[:MOST_OF_ONE]):
            shown.append(
                ShownPanel(id=f"panel-{outcome.plugin}-{number}", plugin=outcome.plugin, panel=panel)
            )
    return tuple(shown), tuple(gaps)


def figure(words: Words, value: float | None, unit: str = "") -> str:
    """A value of a series in words; a gap is a dash."""
    return "–" if value is None else words.number(value, decimals=1) + unit


def line(key: str, series: PanelSeries, words: Words) -> Markup:
    """A series as a drawing with a text alternative; it breaks where a value is missing.

    Time runs as the language is written; see `chart`.
    """
    flip = words.direction == "rtl"
    points = series.points
    step = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1)
    base = HEIGHT - BOTTOM

    def turned(place: float) -> float:
        return WIDTH - place if flip else place

    def x(index: int) -> float:
        return turned(LEFT + (index * step if len(points) > 1 else (WIDTH - LEFT - RIGHT) / 2))

    def y(value: float) -> float:
        return base - (value - series.minimum) / (series.maximum - series.minimum) * (base - TOP)

    grid = [
        element("line", class_="grid", x1=turned(LEFT), y1=y(value), x2=turned(WIDTH - RIGHT), y2=y(value))
        + element(
            "text",
            figure(words, value),
            class_="tick",
            x=turned(LEFT - 8),
            y=y(value) + 4,
            text_anchor="end",
        )
        for value in (series.minimum, (series.minimum + series.maximum) / 2, series.maximum)
    ]
    every = 1 + (len(points) - 1) // 8
    ticks = [
        element("text", str(number), class_="tick", x=x(index), y=base + 18, text_anchor="middle")
        for index, (number, _) in enumerate(points)
        if (len(points) - 1 - index) % every == 0
    ]
    path, pen = "", "M"
    for index, (_, value) in enumerate(points):
        if value is None:
            pen = "M"
            continue
        path += f"{pen}{x(index):.1f} {y(value):.1f}"
        pen = "L"
    marks = [
        element("circle", class_="mark plugin", cx=x(index), cy=y(value), r=4)
        for index, (_, value) in enumerate(points)
        if value is not None
    ]
    given = [(number, value) for number, value in points if value is not None]
    told = (
        words.say(
            "panel.told",
            first=given[0][0],
            start=figure(words, given[0][1], series.unit),
            last=given[-1][0],
            end=figure(words, given[-1][1], series.unit),
        )
        if given
        else words.say("panel.empty")
    )
    return image(
        *grid,
        *ticks,
        element("path", class_="line plugin", d=path),
        *marks,
        key=key,
        title=words.say("panel.chart", label=series.label),
        description=told,
        width=WIDTH,
        height=HEIGHT,
        kind="panel-line",
    )
