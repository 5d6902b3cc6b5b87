"""`alliancekit demo`: the whole main job on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from alliancekit.errors import ConfigError


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the scripted call, print what came of it, end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8420,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep the demo's data here instead of in a temporary directory.")
    ] = None,
    style: Annotated[str, typer.Option(help="The therapist's style in the demo.")] = "task_oriented",
    record: Annotated[
        Path | None,
        typer.Option(help="With --once: write the call's events there, for `alliancekit replay`."),
    ] = None,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", hidden=True)] = False,
) -> None:
    """Hold a real call on this machine, rate it, and look at the therapist's page. Loopback only."""
    if as_json and not once:
        raise typer.BadParameter("--json goes with --once.")
    if record and not once:
        raise typer.BadParameter("--record goes with --once.")
    if no_plugins:
        raise typer.BadParameter("the demo needs its plugins; use `alliancekit serve --no-plugins`.")
    try:
        from alliancekit.demo import run
    except ImportError as error:
        raise ConfigError(
            f"The demo needs {error.name}, which is not installed.", fix="pip install 'alliancekit[demo]'"
        ) from None
    from alliancekit.development import recording

    recorder = recording.Recorder()
    result = run.demo(
        once=once,
        port=0 if once else port,
        data_dir=data_dir,
        style=style,
        extra=[("recorder", recorder)] if record else (),
    )
    if record:
        recording.write(record, recorder.calls())
    if as_json:
        json.dump(result, sys.stdout, indent=2)
        sys.stdout.write("\n")
