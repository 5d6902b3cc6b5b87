"""The therapist's pages, rendered from made-up and from random views."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from tests.tools import therapist_examples as examples

from alliancekit.events import Guidance, Score, Signal, TalkBalance, TalkShare
from alliancekit.server.therapist import chart, render, sentences, series, talk_chart
from alliancekit.server.therapist.views import (
    CaseloadView,
    CheckInView,
    CutOffView,
    EpisodeView,
    FacetView,
    Live,
    NotComputed,
    Reading,
    ResponseView,
    SessionView,
    SignalView,
)

EN = examples.EN
HOSTILE = "<script>alert(1)</script>\"'&<b onclick=x style=y>"


class Outline(HTMLParser):
    """Collects what the assertions need from a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def with_sessions(*sessions: SessionView) -> EpisodeView:
    return replace(examples.episode(0), sessions=sessions)


def drawn(view: EpisodeView, frame: chart.Frame = chart.WIDE) -> ET.Element:
    return ET.fromstring(chart.trend(view, EN, frame))


def of_class(svg: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in svg.iter() if name in (e.get("class") or "").split(" ")]


def table_rows(html: str) -> list[tuple[str, str, str]]:
    """Session, client and therapist text of every row of the trend's table."""
    pattern = (
        r'<tr data-session="(\d+)">.*?data-voice="client">([^<]*)</td>'
        r'<td[^>]*data-voice="therapist">([^<]*)</td>'
    )
    return re.findall(pattern, html, re.DOTALL)


def all_hostile() -> EpisodeView:
    view = examples.episode(12)
    signal = Signal(
        kind="drop",
        rule=HOSTILE,
        level="notice",
        sentence=HOSTILE,
        sessions_needed=2,
        scale=HOSTILE,
        inputs={HOSTILE: 1.0},
        source=HOSTILE,
    )
    last = replace(
        view.sessions[-1],
        responses=(ResponseView(role="client", moment="end_of_call", title=HOSTILE, state="shared"),),
    )
    return replace(
        view,
        episode=HOSTILE,
        external_id=HOSTILE,
        style=replace(view.style, title=HOSTILE),
        measure=HOSTILE,
        validation=HOSTILE,
        higher_means=HOSTILE,
        cut_off=CutOffView(percent=40, meaning=HOSTILE, source=HOSTILE),
        scales=tuple(replace(scale, title=HOSTILE) for scale in view.scales),
        sessions=(*view.sessions[:-1], last),
        check_in=CheckInView(
            session=12,
            client_state="shown",
            therapist_state="shown",
            facets=(FacetView(title=HOSTILE, client=HOSTILE, therapist=HOSTILE),),
        ),
        signals=(SignalView(session=12, signal=signal), SignalView(session=3, signal=signal, open=False)),
        guidance=tuple(
            Guidance(style="x", text=HOSTILE, kind=kind, about=HOSTILE)
            for kind in ("reading", "next_step", "talk_balance")
        ),
        not_computed=(NotComputed(what=HOSTILE, plugin=HOSTILE, status=HOSTILE),),
        live=Live(url="/v1/live", token=HOSTILE),
    )


def every_page() -> Iterator[str]:
    yield render.render_episode(all_hostile(), EN)
    hostile = replace(
        examples.caseload().entries[0], external_id=HOSTILE, style=HOSTILE, episode=HOSTILE, url="/x?a=1&b"
    )
    yield render.render_caseload(
        CaseloadView(entries=(hostile,), live=Live(url="/v1/live", token=HOSTILE)), EN
    )
    yield render.render_error(EN, title=HOSTILE, detail=HOSTILE, fix=HOSTILE)


def test_hostile_text_is_shown_and_stays_text() -> None:
    for html in every_page():
        outline = Outline(html)
        assert HOSTILE in outline.words
        scripts = [attributes for tag, attributes in outline.tags if tag == "script"]
        assert all((a.get("src") or "").startswith(render.STATIC_PATH) for a in scripts)
        assert "b" not in [tag for tag, _ in outline.tags]


def test_no_inline_style_script_or_foreign_address() -> None:
    for html in every_page():
        for tag, attributes in Outline(html).tags:
            assert tag != "style"
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
            for name in ("src", "href", "action"):
                address = attributes.get(name)
                assert address is None or address[0] in "/#", address


def test_the_token_is_not_in_a_views_repr() -> None:
    assert "live-token" not in repr(examples.episode(1, live=True))
    assert 'data-token="live-token"' in render.render_episode(examples.episode(1, live=True), EN)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 12, 42])
