"""Exports of an episode as JSON (everything) and as CSV (one line for every answer and score)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from alliancekit.events import Response
from alliancekit.exports import ExportedEpisode, ExportedSession, Exporter
from alliancekit.hookspecs import AllianceHooks, hookimpl

__all__ = ["FORMAT", "Export", "as_csv", "as_json"]

FORMAT = "alliancekit-episode/1"
"""The name of the JSON form: it says what may be relied on, and changes with it."""

COLUMNS: tuple[str, ...] = (
    "episode",
    "session",
    "number",
    "started_at",
    "role",
    "moment",
    "visibility",
    "answered_at",
    "instrument",
    "version",
    "kind",
    "name",
    "value",
    "minimum",
    "maximum",
    "percent",
    "plugin",
)


class Export(AllianceHooks):
    """Offers both formats."""

    needs = frozenset({"answers", "speech", "hidden"})

    @override
    @hookimpl
    def register_exporters(self) -> Sequence[Exporter]:
        return [
            Exporter(name="json", media_type="application/json", write=as_json),
            Exporter(name="csv", media_type="text/csv; charset=utf-8", write=as_csv),
        ]


def as_json(episode: ExportedEpisode) -> bytes:
    """All of an episode, sorted by key, UTF-8."""
    body = {"format": FORMAT, **asdict(episode)}
    return (json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True, default=dict) + "\n").encode()


def as_csv(episode: ExportedEpisode) -> bytes:
    """One line for each answer (`kind` answer) and each score, CRLF as RFC 4180 says, UTF-8.

    A response without either is one line: `withheld` where its client hides it, else `empty`.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    for session in episode.sessions:
        for response in session.responses:
            base = _base(episode, session, response)
            for line in _lines(response):
                table.writerow({name: _cell(value) for name, value in (base | line).items()})
    return text.getvalue().encode()


def _base(episode: ExportedEpisode, session: ExportedSession, response: Response) -> dict[str, Any]:
    return {
        "episode": episode.external_id,
        "session": session.external_id,
        "number": session.number,
        "started_at": _time(session.started_at),
        "role": response.role,
        "moment": response.moment,
        "visibility": response.visibility,
        "answered_at": _time(response.at),
        "instrument": response.instrument,
        "version": response.instrument_version,
    }


def _lines(response: Response) -> Iterator[dict[str, Any]]:
    if not response.answers and not response.scores:
        hidden = response.role == "client" and response.visibility != "therapist_now"
        yield {"kind": "withheld" if hidden else "empty"}
    for item, value in response.answers.items():
        yield {"kind": "answer", "name": item, "value": value}
    for score in response.scores:
        yield {
            "kind": "score",
            "name": score.scale,
            "value": score.value,
            "minimum": score.minimum,
            "maximum": score.maximum,
            "percent": score.percent,
            "plugin": score.plugin,
        }


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value
