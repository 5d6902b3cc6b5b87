"""The events of one session."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from alliancekit import events
from alliancekit.testing import Episode, FakeClock, FakeSession
from alliancekit.testing.fake_session import a_signal


def test_it_makes_an_event_of_every_kind() -> None:
    s = FakeSession()
    made = [
        s.started(),
        s.joined(),
        s.left(),
        s.ended(),
        s.heard(),
        s.requested(),
        s.captured(),
        s.scored(),
        s.raised(),
        s.style_wanted(),
        s.prompts_wanted(),
        s.guidance_wanted(),
        s.panels_wanted(),
    ]
    every = {
        kind for kind in vars(events).values() if inspect.isclass(kind) and issubclass(kind, events.Event)
    }
    # These are an episode's.
    assert {type(one) for one in made} == every - {events.Event, events.SeriesUpdated, events.EpisodeErased}
    assert (s.erased().episode, s.erased().session) == ("epi_1", "")
    for one in made:
        assert (one.tenant, one.episode, one.session, one.at) == ("ten_1", "epi_1", "ses_1", s.clock())


def test_the_session_s_own_values_are_in_its_events() -> None:
    s = FakeSession(style="supportive", number=4, session="ses_9", language="es", measure="srs")
    assert (s.started().style, s.started().number, s.started().session) == ("supportive", 4, "ses_9")
    assert {one.language for one in s.prompts_wanted().participants} == {"es"}
    assert s.requested().instruments == ("srs",)
    assert s.response().instrument == "srs"


def test_time_passes_with_the_clock() -> None:
    clock = FakeClock(100.0)
    s = FakeSession(clock=clock)
    before = s.started()
    clock.forward(minutes=50)
    after = s.ended(seconds=3000)
    assert (before.at, after.at) == (100.0, 3100.0)
    assert {(one.joined_at, one.left_at) for one in after.segments} == {(100.0, 3100.0)}


def test_any_field_can_be_set() -> None:
    s = FakeSession()
    assert s.left("therapist", how="dropped").how == "dropped"
    assert s.ended(reason="timed_out", confidence=0.5).confidence == 0.5
    with pytest.raises(TypeError, match="confidance"):
        s.ended(confidance=0.5)


def test_scores_by_percent() -> None:
    scores = FakeSession().captured({"bond": 25, "goal": None}, role="therapist").response.scores
    bond, goal = scores
    assert (bond.percent, bond.value, bond.maximum) == (25, 10.0, 40.0)
    assert (goal.percent, goal.value, goal.answered) == (None, None, 0)


def test_responses_have_ids_of_their_own() -> None:
    s = FakeSession()
    assert s.captured().response.id != s.captured().response.id


def test_speech_counts_from_the_beginning_of_the_call() -> None:
    s = FakeSession(clock=FakeClock(1000.0))
    heard = s.heard(("client", 0.0, 10.0), ("therapist", 10.0, 12.0))
    assert [(span.start, span.end) for span in heard.speech] == [(1000.0, 1010.0), (1010.0, 1012.0)]


def test_a_signal_takes_any_field() -> None:
    assert a_signal("drop", level="strong").level == "strong"
    assert {field.name for field in dataclasses.fields(a_signal())} >= {"kind", "rule"}


def test_an_export_has_the_session_and_its_responses() -> None:
    session = FakeSession(number=4)
    response = session.response({"bond": 50})
    episode = session.exported(response, external_id="mine")
    [only] = episode.sessions
    assert (episode.id, episode.external_id, only.number, only.responses) == (
        "epi_1",
        "mine",
        4,
        (response,),
    )
    assert {one.role for one in only.people} == {"client", "therapist"}


def test_panels_are_wanted_of_a_series() -> None:
    series = Episode([80, 60]).series
    event = FakeSession(language="es").panels_wanted(series)
    assert (event.series, event.language) == (series, "es")
