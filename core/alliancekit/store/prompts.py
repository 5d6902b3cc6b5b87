"""Prompts: one request for feedback to one participant, from its making to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from alliancekit.adapters import PromptHint
from alliancekit.events import Moment, Role
from alliancekit.store.compiled import insert_into, insert_new
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.tables import delivery, participant, prompt
from alliancekit.store.text import dump, load, new_id

PromptStatus = Literal["open", "answered", "dismissed", "expired", "cancelled"]
"""`open` can be answered; every other status is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrompt:
    """A request for feedback to one participant; `occasion` names why, once per participant."""

    tenant: str
    session: str
    participant: str
    moment: Moment
    occasion: str
    instruments: tuple[str, ...]
    expires_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A stored prompt; times in seconds since 1970 UTC. `instruments` are names, in the order asked."""

    id: str
    tenant: str
    session: str
    participant: str
    moment: Moment
    occasion: str
    instruments: tuple[str, ...]
    status: PromptStatus
    created_at: float
    expires_at: float | None
    closed_at: float | None
    postponed_until: float | None
    dismissal: str | None = None

    def expired(self, now: float) -> bool:
        """Whether its time is over although nobody closed it."""
        return self.expires_at is not None and self.expires_at <= now

    def hint(self, role: Role) -> PromptHint:
        """What channels are told of it."""
        return PromptHint(
            tenant=self.tenant,
            prompt=self.id,
            session=self.session,
            participant=self.participant,
            role=role,
            moment=self.moment,
        )


def status_at(now: float) -> ColumnElement[PromptStatus]:
    """The status of a prompt as a column to select: nobody closes a prompt whose time is over."""
    over = and_(prompt.c.status == "open", prompt.c.expires_at <= now)
    return case((over, "expired"), else_=prompt.c.status).label("status")


def create_prompt(conn: Connection, new: NewPrompt, now: float) -> Prompt | None:
    """Store a prompt; None if this participant was already asked on this occasion, whatever came of it."""
    prompt_id = new_id("prm")
    values = {
        "id": prompt_id,
        "tenant": new.tenant,
        "session": new.session,
        "participant": new.participant,
        "moment": new.moment,
        "occasion": new.occasion,
        "instruments": dump(new.instruments),
        "status": "open",
        "created_at": now,
        "expires_at": new.expires_at,
    }
    return read_prompt(conn, new.tenant, prompt_id) if insert_new(conn, prompt, values) else None


def read_prompt(conn: Connection, tenant: str, prompt_id: str) -> Prompt | None:
    """Return one prompt of this tenant."""
    query = select(prompt).where(prompt.c.id == prompt_id, prompt.c.tenant == tenant)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else _prompt(row)


def hold_prompt(conn: Connection, tenant: str, prompt_id: str) -> Prompt | None:
    """Return one prompt of this tenant and hold its row until the transaction ends."""
    query = select(prompt).where(prompt.c.id == prompt_id, prompt.c.tenant == tenant)
    row = conn.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else _prompt(row)


def tenant_of_prompt(conn: Connection, prompt_id: str) -> str | None:
    """Return whose prompt this is; None where there is none."""
    found: str | None = conn.execute(select(prompt.c.tenant).where(prompt.c.id == prompt_id)).scalar()
    return found


def closed(conn: Connection, prompt_id: str) -> bool:
    """Return whether a prompt was answered, dismissed or cancelled."""
    return conn.execute(select(prompt.c.status).where(prompt.c.id == prompt_id)).scalar() not in (
        "open",
        None,
    )


def current_prompt(conn: Connection, participant: str, now: float) -> Prompt | None:
    """Return what to ask this participant now: the newest prompt open, unexpired and not postponed."""
    query = (
        select(prompt)
        .where(
            prompt.c.participant == participant,
            prompt.c.status == "open",
            or_(prompt.c.expires_at.is_(None), prompt.c.expires_at > now),
            or_(prompt.c.postponed_until.is_(None), prompt.c.postponed_until <= now),
        )
        .order_by(prompt.c.created_at.desc(), prompt.c.id)
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else _prompt(row)


def open_prompts(conn: Connection, session: str) -> tuple[Prompt, ...]:
    """Return a session's open prompts, postponed and expired ones included, oldest first."""
    query = select(prompt).where(prompt.c.session == session, prompt.c.status == "open")
    rows = conn.execute(query.order_by(prompt.c.created_at, prompt.c.id)).mappings()
    return tuple(_prompt(row) for row in rows)


def close_prompt(
    conn: Connection, tenant: str, prompt_id: str, status: PromptStatus, now: float, *, dismissal: str = ""
) -> bool:
    """Give an open prompt a final status; True only for the one that closed it.

    `dismissal` is the reason a person gave for putting it away.
    """
    query = update(prompt).where(
        prompt.c.id == prompt_id, prompt.c.tenant == tenant, prompt.c.status == "open"
    )
    return conn.execute(query.values(status=status, closed_at=now, dismissal=dismissal or None)).rowcount == 1


def declined_in_calls(conn: Connection, tenant: str, participant_id: str, *, since: float = 0.0) -> bool:
    """Return whether this person, in any session of this tenant, asked not to be asked during calls.

    `since` is a time in seconds since 1970 UTC: only what they said after it counts.
    """
    this, same = participant.alias("this"), participant.alias("same")
    query = (
        select(prompt.c.id)
        .join(same, same.c.id == prompt.c.participant)
        .join(this, (this.c.role == same.c.role) & (this.c.external_id == same.c.external_id))
        .where(
            this.c.id == participant_id,
            prompt.c.tenant == tenant,
            same.c.tenant == tenant,
            prompt.c.dismissal == "not_in_calls",
            prompt.c.closed_at > since,
        )
        .limit(1)
    )
    return conn.execute(query).scalar() is not None


