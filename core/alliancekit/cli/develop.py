"""`alliancekit dev` and `alliancekit replay`: while a plugin is being written."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from alliancekit.errors import ConfigError

FAILED = 3
"""Exit code when the plugin failed on one of the events."""

PluginPath = Annotated[
    Path,
    typer.Argument(help="A Python file, a package, or a folder with a pyproject.toml that names the plugin."),
]


def dev(
    path: PluginPath,
    port: Annotated[int, typer.Option(help="The port of the demo; 0 takes a free one.")] = 8420,
    style: Annotated[str, typer.Option(help="The therapist's style in the demo.")] = "task_oriented",
) -> None:
    """Run the demo with your plugin and start again at every save; mistakes show file, line and text."""
    try:
        from alliancekit.development.watch import watch
    except ImportError as error:
        raise ConfigError(
            f"Watching files needs {error.name}, which is not installed.",
            fix="pip install 'alliancekit[develop]'",
        ) from None
    if not path.exists():
        raise ConfigError(f"{path} does not exist.", fix="Name a Python file or the folder of a plugin.")
    watch(path, port=port, style=style)


def replay(
    path: PluginPath,
    recording: Annotated[
        Path | None,
        typer.Option(
            help="A file of `alliancekit demo --once --record`; without it, the one that is included."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON line an event, for a program.")
    ] = False,
) -> None:
    """Feed a recorded session to your plugin, print each outcome with its time. Exit code 3: one failed."""
    from rich.console import Console

    from alliancekit.development import mistakes
    from alliancekit.development import recording as recordings
    from alliancekit.development.replay import replay as play
    from alliancekit.development.replay import table
    from alliancekit.testing.targets import one_plugin

    events = recordings.read(recording or recordings.included())
    with one_plugin(path) as (name, plugin):
        answers = asyncio.run(play(name, plugin, events, on_error=mistakes.to_stderr(path)))
    if as_json:
        for one in answers:
            typer.echo(json.dumps(asdict(one), default=str))
    else:
        Console().print(table(name, answers))
    if any(one.status != "ok" for one in answers):
        raise typer.Exit(FAILED)
