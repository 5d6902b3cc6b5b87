"""The command `alliancekit`.

Exit codes: 0 done, 2 wrong usage, 3 refused or invalid input. `--json` prints JSON for a program.
"""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from alliancekit.cli import (
    adapters,
    change,
    config,
    congruence,
    db,
    demo,
    develop,
    export,
    keys,
    measures,
    new,
    plugins,
    score,
    serve,
    sessions,
    signals,
    tenants,
    users,
    webhooks,
)
from alliancekit.errors import AllianceKitError

REFUSED = 3
"""Exit code for refused or invalid input."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Errors that come of the place where output goes, also the standard output and temporary files."""

app = typer.Typer(
    name="alliancekit",
    help="Asks client and therapist how their working relationship is going.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("alliancekit"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Asks client and therapist how their working relationship is going."""


RUN, PLUGINS, MEASURES = "Run it", "Write and look after plugins", "Measures and scores"
"""The panels of the help page, in this order."""

app.command("demo", rich_help_panel=RUN)(demo.demo)
app.command("serve", rich_help_panel=RUN)(serve.serve)
app.add_typer(config.app, name="config", rich_help_panel=RUN)
app.add_typer(tenants.app, name="tenants", rich_help_panel=RUN)
app.add_typer(keys.app, name="keys", rich_help_panel=RUN)
app.add_typer(users.app, name="users", rich_help_panel=RUN)
app.add_typer(adapters.app, name="adapters", rich_help_panel=RUN)
app.add_typer(sessions.app, name="sessions", rich_help_panel=RUN)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=RUN)
app.add_typer(db.app, name="db", rich_help_panel=RUN)
app.command("export", rich_help_panel=RUN)(export.export)
app.add_typer(new.app, name="new", rich_help_panel=PLUGINS)
app.command("replay", rich_help_panel=PLUGINS)(develop.replay)
app.command("dev", rich_help_panel=PLUGINS)(develop.dev)
app.add_typer(plugins.app, name="plugins", rich_help_panel=PLUGINS)
app.add_typer(measures.app, name="measures", rich_help_panel=MEASURES)
app.command("score", rich_help_panel=MEASURES)(score.score)
app.command("signals", rich_help_panel=MEASURES)(signals.signals)
app.command("change", rich_help_panel=MEASURES)(change.change)
app.command("congruence", rich_help_panel=MEASURES)(congruence.congruence)


def main() -> None:
    """Run the command; an error of ours becomes one readable line and exit code 3."""
    try:
        app()
    except AllianceKitError as error:
        print(f"alliancekit: {error}", file=sys.stderr)
        raise SystemExit(REFUSED) from None
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        print(
            f"alliancekit: The output cannot be written: {error.strerror}. Make room for it.", file=sys.stderr
        )
        raise SystemExit(REFUSED) from None