def test_ids_are_unique_and_headings_in_order(number: int) -> None:
    outline = Outline(render.render_episode(examples.episode(number), EN))
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("frame", [chart.WIDE, chart.NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("number", [1, 2, 3, 12, 42])
def test_the_chart_has_the_tables_numbers(number: int, frame: chart.Frame) -> None:
    view = examples.episode(number)
    rows = table_rows(render.render_episode(view, EN))
    assert [int(row[0]) for row in rows] == [session.number for session in view.drawn]
    for column, voice in ((1, "client"), (2, "therapist")):
        in_table = {(row[0], row[column]) for row in rows[-frame.most :] if row[column].isdigit()}
        in_chart = {
            (m.get("data-session"), m.get("data-percent"))
            for m in of_class(drawn(view, frame), "mark")
            if voice in (m.get("class") or "")
        }
        assert in_chart == in_table
        assert in_table


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("no_answer", "no answer"),
        ("waiting", "not answered yet"),
        ("later", "after the next session"),
        ("private", "kept private"),
        ("not_scored", "not scored"),
        ("not_asked", "not asked"),
    ],
)
def test_nothing_is_never_zero(state: str, text: str) -> None:
    hidden = Reading(state=state)  # type: ignore[arg-type]
    view = with_sessions(replace(examples.session(1, 70, 70), client={"total": hidden}))
    html = render.render_episode(view, EN)
    assert table_rows(html) == [("1", text, "70")]
    assert not of_class(drawn(view), "client")
    assert '<span class="number">0</span>' not in html
    assert "None" not in Outline(html).words


def test_a_real_zero_is_shown() -> None:
    view = with_sessions(examples.session(1, 0, 70))
    assert table_rows(render.render_episode(view, EN))[0][1] == "0"
    assert '<span class="number">0</span>' in render.render_episode(view, EN)


def test_a_hidden_answer_cannot_be_put_into_a_view() -> None:
    with pytest.raises(ValueError, match="exactly when it is shown"):
        Reading(61.0, "private")
    with pytest.raises(ValueError, match="exactly when it is shown"):
        Reading(None, "shown")
    with pytest.raises(ValueError, match="between 0 and 100"):
        Reading(101.0, "shown")
    with pytest.raises(ValueError, match="cannot be shown"):
        CheckInView(
            session=1,
            client_state="later",
            therapist_state="shown",
            facets=(FacetView(title="x", client="Mostly"),),
        )


@pytest.mark.parametrize("percent", [None, -0.1, 100.1, float("nan"), float("inf")])
def test_an_impossible_score_reads_as_not_scored(percent: float | None) -> None:
    score = Score(scale="total", value=1, minimum=0, maximum=4, percent=percent, answered=1, items=1)
    assert Reading.of_score(score) == Reading(state="not_scored")
    assert Reading.of_score(replace(score, percent=25.0)) == Reading(25.0, "shown")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("shared", "shared now"),
        ("later", "answered, will be shown after the next session"),
        ("private", "answered, kept private"),
        ("waiting", "not answered yet"),
        ("no_answer", "no answer"),
    ],
)
def test_each_response_says_who_may_see_it(state: str, text: str) -> None:
    asked = ResponseView(role="client", moment="end_of_call", title="Check-in", state=state)  # type: ignore[arg-type]
    session = replace(examples.session(1, 70, 70), responses=(asked,))
    assert f'<span class="state {state}">{text}</span>' in render.render_episode(with_sessions(session), EN)


def test_the_first_sessions_say_what_is_missing() -> None:
    nothing = Outline(render.render_episode(examples.episode(0), EN)).words
    assert "No sessions yet" in nothing
    assert "From 4 rated sessions" in nothing
    one = Outline(render.render_episode(examples.episode(1), EN)).words
    assert "first rating is 68 of 100. There is nothing to compare it with yet" in one
    assert "One rating is a point, not a trend" in one
    assert "3 more are needed" in one
    three = Outline(render.render_episode(examples.episode(3), EN)).words
    assert "rating is 77 of 100, 3 points higher than after session 2" in three
    assert "1 more is needed" in three
    assert (
        "usual range"
        not in Outline(render.render_episode(examples.episode(2), EN))
        .words.split("About")[0]
        .split("Over")[0]
    )
    assert "No clients here yet" in render.render_caseload(CaseloadView(), EN)


def test_a_line_needs_two_neighbouring_ratings() -> None:
    assert not of_class(drawn(examples.episode(1)), "line")
    apart = with_sessions(
        examples.session(1, 70, 70), examples.session(2, None, None), examples.session(3, 60, 60)
    )
    assert not of_class(drawn(apart), "line")
    assert len(of_class(drawn(apart), "mark")) == 4
    assert len(of_class(drawn(examples.episode(2)), "line")) == 2


