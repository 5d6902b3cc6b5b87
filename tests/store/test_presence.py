from __future__ import annotations

from itertools import permutations

from sqlalchemy import Connection, delete

from alliancekit.events import SpeechSpan, TalkBalance, TalkShare
from alliancekit.store.database import Database
from alliancekit.store.presence import (
    Presence,
    merge_presence,
    presences,
    set_speech,
    set_talk_balance,
    speech,
)
from alliancekit.store.series import read_series
from alliancekit.store.tables import presence

from .case import NOW, make_case


async def test_reports_of_a_connection_merge_to_the_same_row_in_every_order(database: Database) -> None:
    case = await database.write(make_case)
    reports = [
        Presence(connection="a", participant=case.client, joined_at=NOW + 3, seen_at=NOW + 3),
        Presence(connection="a", participant=case.client, joined_at=NOW + 1, seen_at=NOW + 9),
        Presence(connection="a", participant=case.client, left_at=NOW + 20, how="dropped"),
        Presence(connection="a", participant=case.client, left_at=NOW + 30, how="dropped"),
        Presence(connection="a", participant=case.client, left_at=NOW + 30, how="left"),
    ]

    def in_every_order(conn: Connection) -> set[tuple[Presence, ...]]:
        found = set()
        for order in permutations(reports):
            conn.execute(delete(presence))
            for report in order:
                merge_presence(conn, case.tenant, case.session, report)
            found.add(presences(conn, case.session))
        return found

    merged = Presence(
        connection="a",
        participant=case.client,
        joined_at=NOW + 1,
        seen_at=NOW + 9,
        left_at=NOW + 30,
        how="left",
    )
    assert await database.write(in_every_order) == {(merged,)}


async def test_a_report_twice_changes_nothing_and_connections_stay_apart(database: Database) -> None:
    case = await database.write(make_case)
    one = Presence(connection="a", participant=case.client, seen_at=NOW)
    other = Presence(connection="b", participant=case.client, joined_at=NOW + 60)
    for report in (one, other, one):
        await database.write(lambda conn, r=report: merge_presence(conn, case.tenant, case.session, r))
    assert await database.read(lambda conn: presences(conn, case.session)) == (one, other)


async def test_speech_and_talk_balance_come_back_as_they_were(database: Database) -> None:
    case = await database.write(make_case)
    spans = (
        SpeechSpan(role="client", start=NOW, end=NOW + 2),
        SpeechSpan(role="therapist", start=NOW, end=NOW),
    )
    balance = TalkBalance(
        client=TalkShare(seconds=20.0, share=0.4, turns=3),
        therapist=TalkShare(seconds=30.0, share=0.6, turns=4),
        overlap=0.1,
        silence=0.2,
        observed_seconds=60.0,
    )
    assert await database.read(lambda conn: speech(conn, case.tenant, case.session)) == ()
    await database.write(lambda conn: set_speech(conn, case.tenant, case.session, spans))
    await database.write(lambda conn: set_talk_balance(conn, case.tenant, case.session, balance))
    assert await database.read(lambda conn: speech(conn, case.tenant, case.session)) == spans
    (point,) = await database.read(lambda conn: read_series(conn, case.tenant, case.episode))
    assert point.talk_balance == balance