def postpone(conn: Connection, tenant: str, prompt_id: str, until: float) -> bool:
    """Keep an open prompt out of sight until a time; False if it is no longer open."""
    query = update(prompt).where(
        prompt.c.id == prompt_id, prompt.c.tenant == tenant, prompt.c.status == "open"
    )
    return conn.execute(query.values(postponed_until=until)).rowcount == 1


DeliveryStatus = Literal["planned", "sent", "seen", "failed", "unreachable", "cancelled", "unknown"]
"""What became of a prompt on one rung of the ladder.

`planned`: it will be sent at that time. `sent`: handed over. `seen`: the person's page confirmed it.
`failed`: the channel raised, took too long or does not run. `unreachable`: it has nobody there to hand it to.
`cancelled`: it was planned and is not needed any more. `unknown`: the service stopped while it was being
handed over.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to bring a prompt to its participant; `at` of a `planned` one is when it will be made."""

    channel: str
    status: DeliveryStatus
    at: float


def record_delivery(
    conn: Connection, tenant: str, prompt_id: str, *, channel: str, status: DeliveryStatus, now: float
) -> None:
    """Note what became of a prompt on one channel of the ladder."""
    values = {"tenant": tenant, "prompt": prompt_id, "channel": channel, "status": status, "at": now}
    conn.execute(insert_into(conn, delivery).values(values).inline())


def record_seen(conn: Connection, tenant: str, prompt_id: str, *, channel: str, now: float) -> None:
    """Note, once per channel, that the person's page has a prompt; nothing where there is no such prompt."""
    if hold_prompt(conn, tenant, prompt_id) is None:
        return
    if not any(one.channel == channel and one.status == "seen" for one in deliveries(conn, prompt_id)):
        record_delivery(conn, tenant, prompt_id, channel=channel, status="seen", now=now)


def plan_delivery(conn: Connection, tenant: str, prompt_id: str, *, channel: str, at: float) -> None:
    """Note that a prompt will be sent through a channel at a time, or later than planned before."""
    waiting = planned(deliveries(conn, prompt_id))
    if channel in waiting:
        _settle(conn, tenant, prompt_id, channel=channel, was="planned", at=at)
    else:
        record_delivery(conn, tenant, prompt_id, channel=channel, status="planned", now=at)


def plan_link(
    conn: Connection, one: Prompt, *, channel: str, attempt: int = 1, at: float, now: float
) -> None:
    """Queue an attempt to send a prompt's link through a channel at a time, and note that it is planned."""
    plan_delivery(conn, one.tenant, one.id, channel=channel, at=at)
    payload = {"prompt": one.id, "channel": channel, "attempt": attempt}
    add_work(conn, one.tenant, [Work(lane=one.session, kind="link", payload=payload, due_at=at)], now)


def begin_delivery(conn: Connection, tenant: str, prompt_id: str, *, channel: str, now: float) -> None:
    """Note that a prompt is being handed over; `end_delivery` says how it went, unless the service stops."""
    record_delivery(conn, tenant, prompt_id, channel=channel, status="unknown", now=now)


def end_delivery(
    conn: Connection, tenant: str, prompt_id: str, *, channel: str, status: DeliveryStatus, now: float
) -> None:
    """Note how the attempt ended that `begin_delivery` began."""
    _settle(conn, tenant, prompt_id, channel=channel, was="unknown", status=status, at=now)


def cancel_planned(conn: Connection, prompt_id: str, now: float) -> None:
    """Note that what is planned for a prompt is not needed any more."""
    whose = conn.execute(select(prompt.c.tenant).where(prompt.c.id == prompt_id).with_for_update()).scalar()
    waiting = planned(deliveries(conn, prompt_id))
    for channel in waiting if whose is not None else ():
        record_delivery(conn, str(whose), prompt_id, channel=channel, status="cancelled", now=now)


def planned(made: Sequence[Delivery]) -> dict[str, float]:
    """Channel → when a prompt will be sent through it, by its deliveries, oldest first."""
    last = {one.channel: one for one in made if one.status != "seen"}
    return {channel: one.at for channel, one in last.items() if one.status == "planned"}


def _settle(
    conn: Connection, tenant: str, prompt_id: str, *, channel: str, was: DeliveryStatus, **values: object
) -> None:
    newest = select(func.max(delivery.c.id)).where(
        delivery.c.prompt == prompt_id, delivery.c.channel == channel, delivery.c.status == was
    )
    query = update(delivery).where(delivery.c.tenant == tenant, delivery.c.id == newest.scalar_subquery())
    conn.execute(query.values(values))


def deliveries(conn: Connection, prompt_id: str) -> tuple[Delivery, ...]:
    """Return a prompt's deliveries, oldest first."""
    query = select(delivery.c.channel, delivery.c.status, delivery.c.at)
    rows = conn.execute(query.where(delivery.c.prompt == prompt_id).order_by(delivery.c.id)).mappings()
    return tuple(Delivery(**row) for row in rows)


def _prompt(row: Mapping[Any, Any]) -> Prompt:
    return Prompt(**{**row, "instruments": tuple(load(row["instruments"]))})
