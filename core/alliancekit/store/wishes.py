"""What a client decides about their course: when to be asked, supervision, erasure. Each is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from alliancekit.choices import Asked
from alliancekit.store import audit, webhooks
from alliancekit.store.choices import read_client_choice, write_client_choice
from alliancekit.store.own import Own
from alliancekit.store.prompts import Prompt
from alliancekit.store.sessions import read_episode


def be_asked(conn: Connection, own: Own, asked: Asked, now: float) -> tuple[Prompt, ...]:
    """Store when a client wants to be asked; returns the prompts that were closed, to be taken off pages.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    choice = read_client_choice(conn, own.tenant, own.episode)
    if choice.asked == asked:
        return ()
    closed = write_client_choice(conn, own.tenant, own.episode, replace(choice, asked=asked), now)
    _note(conn, own, "client.asked", {"asked": asked}, now)
    return closed


def agree(conn: Connection, own: Own, *, text: str, version: str, now: float) -> bool:
    """Store that a client lets a supervisor see their course, with the wording they read; False if they did.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    choice = read_client_choice(conn, own.tenant, own.episode)
    if choice.supervision_at is not None:
        return False
    agreed = replace(choice, supervision_at=now, supervision_text=text)
    write_client_choice(conn, own.tenant, own.episode, agreed, now)
    _note(conn, own, "supervision.agreed", {"text": version}, now)
    return True


def disagree(conn: Connection, own: Own, now: float) -> bool:
    """Take a client's consent back: no supervisor sees their course any more; False if there was none.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    choice = read_client_choice(conn, own.tenant, own.episode)
    if choice.supervision_at is None:
        return False
    without = replace(choice, supervision_at=None, supervision_text=None)
    write_client_choice(conn, own.tenant, own.episode, without, now)
    _note(conn, own, "supervision.withdrawn", {}, now)
    return True


def ask_erasure(conn: Connection, own: Own, now: float) -> bool:
    """Store that a client wants their course erased, and tell the vendor; False if they had asked already.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    choice = read_client_choice(conn, own.tenant, own.episode)
    if choice.erasure_asked_at is not None:
        return False
    write_client_choice(conn, own.tenant, own.episode, replace(choice, erasure_asked_at=now), now)
    _tell(conn, own, "client.erasure_requested", since=now, now=now)
    return True


def keep_after_all(conn: Connection, own: Own, now: float) -> bool:
    """Take the wish for erasure back, and tell the vendor; False if there was none.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    choice = read_client_choice(conn, own.tenant, own.episode)
    if choice.erasure_asked_at is None:
        return False
    write_client_choice(conn, own.tenant, own.episode, replace(choice, erasure_asked_at=None), now)
    _tell(conn, own, "client.erasure_withdrawn", since=choice.erasure_asked_at, now=now)
    return True


def _tell(conn: Connection, own: Own, kind: webhooks.Kind, *, since: float, now: float) -> None:
    _note(conn, own, kind, {}, now)
    course = read_episode(conn, own.tenant, own.episode)
    key = f"{own.episode}:{since}"
    webhooks.announce_of_episode(conn, course, kind, key=key, data={}, now=now)


def _note(conn: Connection, own: Own, action: str, details: Mapping[str, Any], now: float) -> None:
    audit.append(
        conn,
        tenant=own.tenant,
        actor=own.actor,
        action=action,
        object=own.episode,
        details=details,
        now=now,
    )
