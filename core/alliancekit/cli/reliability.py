"""`alliancekit measures reliability`: how reliably an instrument measures in one's own answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from alliancekit.cli.output import plain, print_json

if TYPE_CHECKING:
    from alliancekit.instruments.model import Instrument
    from alliancekit.scoring.coefficients import Matrix
    from alliancekit.store.answers import GivenAnswers

SOURCES = {
    "alpha": "Cronbach 1951",
    "alpha_interval": "95 %, Bonett 2002",
    "omega": "omega total of a one-factor model by maximum likelihood, McDonald 1999",
    "srmr": "fit of that model, Hu & Bentler 1999: up to .08 is commonly called good",
    "item_total": "each item with the sum of the scale's other items",
}

LEAST_COURSES = 10
"""Courses below which stored answers are not described: clients may have given them as `aggregate_only`. Our
choice."""


def reliability(
    file: Annotated[
        Path | None, typer.Argument(help="One row a response: CSV, gzip CSV (.gz) or Parquet.")
    ] = None,
    measure: Annotated[str, typer.Option(help="The instrument, such as wai-sr.")] = "",
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="Who answered; client if both may.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Instead of a file: all responses in the service's database.")
    ] = False,
    tenant: Annotated[
        str | None, typer.Option(help="With --store: the tenant's id, where there are several.")
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="With --store: only the first response of each course.")
    ] = False,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="Accept a byte-order mark, semicolons and decimal commas.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Alpha, omega, item-total correlations, floor and ceiling, correlations between scales.

    The items' columns are called item1, item2, … or 1, 2, … or NAME_1, NAME_2, …; an empty cell is a missing
    answer, and rows without all answers to a scale are left out there. Below 30 such rows no number is given.
    Rows should come from different people: several sessions of one course are alike, and the intervals are
    then too narrow.
    """
    from alliancekit.cli.chosen import instrument

    if not measure:
        raise typer.BadParameter("Name the instrument with --measure.")
    if (file is None) != store:
        raise typer.BadParameter("Give either a file or --store.")
    if (tenant is not None or first) and not store:
        raise typer.BadParameter("--tenant and --first need --store.")
    if file is not None and not file.exists():
        from alliancekit.errors import TableError

        raise TableError(f"{file} cannot be read: there is no such file.")
    chosen = instrument(measure, form)
    printed: dict[str, Any] = {"measure": chosen.name, "form": chosen.form}
    if file is not None:
        answers = _from_file(chosen, file, spreadsheet=spreadsheet)
        printed["from"] = file.name
    else:
        answers, courses = _from_store(chosen, tenant, first=first)
        printed |= {"from": "store", "courses": courses}
    from alliancekit.scoring.reliability import reliability as described

    found = described(chosen, answers)
    if as_json:
        print_json({**printed, **plain(found), "sources": SOURCES})
    else:
        from alliancekit.cli.reliability_tables import print_tables

        print_tables(printed, found)


def _from_file(instrument: Instrument, path: Path, *, spreadsheet: bool) -> Matrix:
    """The answers of a file as a matrix, NaN where one is missing.

    Raises:
        TableError: see `alliancekit.batch`: the file, its columns or a value cannot be used.
    """
    import numpy as np
    import polars as pl

    from alliancekit.batch.answers import AnswerReader
    from alliancekit.batch.columns import match_columns
    from alliancekit.batch.files import FIRST_ROW, read
    from alliancekit.batch.numbers import SHOWN, refusal
    from alliancekit.errors import TableError

    table = read(path, spreadsheet=spreadsheet)
    columns = match_columns(instrument, table.columns)
    answers, wrong = AnswerReader(instrument, columns, spreadsheet=spreadsheet).read(table)
    if wrong:
        cells = sorted((int(place) + FIRST_ROW, each.column) for each in wrong for place in each.places)
        raise refusal(
            cells[:SHOWN],
            len(cells),
            expected=" or ".join(dict.fromkeys(each.expected for each in wrong)),
            texts=pl.concat([each.texts.rename("cells") for each in wrong]),
            spreadsheet=spreadsheet,
        )
    if not answers.height:
        raise TableError(f"{path.name} has a header and no row.")
    return answers.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _from_store(instrument: Instrument, tenant: str | None, *, first: bool) -> tuple[Matrix, int]:
    """The stored answers of one tenant as a matrix, and from how many courses they come.

    Raises:
        StoreError: the database cannot be used, for instance because the service has it open (SQLite).
        NotFoundError: there is no such tenant, or several and none was named.
        NotAllowedError: the answers come from so few courses that statistics would tell single people's.
    """
    import asyncio

    import numpy as np

    from alliancekit.errors import NotAllowedError

    given = asyncio.run(_given(instrument, tenant))
    if first:
        earliest: dict[str, GivenAnswers] = {}
        for each in given:
            earliest.setdefault(each.episode, each)
        given = list(earliest.values())
    courses = len({each.episode for each in given})
    if courses < LEAST_COURSES:
        raise NotAllowedError(
            f"The {instrument.form} form of {instrument.name!r} was answered in {courses} courses. Below "
            f"{LEAST_COURSES}, statistics would tell what single clients answered, so none are given."
        )
    rows = [[each.answers.get(item.id, np.nan) for item in instrument.items] for each in given]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(instrument.items)), courses


async def _given(instrument: Instrument, tenant: str | None) -> list[GivenAnswers]:
    """Read the answers from the configured database, which is neither made nor changed."""
    from alliancekit.config import load
    from alliancekit.errors import StoreError
    from alliancekit.store import migrate
    from alliancekit.store.answers import read_answers
    from alliancekit.store.base import parse_url
    from alliancekit.store.database import open_database
    from alliancekit.store.sqlite import sqlite_path
    from alliancekit.store.tenants import only_tenant

    url = load().database().get_secret_value()
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).exists():
        raise StoreError(
            f"There is no database at {sqlite_path(parsed)}.",
            fix="Call this in the directory of the service's alliancekit.toml, or set database_url.",
        )
    database = open_database(url)
    try:
        if not migrate.is_at_head(url):
            raise StoreError(
                "The database has the schema of another release.",
                fix="Start the service once: it upgrades it.",
            )
        return await database.read(
            lambda conn: list(read_answers(conn, only_tenant(conn, tenant), instrument.name, instrument.form))
        )
    finally:
        await database.close()
