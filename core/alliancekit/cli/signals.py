"""`alliancekit signals`: what the rules find in courses of sessions, one JSON line a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from alliancekit.cli.courses import Row
    from alliancekit.events import Response, Role, ScaleInfo, Score, SeriesPoint, SeriesUpdated, Signal
    from alliancekit.instruments.catalogue import Instruments
    from alliancekit.instruments.model import Instrument
    from alliancekit.plugins import PluginHost

COLOUR_DROP = 1 / 40
"""OpenFIT's change of one point, as a share of the range: the SRS has forty."""


def signals(
    file: Annotated[Path, typer.Argument(help="CSV, gzip CSV or Parquet: session,score and more.")],
    measure: Annotated[str, typer.Option(help="The instrument, such as srs.")],
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="Who answered; client if both may.")
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="The scale that was scored; the total or the only one if not given.")
    ] = None,
    group_sd: Annotated[
        float | None,
        typer.Option(help="Standard deviation of your own clients' scores, in the scale's units."),
    ] = None,
    spreadsheet: Annotated[
        bool, typer.Option("--spreadsheet", help="Accept a byte-order mark, semicolons, decimal commas.")
    ] = False,
) -> None:
    """Print what the rules find, one JSON line a session.

    Columns: session (1, 2, …), score (in the measure's published units; empty when nobody rated), and where
    wanted: client (many courses in one file), attended (yes or no), therapist (the therapist's score beside a
    client's), one column an item (item1 … itemN). The rules are those of the configured plugins.
    """
    import asyncio
    import json

    from alliancekit.cli.chosen import instrument as find
    from alliancekit.cli.courses import read_courses
    from alliancekit.cli.deployment import host_and_folder
    from alliancekit.instruments.site import deployed

    host, folder = host_and_folder()
    known = deployed(host.instruments, folder).instruments
    instrument = find(measure, form, known=known)
    chosen = _scale(instrument, scale)
    rows = read_courses(file, instrument, chosen, spreadsheet=spreadsheet)
    changed: dict[str, Any] = {}
    if group_sd is not None:
        changed["group_sd"] = _in_percent(group_sd, chosen)
    if instrument.form == "therapist":
        changed["therapist"] = True
    if changed:
        host, _ = host_and_folder({"strain": changed})

    async def work() -> None:
        try:
            async for line in lines(host, known, instrument, chosen, rows):
                typer.echo(json.dumps(line, ensure_ascii=False))
        finally:
            await host.close()

    asyncio.run(work())


async def lines(
    host: PluginHost, known: Instruments, instrument: Instrument, scale: Score, rows: Sequence[Row]
) -> AsyncIterator[dict[str, Any]]:
    """What there is to say of each session, in the order of the rows.

    Args:
        host: loaded; its plugins detect the signals.
        known: the deployment's instruments.
        instrument: the form that was answered.
        scale: its name and range.
        rows: as `courses.read_courses` gives them.
    """
    from alliancekit.cli.courses import by_client
    from alliancekit.scoring.rules import colour, silent_rules

    many = any(row.client for row in rows)
    infos = scales(known, instrument, scale)
    info = next(one for one in infos if (one.form, one.scale) == (instrument.form, scale.scale))
    points: dict[str, list[SeriesPoint]] = {}
    for row, course in by_client(rows):
        series = points.setdefault(row.client, [])
        series.append(_point(row, instrument, scale))
        outcomes = await host.hooks.detect_signals(_event(row, series, infos))
        rated = [one.score for one in course if one.score is not None]
        before = rated[-2] if row.score is not None and len(rated) > 1 else None
        line: dict[str, Any] = {"client": row.client} if many else {}
        line |= {
            "session": row.session,
            "score": row.score,
            "colour": None
            if info.cut_off is None or not info.directed
            else colour(
                row.score,
                before,
                cut_off=info.cut_off,
                drop=COLOUR_DROP * (scale.maximum - scale.minimum),
                when=info.when,
            ),
            "signals": [_shown(one) for outcome in outcomes for one in outcome.value or ()],
            "silent": [
                {"rule": one.rule, "kind": one.kind, "needed": one.needed, "have": one.have}
                for one in silent_rules(host.rules, rated=len(rated), held=len(course))
            ],
        }
        failed = [{"plugin": one.plugin, "status": one.status} for one in outcomes if one.status != "ok"]
        yield line | ({"not_computed": failed} if failed else {})


