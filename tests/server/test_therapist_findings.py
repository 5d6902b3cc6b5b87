"""Which findings stay open, and how the page tells example, unfinished and unanswered sessions apart."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from tests.server.test_therapist_render import Outline, drawn, of_class, with_sessions
from tests.tools import therapist_examples as examples

from alliancekit.events import RuleInfo, Signal, SignalKind
from alliancekit.server.therapist import agreement, findings, render, sentences
from alliancekit.server.therapist.views import CaseloadView

EN = examples.EN


def test_what_changed_while_the_newest_session_is_not_over() -> None:
    rated = [examples.session(1, 50, None), examples.session(2, 62, None)]
    for change, doing in (({"in_progress": True}, "is going on"), ({"begun": False}, "has not begun")):
        newest = replace(examples.session(3, None, None), **change)  # type: ignore[arg-type]
        assert sentences.what_changed(EN, [*rated, newest], "total") == (
            f"Session 3 {doing}. The client’s rating is 62 of 100, 12 points higher than after session 1."
        )
        assert sentences.what_changed(EN, [newest], "total") == f"Session 3 {doing}."
        page = Outline(render.render_episode(with_sessions(*rated, newest), EN)).words
        assert "62 of 100" in page.split("Worth a look")[0]
        assert "Who spoke, session 2" in page


def test_example_sessions_are_told_from_real_ones() -> None:
    real = replace(examples.session(3, 70, 70), example=False)
    view = with_sessions(examples.session(1, 60, 60), examples.session(2, 65, 65), real)
    html = render.render_episode(view, EN)
    assert "Sessions 1 and 2 are made up, to show what the page looks like. Session 3 is real." in html
    rows = (
        ("trend-part", "<tr data-session", "swatch example"),
        ("sessions", '<li class="session"', "tag example"),
    )
    for part, row_mark, mark in rows:
        section = html.split(f'id="{part}"')[1].split("</section>")[0]
        tagged = {
            re.search(r"(?:Session |row\">)(\d+)", row).group(1): mark in row  # type: ignore[union-attr]
            for row in section.split(row_mark)[1:]
        }
        assert tagged == {"1": True, "2": True, "3": False}, part
    assert len(of_class(drawn(view), "example-ground")) == 2
    assert not of_class(drawn(with_sessions(real)), "example-ground")
    mixed = replace(examples.caseload().entries[0], sessions=(examples.session(1, 60, 60), real))
    assert "Partly example data" in render.render_caseload(CaseloadView(entries=(mixed,)), EN)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [([4], "4"), ([1, 2, 3], "1 to 3"), ([1, 2, 4, 6], "1, 2, 4 and 6")],
)
def test_session_numbers_in_words(numbers: list[int], told: str) -> None:
    assert sentences.spans(EN, numbers) == told


def test_a_strain_stays_open_until_its_repair_and_the_rest_until_the_next_rating() -> None:
    strain, repair, other = examples.strain(5).signal, examples.REPAIR.signal, examples.DIVERGENCE.signal
    repair = replace(repair, instrument=strain.instrument)
    found = findings.of([(3, other), (5, strain), (5, other)], rated=5, words=EN)
    assert [(f.open, f.repaired_in) for f in found] == [(False, None), (True, None), (True, None)]
    found = findings.of([(5, strain), (5, other), (7, repair), (9, repair)], rated=7, words=EN)
    assert [(f.open, f.repaired_in) for f in found] == [(False, 7), (False, None), (True, None), (True, None)]
    elsewhere = replace(repair, scale="bond")
    assert findings.of([(5, strain), (7, elsewhere)], rated=7, words=EN)[0].open
    assert findings.of([(5, strain), (5, repair)], rated=5, words=EN)[0].open, (
        "a repair comes later than its strain"
    )


def test_signals_of_one_kind_and_course_are_one_finding_with_all_the_rules() -> None:
    view = examples.strain(5)
    found = [(5, signal) for signal in (*view.also, view.signal)]
    found += [(5, replace(view.signal, scale="bond")), (6, view.signal)]
    sessions = {"rated": 5, "held": 6}
    seen = findings.of(found, rated=6, known=examples.RULES, have=lambda n, s: sessions, words=EN)
    assert [(one.session, one.signal.rule, len(one.also)) for one in seen] == [
        (5, "fall of 2 SD", 1),
        (5, "fall of 2 SD", 0),
        (6, "fall of 2 SD", 0),
    ]
    assert [one.open for one in seen] == [False, True, True], "said again by session 6"
    assert [(rule.title, rule.state) for rule in seen[0].rules] == [
        ("fall of 1 SD", "agreed"),
        ("fall of 2 SD", "agreed"),
        ("control chart", "disagreed"),
    ]
    assert agreement.headline(seen[0], EN) == "Lower than this client’s usual range: 2 of 3 rules agree."
    assert agreement.sentences(seen[0]) == (view.signal.sentence,)
    own = replace(seen[0], signal=replace(view.signal, role="therapist"))
    assert agreement.headline(own, EN) == "Lower than your own usual range: 2 of 3 rules agree."


def test_a_rule_with_too_few_sessions_has_no_vote_and_one_nobody_registered_is_still_shown() -> None:
    view = examples.strain(5)
    patient = RuleInfo(
        name="patient", kind="possible_strain", meaning="Waits.", sessions_needed=12, votes=True
    )
    stranger = replace(view.signal, rule="not_registered", level="notice")
    known = (*examples.RULES, patient)
    [seen] = findings.of([(5, view.signal), (5, stranger)], rated=5, known=known, words=EN)
    assert [(rule.title, rule.state) for rule in seen.rules] == [
        ("fall of 1 SD", "disagreed"),
        ("fall of 2 SD", "agreed"),
        ("control chart", "disagreed"),
        ("patient", "too_few"),
        ("not registered", "agreed"),
    ]
    assert agreement.headline(seen, EN) == "Lower than this client’s usual range: 1 of 3 rules agree."
    page = Outline(render.render_episode(replace(examples.episode(12), signals=(seen,)), EN)).words
    assert "Patient too few sessions" in page
    assert "at least 12 sessions, there were 5" in page


def test_rules_that_do_not_vote_say_each_sentence_once() -> None:
    last = Signal(kind="reliable_change", rule="a", level="info", sentence="Up.", sessions_needed=2)
    first = replace(last, rule="b", sentence="Down.", level="notice")
    [seen] = findings.of([(3, last), (3, first), (3, replace(last, rule="c"))], rated=3, words=EN)
    assert agreement.headline(seen, EN) == ""
    assert agreement.sentences(seen) == ("Down.", "Up.")
    assert [rule.name for rule in seen.rules] == ["b", "a", "c"]


def test_every_kind_has_a_title_and_every_rule_of_the_plugin_is_in_words() -> None:
    assert all(EN.has(f"kind.{kind}") for kind in get_args(SignalKind))
    for rule in examples.RULES:
        assert rule.meaning.endswith(".")
        assert rule.source


def test_a_repaired_strain_is_said_without_opening_anything() -> None:
    view = replace(
        examples.episode(12), signals=(replace(examples.strain(10, settled=True), repaired_in=12),)
    )
    text = Outline(render.render_episode(view, EN)).words
    assert "Possible strain in session 10, repaired in session 12." in text


def test_guidance_is_grouped_and_says_what_it_answers() -> None:
    view = replace(examples.episode(12), guidance_session=11)
    text = Outline(render.render_episode(view, EN)).words
    assert text.count("How to read it in a directive style") == 1
    assert "From the answers after session 11." in text
    assert "Because of: tasks" in text
    assert sentences.about(EN, "steady", {}) == "nothing stands out"
    assert sentences.about(EN, "possible_strain", {}) == "possible strain"
