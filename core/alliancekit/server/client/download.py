"""A client's own data as JSON for programs and CSV for people (GDPR, articles 15 and 20)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from alliancekit import calls
from alliancekit.events import Response, Signal
from alliancekit.languages.pages import Words
from alliancekit.server.client.build import Course, said, worded
from alliancekit.service import Service
from alliancekit.store import own, prompts
from alliancekit.store.course import Talk, talks_of
from alliancekit.store.own import Own
from alliancekit.store.plugin_data import rows_of_episode
from alliancekit.store.text import load

FORMAT: Final = "alliancekit-client-1"
"""The shape of the JSON; another name when a field changes its meaning."""

COLUMNS: Final = (
    "session",
    "date",
    "moment",
    "instrument",
    "version",
    "item",
    "question",
    "value",
    "answer",
    "visibility",
)

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


async def whole(service: Service, who: Own, known: Course, words: Words) -> dict[str, Any]:
    """Everything that is stored about a client in a course.

    Without what belongs to somebody else: the therapist's private notes and own answers, and what other
    clients of the same course answered or what was found in it.
    """
    now = service.clock()
    more = await service.database.read(lambda conn: _more(conn, who, known, now))
    talks: tuple[Talk, ...] = more["talks"]
    return {
        "format": FORMAT,
        "exported_at": _time(now),
        "language": words.language.tag,
        "not_in_it": [
            words.say("download.not"),
            *([] if known.alone else [words.say("download.couple")]),
        ],
        "client": who.client,
        "course": {
            "id": known.episode.id,
            "external_id": known.episode.external_id,
            "therapist": known.episode.therapist,
            "style": known.episode.style,
            "since": _time(known.episode.created_at),
        },
        "sessions": [
            {
                "number": one.session.number,
                "id": one.session.id,
                "external_id": one.session.external_id,
                "started_at": _time(one.session.started_at),
                "ended_at": _time(one.session.ended_at),
                "attended": more["attended"].get(one.session.id, []),
                "asked": more["asked"].get(one.session.id, []),
                "answers": [_response(service, r, words) for r in one.responses],
                "findings": [_finding(signal) for _, signal in one.signals if known.alone and _own(signal)],
                "talk_balance": asdict(one.talk_balance) if known.alone and one.talk_balance else None,
            }
            for one in known.found
        ],
        "agreed_tasks": [
            {"text": t.text, "status": t.status, "session": t.session, "at": _time(t.at)} for t in known.tasks
        ],
        "talked_about": [{"session": t.session, "outcome": t.outcome, "at": _time(t.at)} for t in talks],
        "choices": {
            "asked": known.choice.asked,
            "supervision_agreed_at": _time(known.choice.supervision_at),
            "supervision_wording": known.choice.supervision_text,
            "erasure_asked_at": _time(known.choice.erasure_asked_at),
        },
        "kept_by_plugins": more["plugins"] if known.alone else [],
        "records": [
            {
                "at": _time(entry.at),
                # Who it was in general: the names that the vendor gives people are theirs.
                "who": entry.actor.partition(":")[0],
                "what": entry.action,
                "about": entry.object,
                "details": dict(entry.details),
            }
            for entry in known.entries
        ],
    }


def as_json(data: dict[str, Any]) -> bytes:
    """The file for programs."""
    return json.dumps(data, ensure_ascii=False, indent=2).encode()


def as_csv(service: Service, known: Course, words: Words) -> bytes:
    """A table of the own answers, one answer a row, as RFC 4180 has it.

    It begins with a byte-order mark, without which spreadsheets spoil everything but English.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for one in known.found:
        for response in one.responses:
            _, shown = worded(service.instruments, response.instrument, words)
            for line in said(shown, response.answers, words):
                if line.value is not None:
                    row = (
                        one.session.number,
                        (_time(response.at) or "")[:10],
                        response.moment,
                        response.instrument,
                        response.instrument_version,
                        line.item,
                        _cell(line.question),
                        line.value,
                        _cell(line.answer),
                        response.visibility,
                    )
                    table.writerow(row)
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _more(conn: Connection, who: Own, known: Course, now: float) -> dict[str, Any]:
    people = set(own.people_of(conn, who))
    attended: dict[str, list[dict[str, Any]]] = {}
    asked: dict[str, list[dict[str, Any]]] = {}
    for one in known.found:
        attended[one.session.id] = [
            {"joined_at": _time(s.joined_at), "left_at": _time(s.left_at)}
            for s in calls.segments_of(conn, one.session, now)
            if s.participant in people
        ]
        asked[one.session.id] = [
            {
                "id": p.id,
                "moment": p.moment,
                "status": p.status,
                "at": _time(p.created_at),
                "deliveries": [
                    {"channel": d.channel, "status": d.status, "at": _time(d.at)}
                    for d in prompts.deliveries(conn, p.id)
                ],
            }
            for p in prompts.prompts_of(conn, one.session.id)
            if p.participant in people
        ]
    kept = [
        {"plugin": row.plugin, "key": row.key, "value": load(row.value)}
        for row in rows_of_episode(conn, who.tenant, who.episode)
    ]
    return {
        "attended": attended,
        "asked": asked,
        "plugins": kept,
        "talks": talks_of(conn, who.tenant, who.episode),
    }


def _response(service: Service, one: Response, words: Words) -> dict[str, Any]:
    _, shown = worded(service.instruments, one.instrument, words)
    return {
        "id": one.id,
        "at": _time(one.at),
        "moment": one.moment,
        "instrument": one.instrument,
        "version": one.instrument_version,
        "visibility": one.visibility,
        "items": [
            {"id": line.item, "question": line.question, "value": line.value, "answer": line.answer}
            for line in said(shown, one.answers, words)
            if line.value is not None
        ],
        "scores": [asdict(score) for score in one.scores],
    }


def _own(signal: Signal) -> bool:
    """Whether a finding rests on the client's answers alone: the therapist's own are the therapist's."""
    return signal.role == "client" and signal.kind != "divergence"


def _finding(signal: Signal) -> dict[str, Any]:
    return {
        "kind": signal.kind,
        "rule": signal.rule,
        "sentence": signal.sentence,
        "numbers": dict(signal.inputs),
    }


def _time(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
