from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from alliancekit.errors import ConflictError, NotFoundError
from alliancekit.events import Guidance, Signal
from alliancekit.plugins.data import Row
from alliancekit.store import audit, inbound, series, webhooks
from alliancekit.store.adapter_counts import Count, add_counts
from alliancekit.store.database import Database
from alliancekit.store.erasure import erase_episode
from alliancekit.store.feedback import save_submission
from alliancekit.store.plugin_data import write_row
from alliancekit.store.presence import Presence, merge_presence
from alliancekit.store.prompts import record_delivery
from alliancekit.store.sessions import create_session, read_session
from alliancekit.store.tables import agreed_task, client_choice, metadata, note, session, talked

from .case import NOW, Case, make_case, new_session, submission

KEPT_APART = {"spent_token", "therapist", "supervision", "account", "failed_sign_in"}
"""Tables of which no row belongs to an episode."""


async def full(database: Database) -> Case:
    """An episode with a row in every table that belongs to it."""

    def work(conn):  # type: ignore[no-untyped-def]
        case = make_case(conn)
        save_submission(conn, submission(case))
        record_delivery(conn, case.tenant, case.prompts[0], channel="live", status="seen", now=NOW)
        merge_presence(conn, case.tenant, case.session, Presence(connection="a", participant=case.client))
        found = Signal(kind="drop", rule="fall", level="notice", sentence="It fell.", sessions_needed=2)
        series.replace_signals(conn, case.tenant, case.session, plugin="s", signals=[found], now=NOW)
        advice = Guidance(style="supportive", text="Ask.")
        series.replace_guidance(conn, case.tenant, case.session, plugin="s", advice=[advice], now=NOW)
        series.record_not_computed(
            conn, case.tenant, case.session, hook="detect_signals", plugin="x", status="timeout", now=NOW
        )
        conn.execute(update(session).where(session.c.id == case.session).values(adapter="toy", room="r"))
        room = inbound.bind_room(conn, "toy", "inst-1", "r", NOW)
        assert room is not None
        following = create_session(conn, new_session(case.tenant, "meeting-0", "course-0"), NOW)
        used_again = inbound.bind_room(conn, "toy", "inst-2", "r", NOW)
        assert used_again is not None
        inbound.rebind_room(conn, used_again, following.session.id, until=NOW, now=NOW)
        inbound.close_room(conn, case.tenant, case.session, "0123-", NOW)
        add_counts(conn, {("toy", case.tenant, "taken"): Count(count=1, first_at=NOW, last_at=NOW)})
        inbound.take_message(conn, "toy", "m1", NOW)
        endpoint = webhooks.add_endpoint(conn, case.tenant, "https://a.example/", ["session.ended"], NOW)
        row = read_session(conn, case.tenant, case.session)
        webhooks.announce(conn, row, "session.ended", key="1", data={}, now=NOW)
        (told,) = webhooks.messages_since(conn, case.tenant, 0)
        attempt = webhooks.Attempt(
            message=told.id,
            endpoint=endpoint.id,
            number=1,
            outcome="delivered",
            status=200,
            at=NOW,
            next_at=None,
        )
        webhooks.record(conn, case.tenant, attempt)
        of_episode = {"tenant": case.tenant, "episode": case.episode}
        of_session = {"tenant": case.tenant, "session": case.session}
        conn.execute(insert(client_choice).values(**of_episode, updated_at=NOW))
        conn.execute(insert(note).values(**of_session, therapist="t", text="secret", updated_at=NOW))
        conn.execute(insert(talked).values(**of_episode | of_session, id="tlk_1", outcome="repaired", at=NOW))
        conn.execute(insert(agreed_task).values(**of_episode | of_session, id="tsk_1", text="walk", at=NOW))
        for episode in (case.episode, ""):
            row = Row(
                plugin="notes", tenant=case.tenant, episode=episode, key="k", value='"secret"', version=1
            )
            write_row(conn, row)
        return case

    return await database.write(work)


def held(conn):  # type: ignore[no-untyped-def]
    """Number of rows by table."""
    return {table.name: len(conn.execute(select(table)).all()) for table in metadata.sorted_tables}


async def test_everything_of_the_episode_goes_and_nothing_of_another(database: Database) -> None:
    case = await full(database)
    before = await database.read(held)
    assert {name for name, rows in before.items() if rows == 0} == KEPT_APART
    other = await database.write(
        lambda conn: create_session(conn, new_session(case.tenant, "meeting-2", "course-2"), NOW)
    )
    counts = await database.write(
        lambda conn: erase_episode(conn, case.tenant, case.episode, actor="vendor", now=NOW)
    )
    assert counts == {"sessions": 1, "responses": 1, "plugin_rows": 1}
    after = await database.read(held)
    assert {name for name, rows in after.items() if rows} == {
        "tenant", "tenant_key", "episode", "session", "participant", "plugin_data", "audit", "outbox",
        "inbound_message", "adapter_count", "room", "webhook_endpoint"
    }  # fmt: skip
    assert (after["episode"], after["session"], after["participant"], after["plugin_data"]) == (2, 2, 4, 1)
    assert (after["room"], after["room_closed"]) == (1, 0)
    assert other.session.episode != case.episode


async def test_the_audit_says_who_erased_and_keeps_earlier_entries(database: Database) -> None:
    case = await full(database)
    await database.write(lambda conn: erase_episode(conn, case.tenant, case.episode, actor="vendor", now=NOW))
    entries = await database.read(lambda conn: audit.entries(conn, case.tenant))
    assert [(one.action, one.actor) for one in entries] == [
        ("response.stored", case.client),
        ("episode.erased", "vendor"),
    ]
    assert entries[-1].object == case.episode


async def test_an_erased_episode_can_begin_anew(database: Database) -> None:
    case = await full(database)
    await database.write(lambda conn: erase_episode(conn, case.tenant, case.episode, actor="vendor", now=NOW))
    made = await database.write(lambda conn: create_session(conn, new_session(case.tenant), NOW))
    assert (made.created, made.session.number) == (True, 1)
    assert made.session.episode != case.episode


async def test_what_is_refused_deletes_nothing(database: Database) -> None:
    case = await full(database)
    with pytest.raises(NotFoundError):
        await database.write(
            lambda conn: erase_episode(conn, "ten_other", case.episode, actor="vendor", now=NOW)
        )
    await database.write(lambda conn: conn.execute(update(session).values(status="live")).rowcount)
    before = await database.read(held)
    with pytest.raises(ConflictError, match="going on"):
        await database.write(
            lambda conn: erase_episode(conn, case.tenant, case.episode, actor="vendor", now=NOW)
        )
    assert await database.read(held) == before
