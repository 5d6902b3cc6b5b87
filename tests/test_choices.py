"""What therapists choose, and what it leaves of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alliancekit.choices import TherapistSettings, adjusted, understood, within_limits
from alliancekit.events import Moment, PromptRequest, Role

DEFAULT = TherapistSettings()


def request(role: Role = "client", moment: Moment = "end_of_call", after: float = 0.0) -> PromptRequest:
    return PromptRequest(role=role, moment=moment, instruments=("pulse",), after_seconds=after)


BOTH = (request("client"), request("therapist"))
PULSES = (request("client", "in_call", 300.0), request("therapist", "in_call", 600.0))


def left(settings: TherapistSettings, moment: Moment, *plan: PromptRequest, ratings: Any = "on") -> list[Any]:
    return [(one.role, one.after_seconds) for one in adjusted(plan, moment, settings, ratings=ratings)]


# the model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratings": "maybe"},
        {"pulse_after": 0},
        {"pulse_after": 181},
        {"pulses_most": 7},
        {"pulse_between": 4},
        {"style": ""},
        {"measure": "x" * 65},
        {"language": "not a language"},
        {"timezone": "Europe/Atlantis"},
        {"timezone": "../../etc/passwd"},
        {"client_sees": "everything"},
    ],
)
def test_values_that_do_not_fit_are_refused_and_when_stored_not_believed(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TherapistSettings.model_validate(wrong)
    assert understood({**wrong, "link": "off"}) == TherapistSettings(link="off")


def test_a_timezone_is_one_that_exists() -> None:
    assert TherapistSettings(timezone="Europe/Rome").timezone == "Europe/Rome"


@pytest.mark.parametrize("name", [*TherapistSettings.model_fields, "later"])
@pytest.mark.parametrize("value", [None, "\x00", -1, 10**30, 1.5, True, [], {"on": 1}])
def test_whatever_is_stored_can_be_read(name: str, value: object) -> None:
    assert understood({name: value, "link": "off", name + " ": value}).link in {"on", "off"}


# plans --------------------------------------------------------------------------------------------


def test_without_choices_a_plan_stays_as_the_style_made_it() -> None:
    assert adjusted(BOTH, "end_of_call", DEFAULT, ratings="on") == BOTH
    assert adjusted(PULSES, "in_call", DEFAULT, ratings="on") == PULSES


def test_ratings_off_leaves_nothing_after_the_call_and_pulses_as_they_are() -> None:
    assert left(DEFAULT, "end_of_call", *BOTH, ratings="off") == []
    assert left(DEFAULT, "in_call", *PULSES, ratings="off") == [("client", 300.0), ("therapist", 600.0)]


def test_a_therapist_who_is_not_to_be_asked_is_not() -> None:
    alone = TherapistSettings(ask_therapist="off")
    assert left(alone, "end_of_call", *BOTH) == [("client", 0.0)]
    assert left(alone, "in_call", *PULSES) == [("client", 300.0)]


def test_pulses_off_leaves_none_even_of_the_styles_own() -> None:
    assert left(TherapistSettings(pulses="off"), "in_call", *PULSES) == []
    assert left(TherapistSettings(pulses="off"), "end_of_call", *BOTH) == [
        ("client", 0.0),
        ("therapist", 0.0),
    ]


def test_pulses_on_come_at_the_therapists_minutes() -> None:
    settings = TherapistSettings(pulses="on", pulse_after=5, pulses_most=3, pulse_between=10)
    plan = left(settings, "in_call", request("client", "in_call"))
    assert plan == [("client", 300.0), ("client", 900.0), ("client", 1500.0)]
    assert left(settings, "in_call") == [], "a style that asks nothing in calls still does not"


@pytest.mark.parametrize("moment", ["pre_session", "follow_up"])
def test_the_other_moments_are_not_the_therapists_switches(moment: Moment) -> None:
    off = TherapistSettings(ratings="off", pulses="off", ask_therapist="off")
    assert left(off, moment, request("therapist", moment), ratings="off") == [("therapist", 0.0)]


# limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "now", "allowed"),
    [
        ((), 0.0, True),
        ((1000.0,), 1299.0, False),
        ((1000.0,), 1300.0, True),
        ((1600.0, 1000.0), 1700.0, False),
        ((1000.0, 1600.0), 9000.0, False),
    ],
)
def test_in_a_call_not_too_often_and_not_too_soon(
    earlier: tuple[float, ...], now: float, *, allowed: bool
) -> None:
    settings = TherapistSettings(pulses_most=2, pulse_between=5)
    assert within_limits(earlier, now, settings) is allowed
