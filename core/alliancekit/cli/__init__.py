"""The command `alliancekit`.

Exit codes: 0 done, 2 wrong usage, 3 refused or invalid input. `--json` prints JSON for a program.
"""

from __future__ import annotations

import errno
import sys

import typer

from alliancekit.cli import (
    change,
    config,
    congruence,
    demo,
    develop,
    export,
    measures,
    new,
    plugins,
    score,
    serve,
    signals,
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
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(config.app, name="config")
app.add_typer(plugins.app, name="plugins")
app.add_typer(new.app, name="new")
app.command("dev")(develop.dev)
app.command("replay")(develop.replay)
app.add_typer(measures.app, name="measures")
app.command("score")(score.score)
app.command("change")(change.change)
app.command("signals")(signals.signals)
app.command("congruence")(congruence.congruence)
app.command("export")(export.export)


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
