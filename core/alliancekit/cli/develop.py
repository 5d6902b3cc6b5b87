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
    style: Annotated[
        str,
        typer.Option(
            help="The therapist's style; the plugin's own, where it brings one, else task_oriented."
        ),
    ] = "",
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
    style: Annotated[
        str, typer.Option(help="Tell the session in this style; the plugin's own, where it brings one.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON line an event, for a program.")
    ] = False,
) -> None:
    """Feed a recorded session to your plugin and print what it answered, with times.

    It runs with its table of the configuration. Exit code 3 when it failed on one of the events.
    """
    from rich.console import Console

    from alliancekit.config import load
    from alliancekit.development import mistakes
    from alliancekit.development import recording as recordings
    from alliancekit.development.replay import replay as play
    from alliancekit.development.replay import table
    from alliancekit.service import plugins_config
    from alliancekit.testing.targets import one_plugin

    tables = plugins_config(load()).settings
    events = recordings.read(recording or recordings.included())
    with one_plugin(path) as (name, plugin):
        told = mistakes.to_stderr(path)
        made = asyncio.run(play(name, plugin, events, settings=tables.get(name), style=style, on_error=told))
    if as_json:
        for one in made.answers:
            typer.echo(json.dumps(asdict(one), default=str))
    else:
        for line in made.brought:
            typer.echo(f"registers {line}")
        if made.answers:
            Console().print(table(name, made.answers, style=made.style))
        else:
            typer.echo(
                "It implements no hook that is called during a session, so there is nothing to replay."
            )
    if any(one.status != "ok" for one in made.answers):
        raise typer.Exit(FAILED)
