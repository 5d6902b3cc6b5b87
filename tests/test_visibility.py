"""Who may see which response: every combination."""

from __future__ import annotations

import itertools

import pytest

from alliancekit.events import Response, Role, Visibility
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Session, SessionStatus
from alliancekit.visibility import State, for_therapist, last_ended, state_of


def response(role: Role = "client", visibility: Visibility = "therapist_now") -> Response:
    return Response(
        id=f"rsp_{role}_{visibility}",
        participant="par_1",
        role=role,
        moment="end_of_call",
        instrument="check-in",
        instrument_version="1",
        visibility=visibility,
        at=0.0,
    )


def session(number: int, status: SessionStatus, *responses: Response) -> SeriesSession:
    row = Session(
        id=f"ses_{number}",
        tenant="ten_1",
        episode="epi_1",
        external_id=f"m{number}",
        number=number,
        style="supportive",
        measure="check-in",
        adapter="",
        status=status,
        started_at=None,
        ended_at=None,
        end_reason=None,
        end_confidence=None,
        seconds=0.0,
        example=False,
        created_at=0.0,
    )
    return SeriesSession(session=row, responses=responses)


@pytest.mark.parametrize(
    ("visibility", "last", "state"),
    [
        ("therapist_now", 0, "shown"),
        ("therapist_now", 9, "shown"),
        ("therapist_later", 0, "later"),
        ("therapist_later", 2, "later"),
        ("therapist_later", 3, "shown"),
        ("aggregate_only", 0, "private"),
        ("aggregate_only", 9, "private"),
    ],
)
def test_a_clients_choice_decides(visibility: Visibility, last: int, state: State) -> None:
    assert state_of(response(visibility=visibility), 2, last) == state


def test_a_therapists_own_answer_is_always_shown() -> None:
    for visibility in ("therapist_now", "therapist_later", "aggregate_only"):
        assert state_of(response("therapist", visibility), 1, 0) == "shown"  # type: ignore[arg-type]


def test_only_sessions_that_have_ended_count_as_later() -> None:
    assert last_ended([]) == 0
    assert last_ended([session(1, "ended"), session(2, "live"), session(3, "waiting")]) == 1
    assert last_ended([session(3, "ended"), session(1, "ended")]) == 3


def test_the_series_keeps_its_sessions_and_loses_what_is_hidden() -> None:
    answers = [
        response(role, visibility)  # type: ignore[arg-type]
        for role, visibility in itertools.product(
            ("client", "therapist"), ("therapist_now", "therapist_later", "aggregate_only")
        )
    ]
    series = (session(1, "ended", *answers), session(2, "ended", *answers), session(3, "live", *answers))
    seen = for_therapist(series)
    assert [one.session for one in seen] == [one.session for one in series]
    hidden = [
        [r.id for r in one.responses if r not in shown.responses]
        for one, shown in zip(series, seen, strict=True)
    ]
    assert hidden == [
        ["rsp_client_aggregate_only"],
        ["rsp_client_therapist_later", "rsp_client_aggregate_only"],
        ["rsp_client_therapist_later", "rsp_client_aggregate_only"],
    ]
    assert series[0].responses == tuple(answers), "the series itself is not changed"
