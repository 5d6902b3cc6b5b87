from __future__ import annotations

import pytest

from alliancekit.errors import NotFoundError
from alliancekit.events import Guidance, Score, Signal
from alliancekit.store.database import Database
from alliancekit.store.feedback import save_submission
from alliancekit.store.series import (
    NotComputed,
    add_scores,
    clear_not_computed,
    last_change,
    read_response,
    read_series,
    record_not_computed,
    replace_guidance,
    replace_signals,
)
from alliancekit.store.sessions import create_session, start_session

from .case import NOW, make_case, new_session, submission

DROP = Signal(
    kind="drop",
    rule="drop-of-two",
    level="notice",
    sentence="The bond score fell.",
    sessions_needed=2,
    instrument="check-in",
    scale="bond",
    inputs={"before": 4.5, "after": 3.0},
    source="a published rule",
)
ADVICE = Guidance(style="supportive", text="Ask how today felt.", about="drop")


async def test_a_series_holds_each_sessions_own(database: Database) -> None:
    case = await database.write(make_case)
    second = await database.write(
        lambda conn: create_session(conn, new_session(case.tenant, "meeting-2"), NOW + 86400)
    )
    sent = submission(case)
    await database.write(lambda conn: save_submission(conn, sent))
    await database.write(lambda conn: start_session(conn, case.tenant, case.session, NOW + 5))
    for _ in range(2):
        await database.write(
            lambda conn: replace_signals(
                conn, case.tenant, case.session, plugin="strain", signals=[DROP], now=NOW
            )
        )
        await database.write(
            lambda conn: replace_guidance(
                conn, case.tenant, case.session, plugin="supportive", advice=[ADVICE], now=NOW
            )
        )
    first, last = await database.read(lambda conn: read_series(conn, case.tenant, case.episode))
    assert (first.session.id, last.session) == (case.session, second.session)
    assert first.signals == (("strain", DROP),)
    assert first.guidance == (("supportive", ADVICE),)
    assert [one.id for one in first.responses] == [sent.responses[0].id]
    assert first.responses[0].answers == {}
    assert (last.responses, last.signals, last.guidance, last.talk_balance) == ((), (), (), None)
    assert (first.point().attended, first.point().at, first.point().responses) == (
        True,
        NOW + 5,
        first.responses,
    )
    assert (last.point().attended, last.point().number) == (False, 2)
    full = await database.read(lambda conn: read_series(conn, case.tenant, case.episode, answers=True))
    assert full[0].responses[0].answers == sent.responses[0].answers


async def test_signals_of_one_plugin_are_replaced_and_others_stay(database: Database) -> None:
    case = await database.write(make_case)
    for plugin, signals in (("a", [DROP, DROP]), ("b", [DROP]), ("a", [])):
        await database.write(
            lambda conn, p=plugin, s=signals: replace_signals(
                conn, case.tenant, case.session, plugin=p, signals=s, now=NOW
            )
        )
    (point,) = await database.read(lambda conn: read_series(conn, case.tenant, case.episode))
    assert [plugin for plugin, _ in point.signals] == ["b"]


async def test_a_plugins_scores_stand_beside_the_keys_own(database: Database) -> None:
    case = await database.write(make_case)
    sent = submission(case)
    await database.write(lambda conn: save_submission(conn, sent))
    response = sent.responses[0]
    added = Score(
        scale="bond", value=1.0, minimum=0, maximum=2, percent=50.0, answered=1, items=1, plugin="mine"
    )
    changed = Score(
        scale="bond", value=None, minimum=0, maximum=2, percent=None, answered=0, items=1, plugin="mine"
    )
    for score in (added, changed, changed):
        await database.write(lambda conn, s=score: add_scores(conn, case.tenant, response.id, [s]))
    read = await database.read(lambda conn: read_response(conn, case.tenant, response.id))
    assert read.response.scores == (*response.scores, changed)


async def test_what_was_not_computed_is_noted_until_it_is(database: Database) -> None:
    case = await database.write(make_case)
    for status, at in (("timeout", NOW), ("error", NOW + 1)):
        await database.write(
            lambda conn, s=status, a=at: record_not_computed(
                conn, case.tenant, case.session, hook="score_alliance", plugin="mine", status=s, now=a
            )
        )
    (point,) = await database.read(lambda conn: read_series(conn, case.tenant, case.episode))
    assert point.not_computed == (
        NotComputed(hook="score_alliance", plugin="mine", status="error", at=NOW + 1),
    )
    await database.write(
        lambda conn: clear_not_computed(conn, case.session, hook="score_alliance", plugin="mine")
    )
    (point,) = await database.read(lambda conn: read_series(conn, case.tenant, case.episode))
    assert point.not_computed == ()


async def test_another_tenant_reads_nothing(database: Database) -> None:
    case, other = await database.write(make_case), await database.write(make_case)
    sent = submission(case)
    await database.write(lambda conn: save_submission(conn, sent))
    assert await database.read(lambda conn: read_series(conn, other.tenant, case.episode)) == ()
    with pytest.raises(NotFoundError):
        await database.read(lambda conn: read_response(conn, other.tenant, sent.responses[0].id))


async def test_the_hint_number_grows_with_a_tenants_changes_only(database: Database) -> None:
    case = await database.write(lambda conn: make_case(conn, 2))
    other = await database.write(make_case)
    numbers = []
    for sent in (submission(case, 0), submission(other), submission(case, 1)):
        await database.write(lambda conn, s=sent: save_submission(conn, s))
        numbers.append(await database.read(lambda conn: last_change(conn, case.tenant)))
    assert numbers[0] == numbers[1] < numbers[2]
    assert await database.read(lambda conn: last_change(conn, "ten_none")) == 0