def scales(known: Instruments, instrument: Instrument, scale: Score) -> tuple[ScaleInfo, ...]:
    """What the rules hear of the measure's scales: the one in the file is the main one, for both roles.

    A therapist's scores beside a client's are on the client's scale where there is no form of their own.
    """
    from dataclasses import replace

    infos = [
        replace(one, main=one.scale == scale.scale)
        for one in known.scales()
        if one.instrument == instrument.name
    ]
    if all(one.form == "client" for one in infos):
        infos += [replace(one, form="therapist", cut_off=None) for one in infos]
    return tuple(sorted(infos, key=lambda one: one.form))


def _scale(instrument: Instrument, name: str | None) -> Score:
    """The scale's name and range, as a score without a value.

    Raises:
        InstrumentError: there is no such scale, none can be told without a name, or no rule reads it.
    """
    from alliancekit.cli.chosen import scale_of
    from alliancekit.errors import InstrumentError
    from alliancekit.scoring.scales import score

    wanted = scale_of(instrument, name)
    if wanted.higher_is == "neither":
        raise InstrumentError(
            f"Neither end of the scale {wanted.name!r} of {instrument.name!r} is the better one, so no rule "
            "reads it.",
            fix="For a questionnaire that you imported: import it again with --higher better or worse.",
        )
    return next(one for one in score(instrument, {}) if one.scale == wanted.name)


def _in_percent(sd: float, scale: Score) -> float:
    from alliancekit.errors import FormulaError

    width = scale.maximum - scale.minimum
    if not 0 < sd <= width:
        raise FormulaError(f"--group-sd must be above 0 and at most {width:g}, the width of the scale.")
    return 100 * sd / width


def _point(row: Row, instrument: Instrument, scale: Score) -> SeriesPoint:
    from alliancekit.events import SeriesPoint

    rated: tuple[tuple[Role, float | None], ...] = (
        (instrument.form, row.score),
        ("therapist", row.therapist),
    )
    responses = [
        _response(row, instrument, scale, role, value)
        for role, value in rated
        if value is not None or (role == instrument.form and row.answers)
    ]
    return SeriesPoint(
        session=str(row.session),
        number=row.session,
        at=float(row.session),
        attended=row.attended,
        responses=tuple(responses),
    )


def _response(row: Row, instrument: Instrument, scale: Score, role: Role, value: float | None) -> Response:
    from dataclasses import replace

    from alliancekit.events import Response

    width = scale.maximum - scale.minimum
    percent = None if value is None else 100 * (value - scale.minimum) / width
    return Response(
        id=f"{row.session}-{role}",
        participant=role,
        role=role,
        moment="end_of_call",
        instrument=instrument.name,
        instrument_version=instrument.version,
        visibility="therapist_now",
        at=float(row.session),
        scores=(replace(scale, value=value, percent=percent),),
        answers=row.answers if role == instrument.form else {},
    )


def _event(row: Row, series: Sequence[SeriesPoint], infos: tuple[ScaleInfo, ...]) -> SeriesUpdated:
    from alliancekit.events import SeriesUpdated

    return SeriesUpdated(
        tenant="file",
        episode="course",
        session=series[-1].session,
        at=series[-1].at,
        style="",
        number=row.session,
        series=tuple(series),
        scales=infos,
    )


def _shown(signal: Signal) -> dict[str, Any]:
    shown = {
        "kind": signal.kind,
        "rule": signal.rule,
        "level": signal.level,
        "magnitude": None if signal.magnitude is None else round(signal.magnitude, 6),
        "length": signal.length,
        "pattern": signal.pattern,
        "inputs": {name: round(value, 6) for name, value in signal.inputs.items()},
        "sessions_needed": signal.sessions_needed,
        "source": signal.source,
        "sentence": signal.sentence,
    }
    return shown | ({"item": signal.item} if signal.item else {})
