"""What therapists and clients chose: read, changed, and brought together for the asking in one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, and_, select, update

from alliancekit.choices import Asked, Switch, TherapistSettings, understood
from alliancekit.errors import NotFoundError
from alliancekit.store import prompts
from alliancekit.store.compiled import insert_new
from alliancekit.store.prompts import Prompt
from alliancekit.store.tables import client_choice, delivery, episode, participant, prompt, session, tenant
from alliancekit.store.tables import therapist as chosen
from alliancekit.store.text import dump, load

RATINGS: Switch = "on"
"""Whether people are asked at the end of calls where neither therapist nor tenant ever chose."""


# therapists -------------------------------------------------------------------------------------------


def read_therapist(conn: Connection, tenant_id: str, therapist: str) -> TherapistSettings:
    """Return what a therapist chose; `therapist` is the vendor's id, also of one who was never seen."""
    query = select(chosen.c.settings).where(chosen.c.tenant == tenant_id, chosen.c.id == therapist)
    found = conn.execute(query).scalar()
    return TherapistSettings() if found is None else understood(load(found))


def change_therapist(
    conn: Connection, tenant_id: str, therapist: str, changes: Mapping[str, Any], now: float
) -> TherapistSettings:
    """Change some of a therapist's settings and return all of them; None puts one back to what it was.

    Keys that this release does not know stay. Switched off, ratings end at once: links that were to be sent
    for what is already being asked are not sent.
    """
    insert_new(conn, chosen, {"tenant": tenant_id, "id": therapist, "settings": "{}", "updated_at": now})
    mine = and_(chosen.c.tenant == tenant_id, chosen.c.id == therapist)
    stored = load(conn.execute(select(chosen.c.settings).where(mine).with_for_update()).scalar_one())
    kept = {name: value for name, value in {**stored, **changes}.items() if value is not None}
    conn.execute(update(chosen).where(mine).values(settings=dump(kept), updated_at=now))
    if changes.get("ratings") == "off" or changes.get("link") == "off":
        _cancel_links(conn, tenant_id, now, therapist=therapist)
    return understood(kept)


def tenant_ratings(conn: Connection, tenant_id: str) -> Switch:
    """Return whether a tenant's therapists who never chose have ratings at the end of calls."""
    return _ratings(
        load(conn.execute(select(tenant.c.settings).where(tenant.c.id == tenant_id)).scalar_one())
    )


def tenant_switched_off(conn: Connection, tenant_id: str, now: float) -> None:
    """End the ratings of every therapist of a tenant who never chose: no link is sent any more."""
    query = select(episode.c.therapist).where(episode.c.tenant == tenant_id).distinct()
    for therapist in conn.execute(query).scalars().all():
        if read_therapist(conn, tenant_id, therapist).ratings is None:
            _cancel_links(conn, tenant_id, now, therapist=therapist)


def _cancel_links(conn: Connection, tenant_id: str, now: float, *, therapist: str) -> None:
    query = (
        select(prompt.c.id)
        .join(session, session.c.id == prompt.c.session)
        .join(episode, episode.c.id == session.c.episode)
        .join(delivery, delivery.c.prompt == prompt.c.id)
        .where(
            episode.c.tenant == tenant_id,
            episode.c.therapist == therapist,
            prompt.c.moment == "end_of_call",
            prompt.c.status == "open",
            delivery.c.status == "planned",
        )
        .distinct()
    )
    for found in conn.execute(query).scalars().all():
        prompts.cancel_planned(conn, found, now)


def _ratings(settings: Mapping[str, Any]) -> Switch:
    found = settings.get("ratings", RATINGS)
    return cast("Switch", found) if found in {"on", "off"} else RATINGS


# clients ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChoice:
    """What a client chose for a course; times in seconds since 1970 UTC, None: never.

    Attributes:
        asked: when to be asked.
        supervision_at: since when a supervisor may see the course.
        supervision_text: which wording they agreed to.
        erasure_asked_at: since when they want the course erased.
    """

    asked: Asked = "all"
    supervision_at: float | None = None
    supervision_text: str | None = None
    erasure_asked_at: float | None = None


