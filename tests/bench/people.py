"""Many participants at once, each with an open prompt and a token: the other end of the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert

from alliancekit.events import Role
from alliancekit.server.tokens import Key, ParticipantClaims, Tokens
from alliancekit.store.database import open_database
from alliancekit.store.migrate import upgrade
from alliancekit.store.tables import episode, participant, prompt, session
from alliancekit.store.tenants import create_tenant
from alliancekit.store.text import dump, new_id

KEY = "bench-key-of-at-least-thirty-two-bytes-0123456789"
ISSUER = "bench"
ROLES: tuple[Role, Role] = ("client", "therapist")


@dataclass(frozen=True)
class Asked:
    """A participant with an open prompt for the check-in."""

    participant: str
    session: str
    prompt: str
    token: str


async def make_people(directory: Path, count: int) -> list[Asked]:
    """Fill the service's database in `directory` with ended sessions of two; returns `count` participants."""
    url = f"sqlite:///{directory / 'alliancekit.db'}"
    upgrade(url)
    tokens = Tokens([Key("bench", KEY.encode())], issuer=ISSUER)
    people: list[Asked] = []

    def make(conn: Connection) -> None:
        now = time.time()
        tenant, _ = create_tenant(conn, "Clinic", now)
        rows: dict[str, list[dict[str, Any]]] = {}
        for number in range((count + 1) // 2):
            for table, row in _session(tenant, number, now):
                rows.setdefault(table.name, []).append(row)
        for table in (episode, session, participant, prompt):
            conn.execute(insert(table), rows[table.name])
        roles = {row["id"]: row["role"] for row in rows["participant"]}
        for row in rows["prompt"][:count]:
            person, where = row["participant"], row["session"]
            claims = ParticipantClaims(tenant=tenant, session=where, participant=person, role=roles[person])
            people.append(Asked(person, where, row["id"], tokens.issue(claims)))

    database = open_database(url)
    try:
        await database.write(make)
    finally:
        await database.close()
    return people


def _session(tenant: str, number: int, now: float) -> Iterator[tuple[Table, dict[str, Any]]]:
    course, meeting = new_id("epi"), new_id("ses")
    same = {"tenant": tenant, "style": "supportive", "example": False, "created_at": now}
    yield episode, {**same, "id": course, "external_id": f"e{number}", "therapist": f"t{number % 50}"}
    yield (
        session,
        {
            **same,
            "id": meeting,
            "episode": course,
            "external_id": f"m{number}",
            "number": 1,
            "measure": "check-in",
            "adapter": "",
            "status": "ended",
            "started_at": now - 3000,
            "ended_at": now,
            "end_reason": "explicit",
            "end_confidence": 1.0,
            "seconds": 3000.0,
        },
    )
    for role in ROLES:
        person = new_id("par")
        who = {"external_id": f"{role}{number}", "language": "en"}
        yield participant, {"id": person, "tenant": tenant, "session": meeting, "role": role, **who}
        yield (
            prompt,
            {
                "id": new_id("prm"),
                "tenant": tenant,
                "session": meeting,
                "participant": person,
                "moment": "end_of_call",
                "occasion": "end_of_call",
                "instruments": dump(["check-in"]),
                "status": "open",
                "created_at": now,
                "expires_at": now + 86400.0,
            },
        )
