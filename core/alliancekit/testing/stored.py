"""Write an episode into a database: sessions, presence, answers, talk balances and the work that follows.

The API takes no sessions from the past, so they are written as the store keeps them. Answers are chosen so
that their scores come as near to the episode's percents as the items allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, update

from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.model import Instrument, Item
from alliancekit.scoring.scales import score
from alliancekit.store import presence, prompts, sessions
from alliancekit.store.feedback import Answered, Submission, save_submission
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.prompts import NewPrompt
from alliancekit.store.sessions import NewParticipant, NewSession, Session, StoredParticipant
from alliancekit.store.tables import session as session_table
from alliancekit.store.text import new_id
from alliancekit.testing.episode import LENGTH, Episode, EpisodeSession
from alliancekit.testing.fake_session import Scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A stored episode: its id, and the ids of its sessions, oldest first."""

    episode: str
    sessions: tuple[str, ...]


def write_episode(
    conn: Connection,
    tenant: str,
    instruments: Instruments,
    episode: Episode,
    *,
    name: str,
    now: float,
    prefix: str = "",
    client: str = "c1",
    therapist: str = "t1",
    adapter: str = "",
    example: bool = False,
) -> Written:
    """Write all sessions of an episode and queue their reviews.

    Args:
        conn: in a transaction of the caller.
        tenant: whose episode it is.
        instruments: those of the service; they say what the answers are and score them.
        episode: what to write; its times are kept.
        name: the vendor's name of the episode.
        now: when the reviews are due, seconds since 1970 UTC.
        prefix: of the sessions' external ids; the episode's name when empty.
        client: the client's external id.
        therapist: the therapist's.
        adapter: the platform of the calls.
        example: whether the sessions are shown as example data.
    """
    rows = [
        _write(
            conn,
            instruments,
            one,
            NewSession(
                tenant=tenant,
                external_id=f"{prefix or name}-{one.number}",
                episode=name,
                style=episode.style,
                measure=episode.instrument,
                participants=(
                    NewParticipant(role="therapist", external_id=therapist),
                    NewParticipant(role="client", external_id=client),
                ),
                therapist=therapist,
                adapter=adapter,
                example=example,
            ),
            now,
        )
        for one in episode.sessions
    ]
    return Written(episode=rows[0].episode, sessions=tuple(row.id for row in rows))


def _write(
    conn: Connection, instruments: Instruments, one: EpisodeSession, new: NewSession, now: float
) -> Session:
    created = sessions.create_session(conn, new, one.at)
    row = created.session
    if one.attended:
        sessions.start_session(conn, new.tenant, row.id, one.at)
        sessions.end_session(
            conn,
            new.tenant,
            row.id,
            at=one.at + LENGTH,
            reason="explicit",
            confidence=1.0,
            seconds=LENGTH,
        )
        rated: Mapping[str, Scored | None] = {"client": one.client, "therapist": one.therapist}
        for person in created.participants:
            _attend(conn, person, one.at)
            form = instruments.get(new.measure, person.role)
            _answer(conn, row.episode, person, form, level=rated[person.role], at=one.at + LENGTH + 40)
        if one.talk_balance is not None:
            presence.set_talk_balance(conn, new.tenant, row.id, one.talk_balance)
        add_work(conn, new.tenant, [Work(lane=row.id, kind="heard", payload={"session": row.id})], now)
    made = update(session_table).where(session_table.c.id == row.id).values(created_at=one.at - 300)
    conn.execute(made)
    return row


def _attend(conn: Connection, person: StoredParticipant, began: float) -> None:
    there = presence.Presence(
        connection=f"written-{person.id}",
        participant=person.id,
        joined_at=began,
        seen_at=began + LENGTH,
        left_at=began + LENGTH,
        how="left",
    )
    presence.merge_presence(conn, person.tenant, person.session, there)


def _answer(
    conn: Connection,
    episode: str,
    person: StoredParticipant,
    form: Instrument,
    *,
    level: Scored | None,
    at: float,
) -> None:
    """Ask one person, and let them answer near `level`; None lets the prompt expire."""
    asked = NewPrompt(
        tenant=person.tenant,
        session=person.session,
        participant=person.id,
        moment="end_of_call",
        occasion="end_of_call",
        instruments=(form.name,),
    )
    prompt = prompts.create_prompt(conn, asked, at - 30)
    if prompt is None:
        return
    if level is None:
        prompts.close_prompt(conn, person.tenant, prompt.id, "expired", at + 86400.0)
        return
    answers = answers_near(form, level)
    given = Answered(
        id=new_id("rsp"),
        instrument=form.name,
        instrument_version=form.version,
        answers=answers,
        scores=score(form, answers),
    )
    submission = Submission(
        tenant=person.tenant,
        episode=episode,
        session=person.session,
        participant=person.id,
        role=person.role,
        moment="end_of_call",
        prompt=prompt.id,
        visibility="therapist_now",
        key="written",
        fingerprint="written",
        reply="{}",
        responses=(given,),
        work=(),
        at=at,
    )
    save_submission(conn, submission)


def answers_near(form: Instrument, level: Scored) -> dict[str, int]:
    """Answers, not all the same, whose scores lie near these percents.

    An item takes the percent of the first scale named in `level` that holds it; `total`, or the mean of what
    is named, stands for the other items.
    """
    known = {name: percent for name, percent in level.items() if percent is not None}
    general = known.get("total", sum(known.values()) / len(known) if known else 50.0)
    by_scale = {scale.name: scale.items for scale in form.scales}
    answers: dict[str, int] = {}
    carried = 0.0
    for number, item in enumerate(form.items):
        own = [
            percent
            for name, percent in known.items()
            if name != "total" and item.id in by_scale.get(name, ())
        ]
        wanted = _value(form, item, own[0] if own else general) + carried
        answers[item.id] = _nearest(form, item, wanted + (0.4 if number % 3 == 0 else -0.2))
        carried = wanted - answers[item.id]
    return answers


def _value(form: Instrument, item: Item, percent: float) -> float:
    low, high = form.range_of(item)
    return high - (high - low) * percent / 100 if item.reversed else low + (high - low) * percent / 100


def _nearest(form: Instrument, item: Item, wanted: float) -> int:
    if item.kind == "slider":
        low, high = form.range_of(item)
        return min(high, max(low, low + round((wanted - low) / item.step) * item.step))
    return min((option.value for option in form.options_of(item)), key=lambda value: abs(value - wanted))
