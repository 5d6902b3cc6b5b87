"""`alliancekit congruence`: client and therapist beside each other, from a file of sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alliancekit.cli.output import plain, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

COURSE_COLUMNS = ("course", "client_id")
"""Columns that may name the course, where a file holds several."""


@dataclass(slots=True)
class _Course:
    """The sessions of one course in the order of the file, on 0–100."""

    name: str | None
    sessions: list[str] = field(default_factory=list)
    client: list[float | None] = field(default_factory=list)
    therapist: list[float | None] = field(default_factory=list)
    outcome: list[float | None] = field(default_factory=list)


def congruence(
    file: Annotated[
        Path | None, typer.Argument(help="Columns session, client, therapist; course and outcome if there.")
    ] = None,
    surface: Annotated[
        tuple[float, float, float, float, float] | None,
        typer.Option(metavar="B1 B2 B3 B4 B5", help="No file: the features a1 to a5 of a fitted surface."),
    ] = None,
    values: Annotated[
        tuple[float, float], typer.Option("--range", metavar="LOW HIGH", help="Lowest and highest rating.")
    ] = (0.0, 100.0),
    centre: Annotated[
        float | None, typer.Option(help="Where the surface is centred, 0 to 100; otherwise the mean rating.")
    ] = None,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="Accept byte-order mark, semicolons and decimal commas.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; it always does.")] = False,
) -> None:
    """Divergence, truth and bias, limits of agreement, concordance and response surface, as JSON.

    FILE has one session a row. Ratings are turned to 0–100; an empty cell is a rating that is missing. Files
    with several courses have a column `course` or `client_id`. With a column `outcome` a response surface is
    fitted. What the data do not carry is null, and `not_computed` says why.
    """
    del as_json
    if (file is None) == (surface is None):
        raise typer.BadParameter("Give either a file or --surface with five coefficients.")
    if surface is not None:
        from alliancekit.scoring.congruence import response_surface

        print_json(response_surface(*surface))
        return
    assert file is not None
    low, high = values
    if not low < high:
        raise typer.BadParameter("--range needs the lowest rating first, then a higher one.")
    courses = _read(file, low, high, spreadsheet=spreadsheet)
    described = [_describe(course, centre) for course in courses]
    printed: dict[str, Any] = {"units": "0-100", "courses": described}
    if len(courses) > 1:
        printed["together"] = _together(courses, centre)
    print_json(printed)


def _read(path: Path, low: float, high: float, *, spreadsheet: bool) -> list[_Course]:
    """The courses of a file, in the order in which they first appear.

    Raises:
        TableError: the file cannot be used: see `alliancekit.batch.files`; a column is missing, a rating is
            no number or outside the range, a session is not named or named twice.
    """
    from alliancekit.batch.files import FIRST_ROW, read
    from alliancekit.batch.numbers import as_text, numbers
    from alliancekit.errors import TableError

    table = read(path, spreadsheet=spreadsheet)
    if missing := [name for name in ("session", "client", "therapist") if name not in table.columns]:
        raise TableError(
            f"{path.name} has no column {' and no column '.join(map(repr, missing))}.",
            fix="It needs session, client and therapist; course or client_id, and outcome, may be there.",
        )
    names = [name for name in COURSE_COLUMNS if name in table.columns]
    if len(names) > 1:
        raise TableError(f"{path.name} has both columns, course and client_id.", fix="Leave one out.")
    if not table.height:
        raise TableError(f"{path.name} has a header and no row.")
    ratings = [
        numbers(table[name], minimum=low, maximum=high, spreadsheet=spreadsheet).to_list()
        for name in ("client", "therapist")
    ]
    with_outcome = "outcome" in table.columns
    outcomes = numbers(table["outcome"], spreadsheet=spreadsheet).to_list() if with_outcome else None
    sessions = as_text(table["session"]).to_list()
    keys = as_text(table[names[0]]).to_list() if names else [None] * table.height
    courses: dict[str | None, _Course] = {}
    seen: set[tuple[str | None, str]] = set()
    for row, (key, session, c, t) in enumerate(zip(keys, sessions, *ratings, strict=True)):
        where = f"{path.name}: row {row + FIRST_ROW}"
        if session is None or (names and key is None):
            raise TableError(f"{where} has no {names[0] if session is not None else 'session'}.")
        if (key, session) in seen:
            raise TableError(
                f"{where} has a session that an earlier row{' of the course' if names else ''} has too.",
                fix="One row a session; several courses need a column course or client_id.",
            )
        seen.add((key, session))
        course = courses.setdefault(key, _Course(key))
        course.sessions.append(session)
        course.client.append(_percent(c, low, high))
        course.therapist.append(_percent(t, low, high))
        if outcomes is not None:
            course.outcome.append(outcomes[row])
    return list(courses.values())


def _percent(value: float | None, low: float, high: float) -> float | None:
    return None if value is None else 100 * (value - low) / (high - low)


def _describe(course: _Course, centre: float | None) -> dict[str, Any]:
    """One course: its sessions, and what they carry."""
    from alliancekit.scoring.agreement import concordance, limits_of_agreement
    from alliancekit.scoring.congruence import divergence, paired

    both = list(zip(course.client, course.therapist, strict=True))
    jobs: dict[str, Callable[[], object]] = {
        "truth_and_bias": lambda: _truth_and_bias(course),
        "limits_of_agreement": lambda: limits_of_agreement(course.client, course.therapist),
        "concordance": lambda: concordance(course.client, course.therapist),
    }
    if course.outcome:
        jobs["surface"] = lambda: _surface([course], centre)
    return {
        "course": course.name,
        "sessions": [
            {"session": name, "client": c, "therapist": t, "divergence": divergence(c, t)}
            for name, (c, t) in zip(course.sessions, both, strict=True)
        ],
        "rated_by_both": len(paired(course.client, course.therapist)),
        **_computed(jobs),
    }


def _together(courses: list[_Course], centre: float | None) -> dict[str, Any]:
    """What all courses carry as one sample."""
    from alliancekit.scoring.agreement import limits_over_courses
    from alliancekit.scoring.congruence import paired

    differences = [[t - c for c, t in paired(course.client, course.therapist)] for course in courses]
    jobs: dict[str, Callable[[], object]] = {"limits_of_agreement": lambda: limits_over_courses(differences)}
    if courses[0].outcome:
        jobs["surface"] = lambda: _surface(courses, centre)
    return {"courses": len(courses), "rated_by_both": sum(map(len, differences)), **_computed(jobs)}


def _computed(jobs: dict[str, Callable[[], object]]) -> dict[str, Any]:
    """Every result by name; null where the data do not carry it, with the reason under `not_computed`."""
    from alliancekit.errors import FormulaError

    found: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name, job in jobs.items():
        try:
            found[name] = plain(job())
        except FormulaError as error:
            found[name], reasons[name] = None, error.message
    return {**found, "not_computed": reasons}


def _truth_and_bias(course: _Course) -> object:
    from alliancekit.errors import FormulaError
    from alliancekit.scoring.congruence import LEAST_COURSE, paired, truth_and_bias

    found = truth_and_bias(course.client, course.therapist)
    if found is not None:
        return found
    count = len(paired(course.client, course.therapist))
    if count < LEAST_COURSE:
        raise FormulaError(f"At least {LEAST_COURSE} sessions rated by both are needed; there are {count}.")
    raise FormulaError("The client's rating never varied.")


def _surface(courses: list[_Course], centre: float | None) -> object:
    from alliancekit.scoring.surface import fit_surface

    client, therapist, outcome = (
        [each for course in courses for each in getattr(course, side)]
        for side in ("client", "therapist", "outcome")
    )
    fit = fit_surface(client, therapist, outcome, centre=centre)
    shown = plain(fit)
    for name in ("coefficients", "coefficient_errors"):
        shown[name] = {f"b{number}": value for number, value in enumerate(shown[name])}
    return shown