def test_the_own_range_needs_four_ratings_and_has_the_formula_of_its_caption() -> None:
    three = [examples.session(i, p, None) for i, p in enumerate((60, 70, 80), 1)]
    assert series.own_range(three, "total") is None
    assert not of_class(drawn(with_sessions(*three)), "band")
    found = series.own_range([*three, examples.session(4, 70, None)], "total")
    assert found is not None
    assert (round(found.low, 3), round(found.high, 3), found.sessions) == (61.835, 78.165, 4)
    assert of_class(drawn(with_sessions(*three, examples.session(4, 70, None))), "band")


def test_signals_stand_above_their_session_under_their_number() -> None:
    view = examples.episode(12)
    svg = drawn(view)
    marks = {m.get("data-session"): m.get("cx") for m in of_class(svg, "client") if m.tag == "circle"}
    assert [b.get("cx") for b in of_class(svg, "badge")] == [marks["9"], marks["12"], marks["12"]]
    many = replace(view, signals=(examples.DIVERGENCE,) * 5)
    assert [e.text for e in of_class(drawn(many), "badge-text")] == ["1", "2", "+3"]


def test_a_signal_explains_itself() -> None:
    text = Outline(render.render_episode(examples.episode(10), EN)).words
    for part in (
        "Possible strain",
        "Lower than this client’s usual range: 2 of 3 rules agree.",
        "Fall of 2 SD agrees",
        "Control chart does not agree",
        "8.42",
        "59.79",
        "at least 5 sessions",
        "Gumz et al. 2012",
        "Lipner et al. 2022",
        "In simulated courses of 8 sessions it found",
    ):
        assert part in text


def test_what_failed_is_named_and_not_counted() -> None:
    assert "Talk balance remarks: not computed (talk_balance: timeout)" in render.render_episode(
        examples.episode(12), EN
    )


def test_validity_and_example_data_are_said_where_numbers_stand() -> None:
    view = examples.episode(12)
    html = render.render_episode(view, EN)
    for part in ("news", "trend-part", "scales", "check-in", "about"):
        section = html.split(f'id="{part}"')[1].split("</section>")[0]
        assert "not validated" in section, part
    assert "Example data." in html
    assert [e.text for e in of_class(drawn(view), "example")] == ["example data"]
    assert "This client is made up" in html
    real = replace(view, sessions=tuple(replace(s, example=False) for s in view.sessions), validated=True)
    assert "xample data" not in render.render_episode(real, EN)
    assert "not validated" not in render.render_episode(real, EN)


def test_talk_balance_is_a_description() -> None:
    text = Outline(render.render_episode(examples.episode(12), EN)).words
    for part in ("Client 43%", "You 57%", "88", "91", "4%", "12%", "47 min", "not a score"):
        assert part in text
    bar = ET.fromstring(talk_chart.talk_bar(examples.talk(), EN))
    client, therapist = of_class(bar, "talk")
    assert float(client.get("width", 0)) / (
        float(client.get("width", 0)) + float(therapist.get("width", 0))
    ) == pytest.approx(0.43)
    silent = TalkShare(seconds=0, share=0, turns=0)
    nobody = TalkBalance(client=silent, therapist=silent, overlap=0, silence=1, observed_seconds=60)
    assert not of_class(ET.fromstring(talk_chart.talk_bar(nobody, EN)), "talk")


def test_today_is_ordered_by_the_most_recent_session() -> None:
    html = render.render_caseload(examples.caseload(), EN)
    order = re.findall(r'id="client-(epi_\d)"', html)
    assert order == ["epi_2", "epi_1", "epi_3", "epi_4"]
    text = Outline(html).words
    assert "Waiting for the client’s and your answer" in text
    assert "Session 4 was missed." in text


@pytest.mark.parametrize(
    ("sessions", "sentence"),
    [
        ((70.4, 70.0), "The client’s rating is 70 of 100, the same as after session 1."),
        ((70.5, 70.4), "The client’s rating is 70 of 100, 1 point lower than after session 1."),
        ((50.0, None, 62.0), "The client’s rating is 62 of 100, 12 points higher than after session 1."),
        ((50.0, None), "The client did not answer after session 2. The last rating was 50, in session 1."),
        ((None,), "The client did not answer after session 1."),
    ],
)
def test_what_changed(sessions: tuple[float | None, ...], sentence: str) -> None:
    views = [examples.session(i, percent, None) for i, percent in enumerate(sessions, 1)]
    assert sentences.what_changed(EN, views, "total") == sentence


