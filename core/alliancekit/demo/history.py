"""Example data: a made-up course of therapy, so that the therapist's page has a past to show.

It is written straight into the database because the API does not take sessions from the past, and every
session is marked as example data. The numbers are invented; they describe nobody. What they mean is not: the
loaded plugins review each session as they do after a real call.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, update

from alliancekit.demo.vendor import CLIENT, EPISODE, THERAPIST
from alliancekit.events import Role, TalkBalance, TalkShare
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.model import Instrument
from alliancekit.scoring.scales import score
from alliancekit.store import presence, prompts, sessions
from alliancekit.store.feedback import Answered, Submission, save_submission
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.prompts import NewPrompt
from alliancekit.store.sessions import NewParticipant, NewSession, StoredParticipant
from alliancekit.store.tables import session as session_table
from alliancekit.store.text import new_id

WEEK = 7 * 86400.0
LENGTH = 50 * 60.0

COURSE: tuple[tuple[float, float | None, float], ...] = (
    (0.77, 0.70, 0.52),
    (0.80, 0.72, 0.55),
    (0.78, 0.75, 0.57),
    (0.83, 0.75, 0.60),
    (0.58, 0.72, 0.41),
    (0.76, None, 0.56),
    (0.84, 0.76, 0.61),
)
"""One line a session: the client's level, the therapist's (None: not answered), the client's talk share."""


def seed(conn: Connection, tenant: str, instruments: Instruments, *, style: str, now: float) -> None:
    """Write the example sessions, one a week, the last one a week ago, and queue their reviews."""
    for number, (client, therapist, talk) in enumerate(COURSE):
        began = now - (len(COURSE) - number) * WEEK
        new = NewSession(
            tenant=tenant,
            external_id=f"example-{number + 1}",
            episode=EPISODE,
            style=style,
            measure="check-in",
            participants=(
                NewParticipant(role="therapist", external_id=THERAPIST),
                NewParticipant(role="client", external_id=CLIENT),
            ),
            therapist=THERAPIST,
            adapter="webrtc",
            example=True,
        )
        created = sessions.create_session(conn, new, began)
        row = created.session
        sessions.start_session(conn, tenant, row.id, began)
        sessions.end_session(
            conn, tenant, row.id, at=began + LENGTH, reason="explicit", confidence=1.0, seconds=LENGTH
        )
        levels: Mapping[Role, float | None] = {"client": client, "therapist": therapist}
        for person in created.participants:
            presence.merge_presence(
                conn,
                tenant,
                row.id,
                presence.Presence(
                    connection=f"example-{person.id}",
                    participant=person.id,
                    joined_at=began,
                    seen_at=began + LENGTH,
                    left_at=began + LENGTH,
                    how="left",
                ),
            )
            form = instruments.get("check-in", person.role)
            _answer(conn, row.episode, person, form, level=levels[person.role], at=began + LENGTH + 40)
        presence.set_talk_balance(conn, tenant, row.id, _talk(talk))
        add_work(conn, tenant, [Work(lane=row.id, kind="heard", payload={"session": row.id})], now)
        conn.execute(update(session_table).where(session_table.c.id == row.id).values(created_at=began - 300))


def _answer(
    conn: Connection,
    episode: str,
    person: StoredParticipant,
    form: Instrument,
    *,
    level: float | None,
    at: float,
) -> None:
    """Ask one person, and let them answer near `level`; None lets the prompt expire."""
    prompt = prompts.create_prompt(
        conn,
        NewPrompt(
            tenant=person.tenant,
            session=person.session,
            participant=person.id,
            moment="end_of_call",
            occasion="end_of_call",
            instruments=("check-in",),
        ),
        at - 30,
    )
    if prompt is None:
        return
    if level is None:
        prompts.close_prompt(conn, person.tenant, prompt.id, "expired", at + 86400.0)
        return
    answers = _answers_at(form, level)
    save_submission(
        conn,
        Submission(
            tenant=person.tenant,
            episode=episode,
            session=person.session,
            participant=person.id,
            role=person.role,
            moment="end_of_call",
            prompt=prompt.id,
            visibility="therapist_now",
            key="example",
            fingerprint="example",
            reply="{}",
            responses=(
                Answered(
                    id=new_id("rsp"),
                    instrument=form.name,
                    instrument_version=form.version,
                    answers=answers,
                    scores=score(form, answers),
                ),
            ),
            work=(),
            at=at,
        ),
    )


def _answers_at(form: Instrument, level: float) -> dict[str, int]:
    """Answers whose mean lies near `level` (0–1 of the range), not all the same."""
    answers = {}
    carried = 0.0
    for number, item in enumerate(form.items):
        low, high = form.range_of(item)
        wanted = low + (high - low) * level + carried + (0.4 if number % 3 == 0 else -0.2)
        answers[item.id] = min(high, max(low, round(wanted)))
        carried = low + (high - low) * level + carried - answers[item.id]
    return answers


def _talk(client: float) -> TalkBalance:
    heard = LENGTH * 0.86
    return TalkBalance(
        client=TalkShare(seconds=heard * client, share=client, turns=round(90 + 40 * client)),
        therapist=TalkShare(seconds=heard * (1 - client), share=1 - client, turns=round(130 - 40 * client)),
        overlap=0.03,
        silence=0.17,
        observed_seconds=LENGTH,
    )
