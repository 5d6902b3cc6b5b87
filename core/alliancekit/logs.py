"""The log: one line an event, in text or JSON, of allowed fields only.

What our own code says is written by us and holds no answer, no name and no token. What others log (libraries,
plugins of others) may quote a client: of theirs, the words that stand in their source are shown and nothing
that was put into them. Of an exception its class and its place are shown, never its text.

Python's own formatters are enough for this: structlog would be a second way to log beside the one that
plugins and libraries use, and would need the same filter in front of it.
"""

from __future__ import annotations

import json
import linecache
import logging
import sys
import threading
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TextIO

from typing_extensions import override

FIELDS: Final = (
    "event",
    "tenant",
    "session",
    "episode",
    "prompt",
    "adapter",
    "plugin",
    "hook",
    "kind",
    "method",
    "route",
    "status",
    "seconds",
    "attempt",
    "outcome",
    "reference",
)
"""What a log call may add by `extra={…}`; everything else is dropped."""

Format = Literal["text", "json"]

log = logging.getLogger("alliancekit.process")

_SHORTEST: Final = 12
"""Characters; a shorter message might be a client's word that stands in the library's source by chance."""


def set_up(
    style: Format = "text", level: str | int = "info", *, stream: TextIO | None = None, process: bool = False
) -> None:
    """Send the log to a stream and nowhere else.

    Libraries are heard from `warning` up: at `info` some of them report each connection.

    Args:
        style: `text` for people, `json` for programs.
        level: the least that our own code says.
        stream: where to; standard output if None.
        process: also what Python itself would print: warnings, exceptions that nobody caught.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    least = level if isinstance(level, int) else logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(logging.WARNING, least))
    for name in ("alliancekit", *_packages()):
        logging.getLogger(name).setLevel(least)
    if process:
        logging.captureWarnings(True)
        sys.excepthook = _uncaught
        sys.unraisablehook = lambda one: _uncaught(one.exc_type, one.exc_value, one.exc_traceback)
        threading.excepthook = lambda one: _uncaught(one.exc_type, one.exc_value, one.exc_traceback)


class TextLines(logging.Formatter):
    """A line for people: `2026-11-22 10:00:00 INFO alliancekit.service: … route=/v1/responses`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        said = dict(_said(record))
        head = f"{said.pop('time')} {said.pop('level')} {said.pop('logger')}:"
        message = said.pop("message")
        return " ".join((head, message, *(f"{name}={value}" for name, value in said.items())))


class JsonLines(logging.Formatter):
    """A line for programs: one JSON object, the time in UTC."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_said(record), ensure_ascii=False)


def _said(record: logging.LogRecord) -> dict[str, Any]:
    """What may be known of a record."""
    ours = _is_ours(record.pathname)
    said: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _one_line(record.getMessage() if ours else _literal(record)),
    }
    if ours:
        for name in FIELDS:
            value = record.__dict__.get(name)
            if isinstance(value, str):
                said[name] = _one_line(value)
            elif isinstance(value, (int, float)):
                said[name] = value
    else:
        said["at"] = f"{record.pathname}:{record.lineno}"
    if record.exc_info and record.exc_info[0] is not None:
        said["error"] = record.exc_info[0].__name__
        said["at"] = _place(record.exc_info[2])
    return said


def _one_line(text: str) -> str:
    """The text as one line without control characters: nobody writes a line of ours into the log."""
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def _literal(record: logging.LogRecord) -> str:
    """A message that stands word for word in the source of the call, without what is filled in."""
    text = record.msg
    if isinstance(text, str) and len(text) >= _SHORTEST:
        source = "".join(linecache.getlines(record.pathname))
        if f'"{text}"' in source or f"'{text}'" in source:
            return text
    return "(message not shown)"


def _place(traceback: TracebackType | None) -> str:
    place = "unknown place"
    while traceback is not None:
        place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("an exception was not caught", exc_info=(kind, error or kind(), traceback))


@cache
def _packages() -> tuple[str, ...]:
    """The import packages of this distribution: the host, the plugins and adapters that come with it."""
    try:
        entries = distribution("alliancekit").entry_points
    except PackageNotFoundError:
        return ("alliancekit",)
    return tuple(sorted({"alliancekit", *(entry.module.partition(".")[0] for entry in entries)}))


@cache
def _homes() -> tuple[str, ...]:
    """The folders of these packages, each with a slash at its end."""
    specs = [find_spec(name) for name in _packages()]
    folders = [place for spec in specs if spec for place in spec.submodule_search_locations or ()]
    return tuple(f"{Path(place).resolve()}/" for place in folders)


@cache
def _is_ours(source: str) -> bool:
    return str(Path(source).resolve()).startswith(_homes())
