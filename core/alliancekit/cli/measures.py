"""`alliancekit measures …`: instruments and text packs."""

from __future__ import annotations

import typer

from alliancekit.cli import reliability

app = typer.Typer(no_args_is_help=True, help="Instruments and text packs.")


@app.callback()
def measures() -> None:
    """Instruments and text packs."""


app.command("reliability")(reliability.reliability)