def test_a_template_may_not_use_an_unknown_name() -> None:
    with pytest.raises(UndefinedError):
        render._environment.from_string("{{ nothing_of_the_kind }}").render()


def test_the_policy_is_the_one_that_was_decided() -> None:
    assert render.CSP == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert "frame-ancestors https://clinic.example;" in render.content_security_policy(
        "https://clinic.example"
    )


def palette(css: str, start: str) -> dict[str, str]:
    block = css.split(start, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    "start", ["color-scheme: light dark;", "(prefers-color-scheme: dark)", "@media print"]
)
def test_text_and_marks_have_contrast(start: str) -> None:
    """WCAG 2.2, 1.4.3: text has 4.5:1 on every ground it stands on."""
    colours = palette((render.STATIC_DIR / "therapist.css").read_text(), start)
    for ink in ("ink", "soft", "accent", "client", "therapist", "strong", "notice", "info"):
        for ground in ("ground", "card", "raised", "band"):
            light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


readings = st.one_of(
    st.floats(0, 100).map(lambda p: Reading(p, "shown")),
    st.sampled_from(["no_answer", "waiting", "later", "private", "not_scored", "not_asked"]).map(
        lambda s: Reading(state=s)
    ),
)
scale_readings = st.dictionaries(st.sampled_from(["total", "goal", "task", "bond"]), readings)


@st.composite
def views(draw: st.DrawFn) -> EpisodeView:
    n = draw(st.integers(0, 45))
    sessions = tuple(
        SessionView(
            id=f"ses_{i}",
            number=i,
            at=draw(st.floats(0, 4e9)),
            attended=draw(st.booleans()),
            begun=draw(st.booleans()),
            example=draw(st.booleans()),
            in_progress=draw(st.booleans()),
            seconds=draw(st.floats(0, 2e4)),
            client=draw(scale_readings),
            therapist=draw(scale_readings),
            talk_balance=draw(st.sampled_from([None, examples.talk()])),
        )
        for i in range(1, n + 1)
    )
    found = st.builds(
        lambda s, o, view: replace(view, session=s, open=o),
        st.integers(1, max(n, 1)),
        st.booleans(),
        st.sampled_from([examples.strain(1), examples.DIVERGENCE, examples.REPAIR]),
    )
    return replace(
        examples.episode(0),
        external_id=draw(st.text(max_size=20)),
        sessions=sessions,
        signals=tuple(draw(st.lists(found, max_size=8))) if n else (),
        cut_off=draw(st.sampled_from([None, CutOffView(percent=50, meaning="m", source="s")])),
    )


def places(svg: ET.Element) -> Iterator[tuple[float, float]]:
    """Every outermost place that is drawn: marks with their size, lines, boxes, text anchors."""
    for e in svg.iter():
        if e.tag == "circle":
            x, y, r = (float(e.get(k, 0)) for k in ("cx", "cy", "r"))
            yield from ((x - r, y - r), (x + r, y + r))
        elif e.tag == "rect":
            x, y, w, h = (float(e.get(k, 0)) for k in ("x", "y", "width", "height"))
            yield from ((x, y), (x + w, y + h))
        elif e.tag == "line":
            yield from (
                (float(e.get("x1", 0)), float(e.get("y1", 0))),
                (float(e.get("x2", 0)), float(e.get("y2", 0))),
            )
        elif e.tag == "polyline":
            for pair in e.get("points", "").split():
                x, y = pair.split(",")
                yield float(x), float(y)
        elif e.tag == "text":
            yield float(e.get("x", 0)), float(e.get("y", 0))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(views())
def test_every_view_renders_and_every_point_lies_inside(view: EpisodeView) -> None:
    html = render.render_episode(view, EN)
    assert "None" not in Outline(html).words.replace(view.external_id, "")
    drawings = [drawn(view, chart.WIDE), drawn(view, chart.NARROW)]
    drawings += [ET.fromstring(chart.small(view, scale, EN)) for scale in view.scales]
    for svg in drawings:
        _, _, width, height = map(float, (svg.get("viewBox") or "").split())
        for x, y in places(svg):
            assert 0 <= x <= width, (x, width)
            assert 0 <= y <= height, (y, height)
    rows = table_rows(html)
    for frame, svg in ((chart.WIDE, drawings[0]), (chart.NARROW, drawings[1])):
        in_chart = {
            (m.get("data-session"), m.get("data-percent")) for m in of_class(svg, "mark") if m.tag == "circle"
        }
        assert in_chart == {(row[0], row[1]) for row in rows[-frame.most :] if row[1].isdigit()}