def read_client_choice(conn: Connection, tenant_id: str, episode_id: str) -> ClientChoice:
    """Return what a client chose, also by *don't ask me in calls* on a card.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    query = (
        select(episode.c.id, client_choice)
        .outerjoin(client_choice, client_choice.c.episode == episode.c.id)
        .where(episode.c.id == episode_id, episode.c.tenant == tenant_id)
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("There is no such episode.")
    asked: Asked = row["asked"] or "all"
    if asked == "all" and _declined(conn, tenant_id, episode_id, row["updated_at"] or 0.0):
        asked = "not_in_calls"
    return ClientChoice(
        asked=asked,
        supervision_at=row["supervision_at"],
        supervision_text=row["supervision_text"],
        erasure_asked_at=row["erasure_asked_at"],
    )


def write_client_choice(
    conn: Connection, tenant_id: str, episode_id: str, choice: ClientChoice, now: float
) -> tuple[Prompt, ...]:
    """Store what a client chose, and close what they are being asked against it.

    Returns:
        The closed prompts, which the caller takes back from pages with `Service.withdraw`.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    values: dict[str, Any] = {name: getattr(choice, name) for name in ClientChoice.__dataclass_fields__}
    values["updated_at"] = now
    held = select(episode.c.id).where(episode.c.id == episode_id, episode.c.tenant == tenant_id)
    if conn.execute(held.with_for_update()).scalar() is None:
        raise NotFoundError("There is no such episode.")
    row = {"episode": episode_id, "tenant": tenant_id, **values}
    if not insert_new(conn, client_choice, row):
        conn.execute(update(client_choice).where(client_choice.c.episode == episode_id).values(values))
    return _close_unwanted(conn, tenant_id, episode_id, choice.asked, now)


def _close_unwanted(
    conn: Connection, tenant_id: str, episode_id: str, asked: Asked, now: float
) -> tuple[Prompt, ...]:
    if asked == "all":
        return ()
    query = (
        select(prompt.c.id)
        .join(participant, participant.c.id == prompt.c.participant)
        .join(session, session.c.id == prompt.c.session)
        .where(session.c.episode == episode_id, participant.c.role == "client", prompt.c.status == "open")
    )
    if asked == "not_in_calls":
        query = query.where(prompt.c.moment == "in_call")
    closed = []
    for found in conn.execute(query.order_by(prompt.c.created_at, prompt.c.id)).scalars().all():
        one = prompts.hold_prompt(conn, tenant_id, found)
        if one is not None and prompts.close_prompt(conn, tenant_id, found, "cancelled", now):
            closed.append(one)
    return tuple(closed)


def _declined(conn: Connection, tenant_id: str, episode_id: str, since: float) -> bool:
    """Whether a client of a course put a card away with *don't ask me in calls* after a time."""
    query = (
        select(participant.c.external_id, participant.c.id)
        .join(session, session.c.id == participant.c.session)
        .where(session.c.episode == episode_id, participant.c.role == "client")
    )
    people = {row.external_id: row.id for row in conn.execute(query)}
    return any(prompts.declined_in_calls(conn, tenant_id, person, since=since) for person in people.values())


# together ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen about asking in one session.

    Attributes:
        settings: the therapist's.
        ratings: whether anything is asked at the end of calls: the therapist's choice, else the tenant's.
        asked: when the client wants to be asked.
        asked_at: when the client last chose on their page, in seconds since 1970 UTC; 0 never.
    """

    settings: TherapistSettings
    ratings: Switch
    asked: Asked
    asked_at: float


def chosen_for(conn: Connection, session_id: str) -> Chosen:
    """Return what was chosen about asking in a session.

    Raises:
        NotFoundError: there is no such session.
    """
    query = (
        select(
            tenant.c.settings.label("practice"),
            chosen.c.settings,
            client_choice.c.asked,
            client_choice.c.updated_at,
        )
        .select_from(session)
        .join(episode, episode.c.id == session.c.episode)
        .join(tenant, tenant.c.id == session.c.tenant)
        .outerjoin(chosen, and_(chosen.c.tenant == episode.c.tenant, chosen.c.id == episode.c.therapist))
        .outerjoin(client_choice, client_choice.c.episode == episode.c.id)
        .where(session.c.id == session_id)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("There is no such session.")
    settings = TherapistSettings() if row.settings is None else understood(load(row.settings))
    return Chosen(
        settings=settings,
        ratings=settings.ratings or _ratings(load(row.practice)),
        asked=row.asked or "all",
        asked_at=row.updated_at or 0.0,
    )


def wants(
    conn: Connection, tenant_id: str, person: str, *, client: bool, in_call: bool, choice: Chosen
) -> bool:
    """Return whether a participant wants to be asked: by what a client chose, and by what they put away."""
    if client and (choice.asked == "never" or (in_call and choice.asked == "not_in_calls")):
        return False
    since = choice.asked_at if client else 0.0
    return not (in_call and prompts.declined_in_calls(conn, tenant_id, person, since=since))


def asked_in_call(conn: Connection, person: str) -> tuple[float, ...]:
    """Return when a participant was asked during their call, whatever came of it."""
    query = select(prompt.c.created_at).where(prompt.c.participant == person, prompt.c.moment == "in_call")
    return tuple(conn.execute(query).scalars())
