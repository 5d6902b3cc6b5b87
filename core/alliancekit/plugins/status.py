"""How the plugins of a running service are doing, in a file that the command line reads.

Names, counts, milliseconds and types of exceptions only, as in the report.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from alliancekit.health import PastOutcome
from alliancekit.plugins.report import LoadReport, LoadStatus, PluginEntry

FILE = "plugins.json"
"""In the service's data directory."""

EVERY = 5.0
"""Seconds between two looks at what changed."""

log = logging.getLogger("alliancekit.plugins")


class _Doing(BaseModel):
    model_config = ConfigDict(frozen=True)

    status: LoadStatus
    reason: str
    fix: str
    calls: int
    failures: int
    skipped: int
    blocked: int
    last: tuple[PastOutcome, ...]


class _Status(BaseModel):
    model_config = ConfigDict(frozen=True)

    process: int
    plugins: dict[str, _Doing]


def write(folder: Path, report: LoadReport) -> None:
    """Write the state of this process's plugins, whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    fields = set(_Doing.model_fields)
    plugins = {
        entry["name"]: {name: value for name, value in entry.items() if name in fields}
        for entry in report.to_json()["plugins"]
    }
    file = folder / FILE
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"process": os.getpid(), "plugins": plugins}), encoding="utf-8")
    new.replace(file)


async def keep(folder: Path, report: Callable[[], LoadReport]) -> None:
    """Keep the file up to date until cancelled, then take it away. Without a folder there is no file."""
    written: LoadReport | None = None
    try:
        while await asyncio.to_thread(folder.is_dir):
            now = report()
            if now != written:
                await asyncio.to_thread(write, folder, now)
                written = now
            await asyncio.sleep(EVERY)
    except OSError as error:
        log.warning("the state of the plugins cannot be written (%s)", type(error).__name__)
    finally:
        if written is not None:
            (folder / FILE).unlink(missing_ok=True)


def merged(folder: Path, report: LoadReport) -> tuple[LoadReport, bool]:
    """The report with what the running service says of each plugin, and whether there is such a service."""
    try:
        status = _Status.model_validate_json((folder / FILE).read_bytes())
        os.kill(status.process, 0)
    except (OSError, ValidationError, OverflowError):
        return report, False
    return LoadReport(tuple(_merged(entry, status.plugins.get(entry.name)) for entry in report.entries)), True


def _merged(entry: PluginEntry, doing: _Doing | None) -> PluginEntry:
    if doing is None:
        return entry
    told = doing if doing.status in ("quarantined", "blocked") else entry
    return replace(
        entry,
        status=told.status,
        reason=told.reason,
        fix=told.fix,
        calls=doing.calls,
        failures=doing.failures,
        skipped=doing.skipped,
        blocked=doing.blocked,
        last=doing.last,
    )
