"""What the therapist noted, as the page shows it: in the trend, in the list, on the sheet for supervision."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from tests.tools import therapist_examples as examples

from alliancekit.events import Signal
from alliancekit.server.therapist import chart, findings, render
from alliancekit.server.therapist.course import CourseView, Done, TalkView, view_of
from alliancekit.server.therapist.printed import MOST_FINDINGS, MOST_TASKS, SheetWords
from alliancekit.server.therapist.views import EpisodeView
from alliancekit.store.course import Talk

NOW = examples.START + 90 * 86400


def drawn(view: EpisodeView) -> ET.Element:
    return ET.fromstring(chart.trend(view, examples.EN))


def of_class(svg: ET.Element, name: str) -> list[ET.Element]:
    return [e for e in svg.iter() if name in (e.get("class") or "").split(" ")]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def talk(session: int, outcome: str = "repaired") -> TalkView:
    return TalkView(id=f"tlk_{session}", session=session, outcome=outcome, at=NOW)  # type: ignore[arg-type]


def signal(kind: str, **fields: object) -> Signal:
    base = {"rule": "a rule", "level": "notice", "sentence": "It fell.", "sessions_needed": 1}
    return Signal(kind=kind, instrument="check-in", scale="total", **base | fields)  # type: ignore[arg-type]


# what is open -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["possible_strain", "low_score", "low_item", "drop"])
def test_the_therapists_word_closes_a_finding_or_keeps_it_open(kind: str) -> None:
    strain = [(3, signal(kind))]
    for word, is_open in ((talk(3), False), (talk(3, "not_yet"), True)):
        (found,) = findings.of(strain, rated=5, words=examples.EN, course=CourseView(talks=(word,)))
        assert (found.open, found.talk, found.repaired_in) == (is_open, word, None)
        assert found.said_repaired is not is_open
    (elsewhere,) = findings.of(strain, rated=5, words=examples.EN, course=CourseView(talks=(talk(4),)))
    (untouched,) = findings.of(strain, rated=5, words=examples.EN)
    assert (elsewhere.open, elsewhere.talk) == (untouched.open, None) == (kind == "possible_strain", None)


def test_the_rules_repair_and_the_word_are_told_apart() -> None:
    series = [(3, signal("possible_strain")), (4, signal("repair"))]
    (by_rule, _) = findings.of(series, rated=4, words=examples.EN)
    assert (by_rule.open, by_rule.repaired_in, by_rule.said_repaired) == (False, 4, False)
    (both, repair) = findings.of(
        series, rated=4, words=examples.EN, course=CourseView(talks=(talk(3), talk(4)))
    )
    assert (both.open, both.repaired_in, both.said_repaired) == (False, 4, True)
    assert repair.talk is None, "nobody says of a repair that it is repaired"
    (after, _) = findings.of(
        series, rated=4, words=examples.EN, course=CourseView(talks=(talk(3, "not_yet"),))
    )
    assert (after.open, after.repaired_in, after.said_repaired) == (False, 4, False)


def test_a_strain_that_comes_back_is_its_own() -> None:
    again = findings.of(
        [(3, signal("possible_strain")), (6, signal("possible_strain"))],
        rated=6,
        words=examples.EN,
        course=CourseView(talks=(talk(3),)),
    )
    assert [one.open for one in again] == [False, True]
    assert [one.may_be_talked_about for one in again] == [False, True]


def test_the_last_word_on_a_session_counts() -> None:
    rows = [
        Talk(id=f"tlk_{n}", episode="epi", session="ses_a", outcome=outcome, at=float(n))
        for n, outcome in enumerate(("not_yet", "repaired"))
    ]
    course = view_of({"ses_a": 7}, talks=rows)
    assert [(one.id, one.session, one.outcome) for one in course.talks] == [("tlk_1", 7, "repaired")]


# drawn ------------------------------------------------------------------------------------------------


def test_the_rules_repair_and_the_therapists_word_are_drawn_apart() -> None:
    view = examples.episode(12)
    svg = drawn(view)
    marks = {
        m.get("data-session"): float(m.get("cx") or 0) for m in of_class(svg, "client") if m.tag == "circle"
    }
    (square,) = of_class(svg, "badge-word")
    (ring,) = of_class(svg, "badge-rule")
    assert float(square.get("x") or 0) + 8 == pytest.approx(marks["6"])
    assert float(ring.get("cx") or 0) == pytest.approx(marks["10"])
    said = TalkView(id="tlk_10", session=10, outcome="repaired", at=0.0)
    both = drawn(replace(view, signals=(examples.strain(10, settled=True, talk=said),)))
    assert [len(of_class(both, name)) for name in ("badge-word", "badge-rule", "badge")] == [1, 1, 0]
    text = text_of(render.render_episode(view, examples.EN))
    assert "Possible strain in session 10, repaired in session 12." in text
    assert "A low answer in session 6: repaired in your words" in text


def test_tasks_stand_below_the_session_in_which_they_were_agreed() -> None:
    view = examples.episode(12)
    svg = drawn(view)
    assert [e.text for e in of_class(svg, "tasks")] == ["1/1", "½/2", "1/1", "–/1"]
    without = drawn(replace(view, course=CourseView()))
    assert of_class(without, "tasks") == []
    assert svg.get("viewBox") != without.get("viewBox")


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((2, 2, 0, 0), "2/2"),
        ((2, 0, 1, 0), "½/2"),
        ((3, 1, 1, 1), "1½/3"),
        ((1, 0, 0, 0), "0/1"),
        ((2, 0, 0, 2), "–/2"),
    ],
)
def test_tasks_in_short(counts: tuple[int, int, int, int], told: str) -> None:
    agreed, done, partly, still = counts
    assert Done(agreed=agreed, done=done, partly=partly, open=still).short == told


# for supervision --------------------------------------------------------------------------------------


def sheet(view: EpisodeView | None = None, **options: bool) -> str:
    words = SheetWords(examples.EN.language, "therapist", timezone="Europe/Rome")
    return render.render_print(view or examples.episode(12, words=words), words, now=NOW, **options)


def test_the_sheet_says_neither_who_nor_when_nor_what_is_private() -> None:
    plain = sheet()
    for secret in ("Client 4711", "2026", "Lighter today", "persuade"):
        assert secret not in plain, secret
    said = text_of(plain)
    assert "For supervision: One client" in said
    assert "12 sessions within 12 weeks · 1 missed" in said
    assert "Client 4711" in sheet(name=True)
    assert "3 Oct 2026" in sheet(dates=True)
    assert "persuade" in sheet(notes=True)
    assert "Client 4711" not in sheet(dates=True, notes=True)


def test_the_sheet_has_both_voices_rules_numbers_talks_tasks_and_balance() -> None:
    said = text_of(sheet())
    for part in (
        "Client 68 74 77 × 79 81 – 78 80 62 71 79",
        "Therapist 60 62 70 × 71 74 – 76 77 74 66 72",
        "3. Possible strain , Session 10 (closed; rating came back in session 12)",
        "Rule: fall of 1 SD, fall of 2 SD: Level before 80, Latest 62",
        "talked about it, not repaired yet (week 10)",
        "talked about it, in the therapist’s words repaired (week 7)",
        "Not done : Call the friend from work (Session 8)",
        "Session 12: client 43%, therapist 57%",
        "Average of 11 sessions: client 43%, therapist 57%",
    ):
        assert part in said, part


def test_what_there_is_no_room_for_is_counted() -> None:
    view = examples.episode(12)
    course = replace(view.course, tasks=view.course.tasks * 3)
    full = replace(view, course=course, signals=view.signals * 3)
    said = text_of(sheet(full))
    assert f"{15 - MOST_TASKS} earlier ones are not printed." in said
    assert f"{15 - MOST_FINDINGS} earlier ones are not printed." in said


def test_a_client_without_sessions_has_a_sheet_too() -> None:
    assert "0 sessions" in text_of(sheet(examples.episode(0)))
