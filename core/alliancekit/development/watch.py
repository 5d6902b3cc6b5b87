"""Run the demo with the plugin, and start again when one of its files is saved."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import watchfiles
from rich.console import Console

from alliancekit.demo import run
from alliancekit.development import mistakes, recording
from alliancekit.development.replay import replay, table
from alliancekit.errors import AllianceKitError
from alliancekit.isolation import ANYTHING
from alliancekit.testing.targets import one_plugin

WATCHED = (".json", ".toml")
"""Endings beside `.py` that restart the demo."""

STYLE = "task_oriented"
"""The demo's style for a plugin that brings none."""


def watch(path: Path, *, port: int, style: str) -> None:
    """Run until Ctrl-C; each saved file starts the demo anew.

    Args:
        path: a file, a package or a project folder.
        port: where the demo listens; 0 takes a free port at each start.
        style: the therapist's style in the demo; when empty, the plugin's own or else `STYLE`.
    """
    place = path.resolve()
    watchfiles.run_process(
        place,
        target=_run,
        args=(place, port, style),
        watch_filter=watchfiles.PythonFilter(extra_extensions=WATCHED),
        callback=lambda changes: print(f"\n{len(changes)} file(s) saved: starting again", file=sys.stderr),
    )


def _run(place: Path, port: int, style: str) -> None:
    """One run, in a process of its own: the recorded session first, then the demo."""
    on_error = mistakes.to_stderr(place)
    try:
        with one_plugin(place) as (name, plugin):
            recorded = recording.read(recording.included())
            made = asyncio.run(replay(name, plugin, recorded, style=style, on_error=on_error))
            Console(stderr=True).print(table(name, made.answers, style=made.style))
            run.demo(
                once=False,
                port=port,
                data_dir=None,
                style=made.style or STYLE,
                extra=[(name, plugin)],
                on_error=on_error,
            )
    except KeyboardInterrupt:
        pass
    except AllianceKitError as error:
        print(f"alliancekit: {error}\nSave a file to try again.", file=sys.stderr)
    except ANYTHING as error:
        on_error(place.name, "import", error)
        print("Save a file to try again.", file=sys.stderr)
