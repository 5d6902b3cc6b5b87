"""An episode read as a whole and written in the format of an exporter."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, select

from alliancekit import calls, visibility
from alliancekit.errors import RefusedError
from alliancekit.events import Response
from alliancekit.exports import (
    ExportedEpisode,
    ExportedPerson,
    ExportedPrompt,
    ExportedSession,
    ExportedTalk,
    ExportedTask,
    Exporter,
    PluginRow,
)
from alliancekit.isolation import ANYTHING, reference, where
from alliancekit.plugins import PluginHost
from alliancekit.store import audit, course, presence, prompts, series
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.plugin_data import rows_of_episode
from alliancekit.store.series import SeriesSession
from alliancekit.store.tables import prompt
from alliancekit.store.text import load

LIMIT: Final = 30.0
"""Seconds that an exporter gets."""

log = logging.getLogger("alliancekit.archive")


class UnknownFormatError(RefusedError):
    """No plugin that runs offers this export format."""

    status = 422
    slug = "unknown-format"


class ExportFailedError(RefusedError):
    """The plugin's exporter raised, took too long or gave something else than bytes."""

    status = 500
    slug = "export-failed"


async def export(
    database: Database,
    plugins: PluginHost,
    *,
    tenant: str,
    episode: str,
    form: str,
    actor: str,
    now: float,
    everything: bool = False,
) -> tuple[Exporter, bytes]:
    """Write an episode in a format; leaves an audit entry.

    Args:
        database: where the episode is.
        plugins: whose exporters may be asked for.
        tenant: whose episode.
        episode: its id.
        form: the exporter's name.
        actor: who asked, for the audit entry.
        now: seconds since 1970 UTC.
        everything: also answers and scores that clients keep from the therapist, for an exporter whose plugin
            declares `hidden`.

    Raises:
        UnknownFormatError: no plugin offers the format.
        NotFoundError: the tenant has no such episode.
        ExportFailedError: the exporter failed.
    """
    offered = plugins.exporters
    if form not in offered:
        raise UnknownFormatError(
            "There is no such export format.",
            fix=f"Loaded: {', '.join(offered) or 'none, no plugin brings one'}.",
        )
    plugin, exporter = offered[form]
    needs = plugins.needs(plugin)

    def work(conn: Connection) -> ExportedEpisode:
        return read_episode(
            conn, tenant, episode, needs=needs, everything=everything and "hidden" in needs, now=now
        )

    written = await _write(plugin, exporter, await database.read(work))
    await database.write(
        lambda conn: audit.append(
            conn,
            tenant=tenant,
            actor=actor,
            action="episode.exported",
            object=episode,
            details={"format": form, "everything": everything},
            now=now,
        )
    )
    return exporter, written


async def _write(plugin: str, exporter: Exporter, episode: ExportedEpisode) -> bytes:
    try:
        async with asyncio.timeout(LIMIT):
            written = await asyncio.to_thread(exporter.write, episode)
    except asyncio.CancelledError:
        raise
    except ANYTHING as error:
        known_as = reference()
        message = "plugin %s raised %s in its exporter at %s (ref %s)"
        log.warning(message, plugin, type(error).__name__, where(error.__traceback__), known_as)
        raise _failed(plugin, f"{type(error).__name__}, reference {known_as}") from None
    if not isinstance(written, bytes):
        raise _failed(plugin, f"it gave {type(written).__name__} instead of bytes")
    return written


def _failed(plugin: str, why: str) -> ExportFailedError:
    return ExportFailedError(
        f"The exporter of the plugin {plugin} failed ({why}). Nothing was exported.",
        fix="Use another format, or ask who wrote the plugin.",
    )


def read_episode(
    conn: Connection, tenant: str, episode_id: str, *, needs: Set[str], everything: bool, now: float
) -> ExportedEpisode:
    """Return an episode with the fields that `needs` names; with `everything` also what clients hide.

    Raises:
        NotFoundError: the tenant has no such episode.
    """
    row = rows.read_episode(conn, tenant, episode_id)
    noted = _noted(conn, tenant, episode_id)
    found = series.read_series(conn, tenant, episode_id, answers="answers" in needs)
    ended = visibility.last_ended(found)
    return ExportedEpisode(
        id=row.id,
        external_id=row.external_id,
        therapist=row.therapist,
        style=row.style,
        example=row.example,
        created_at=row.created_at,
        exported_at=now,
        everything=everything,
        sessions=tuple(
            replace(
                _session(conn, one, needs=needs, ended=None if everything else ended, now=now),
                talks=tuple(noted[0][one.session.id]),
                tasks=tuple(noted[1][one.session.id]),
            )
            for one in found
        ),
        plugin_rows=tuple(
            PluginRow(plugin=row.plugin, key=row.key, value=load(row.value))
            for row in rows_of_episode(conn, tenant, episode_id)
        ),
    )


def _noted(
    conn: Connection, tenant: str, episode: str
) -> tuple[Mapping[str, list[ExportedTalk]], Mapping[str, list[ExportedTask]]]:
    """What was talked about and agreed, by session."""
    talks: defaultdict[str, list[ExportedTalk]] = defaultdict(list)
    for talk in course.talks_of(conn, tenant, episode):
        talks[talk.session].append(ExportedTalk(id=talk.id, outcome=talk.outcome, at=talk.at))
    tasks: defaultdict[str, list[ExportedTask]] = defaultdict(list)
    for task in course.tasks_of(conn, tenant, episode):
        tasks[task.session].append(
            ExportedTask(
                id=task.id, text=task.text, status=task.status, at=task.at, decided_at=task.decided_at
            )
        )
    return talks, tasks


def _session(
    conn: Connection, one: SeriesSession, *, needs: Set[str], ended: int | None, now: float
) -> ExportedSession:
    row = one.session
    people = rows.participants_of(conn, row.tenant, row.id)
    return ExportedSession(
        id=row.id,
        external_id=row.external_id,
        number=row.number,
        style=row.style,
        measure=row.measure,
        status=row.status,
        started_at=row.started_at,
        ended_at=row.ended_at,
        seconds=row.seconds,
        people=tuple(
            ExportedPerson(id=p.id, role=p.role, external_id=p.external_id, language=p.language)
            for p in people
        ),
        segments=calls.segments_of(conn, row, now),
        speech=presence.speech(conn, row.tenant, row.id) if "speech" in needs else (),
        talk_balance=one.talk_balance,
        prompts=_prompts(conn, row.id, now),
        responses=tuple(
            r if ended is None or visibility.state_of(r, row.number, ended) == "shown" else _emptied(r)
            for r in one.responses
        ),
        signals=one.signals,
        guidance=one.guidance,
        not_computed=tuple((gap.hook, gap.plugin, gap.status) for gap in one.not_computed),
    )


def _emptied(response: Response) -> Response:
    return replace(response, answers={}, scores=())


def _prompts(conn: Connection, session: str, now: float) -> tuple[ExportedPrompt, ...]:
    columns = (
        prompt.c.id,
        prompt.c.participant,
        prompt.c.moment,
        prompt.c.instruments,
        prompts.status_at(now),
        prompt.c.created_at,
        prompt.c.closed_at,
    )
    query = select(*columns).where(prompt.c.session == session).order_by(prompt.c.created_at, prompt.c.id)
    return tuple(
        ExportedPrompt(
            **{**row, "instruments": tuple(load(row["instruments"]))},
            deliveries=tuple((d.channel, d.status, d.at) for d in prompts.deliveries(conn, row["id"])),
        )
        for row in conn.execute(query).mappings()
    )
