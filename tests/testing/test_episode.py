"""A course of sessions in one line."""

from __future__ import annotations

import pytest

from alliancekit.testing import Episode
from alliancekit.testing.episode import WEEK, EpisodeError


def test_ten_sessions_in_one_line() -> None:
    course = Episode(scores=[80, 82, 78, 80, 84, 81, 60, 64, None, 79], missed=[9], talk=[0.5] * 8)
    event = course.updated
    assert (len(event.series), event.number, event.session) == (10, 10, "ses_10")
    assert [point.attended for point in event.series] == [True] * 8 + [False, True]
    assert [[score.percent for r in point.responses for score in r.scores] for point in event.series] == [
        [80], [82], [78], [80], [84], [81], [60], [64], [], [79],
    ]  # fmt: skip
    assert {after.at - before.at for before, after in zip(event.series, event.series[1:], strict=False)} == {
        WEEK
    }


def test_both_sides_and_several_scales() -> None:
    course = Episode([{"bond": 40, "goal": 90}, 70], therapist=[None, {"bond": 60}])
    first, second = course.series
    assert [(r.role, [s.scale for s in r.scores]) for r in first.responses] == [("client", ["bond", "goal"])]
    assert [(r.role, r.participant) for r in second.responses] == [
        ("client", "par_client"),
        ("therapist", "par_therapist"),
    ]


def test_as_it_was_after_an_earlier_session() -> None:
    event = Episode([80, 70, 60]).at(2)
    assert (event.number, event.session, len(event.series)) == (2, "ses_2", 2)


def test_the_newest_session_s_guidance() -> None:
    event = Episode([80, 60], talk=[None, 0.3], style="supportive").guidance_wanted(language="it")
    assert event.talk_balance is not None
    assert event.talk_balance.client.share == pytest.approx(0.3)
    assert (event.style, event.language, event.number) == ("supportive", "it", 2)
    assert [response.at >= event.at - 1 for response in event.responses] == [True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": []}, "at least one"),
        ({"scores": [101]}, "outside"),
        ({"scores": [80], "talk": [50]}, "outside"),
        ({"scores": [80], "missed": [1]}, "missed, but it is rated"),
        ({"scores": [80], "missed": [2]}, "no session 2"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message: str) -> None:
    with pytest.raises(EpisodeError, match=message):
        Episode(**arguments)
