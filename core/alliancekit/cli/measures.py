"""`alliancekit measures …`: instruments and text packs."""

from __future__ import annotations

import typer

from alliancekit.cli import (
    measures_import,
    measures_list,
    measures_responses,
    measures_validate,
    reliability,
)

app = typer.Typer(no_args_is_help=True, help="Instruments and text packs.")


@app.callback()
def measures() -> None:
    """Instruments and text packs."""


app.command("list")(measures_list.list_measures)
app.command("show")(measures_list.show)
app.command("validate")(measures_validate.validate)
app.command("schema")(measures_validate.schema)
app.command("import")(measures_import.import_measure)
app.command("responses")(measures_responses.responses)
app.command("reliability")(reliability.reliability)
