"""`alliancekit signals`: what the rules find in courses of sessions, one JSON line a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from alliancekit.cli.courses import Row
    from alliancekit.events import Response, Role, ScaleInfo, Score, SeriesPoint, SeriesUpdated, Signal
    from alliancekit.instruments.model import Instrument
    from alliancekit.plugins import PluginHost

COLOUR_DROP = 1 / 40
"""OpenFIT's change of one point, as a share of the range: the SRS has forty."""


def signals(
    file: Annotated[Path, typer.Argument(help="CSV, gzip CSV or Parquet: session,score and more.")],
    measure: Annotated[str, typer.Option(help="The instrument, such as srs.")],
    scale: Annotated[str, typer.Option(help="The scale that was scored; the main one if not given.")] = "",
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
    wanted: client (many courses in one file), attended (yes or no), therapist (the therapist's score), one
    column an item (item1 … itemN). The rules are those of the configured plugins.
    """
    import asyncio
    import json

    from alliancekit.cli.courses import read_courses

    host = _host()
    instrument = host.instruments.get(measure)
    chosen = _scale(instrument, scale)
    if group_sd is not None:
        host = _host(group_sd=_in_percent(group_sd, chosen))
    rows = read_courses(file, instrument, chosen, spreadsheet=spreadsheet)

    async def work() -> None:
        try:
            async for line in lines(host, instrument, chosen, rows):
                typer.echo(json.dumps(line, ensure_ascii=False))
        finally:
            await host.close()

    asyncio.run(work())


async def lines(
    host: PluginHost, instrument: Instrument, scale: Score, rows: Sequence[Row]
) -> AsyncIterator[dict[str, Any]]:
    """What there is to say of each session, in the order of the rows.

    Args:
        host: loaded; its plugins detect the signals.
        instrument: the client form.
        scale: its name and range.
        rows: as `courses.read_courses` gives them.
    """
    from alliancekit.cli.courses import by_client
    from alliancekit.scoring.rules import colour, silent_rules

    many = any(row.client for row in rows)
    infos = scales(host, instrument, scale)
    info = next(one for one in infos if (one.instrument, one.scale) == (instrument.name, scale.scale))
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


def scales(host: PluginHost, instrument: Instrument, scale: Score) -> tuple[ScaleInfo, ...]:
    """What the rules hear of the measure's scales: the one in the file is the main one, for both roles."""
    from dataclasses import replace

    infos = [
        replace(one, main=one.scale == scale.scale)
        for one in host.instruments.scales()
        if one.instrument == instrument.name
    ]
    if all(one.form == "client" for one in infos):
        infos += [replace(one, form="therapist", cut_off=None) for one in infos]
    return tuple(sorted(infos, key=lambda one: one.form))


def _host(*, group_sd: float | None = None) -> PluginHost:
    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.service import plugins_config

    config = plugins_config(load())
    if group_sd is not None:
        strain = {**config.settings.get("strain", {}), "group_sd": group_sd}
        config = config.model_copy(update={"settings": {**config.settings, "strain": strain}})
    host = PluginHost(config)
    host.load()
    return host


def _scale(instrument: Instrument, name: str) -> Score:
    """The scale's name and range, as a score without a value."""
    from alliancekit.errors import InstrumentError
    from alliancekit.instruments.catalogue import scales_of
    from alliancekit.scoring.scales import score

    wanted = name or next(info.scale for info in scales_of(instrument) if info.main)
    for one in score(instrument, {}):
        if one.scale == wanted:
            return one
    known = ", ".join(scale.name for scale in instrument.scales)
    raise InstrumentError(f"{instrument.name!r} has no scale {wanted!r}.", fix=f"It has: {known}.")


def _in_percent(sd: float, scale: Score) -> float:
    from alliancekit.errors import FormulaError

    width = scale.maximum - scale.minimum
    if not 0 < sd <= width:
        raise FormulaError(f"--group-sd must be above 0 and at most {width:g}, the width of the scale.")
    return 100 * sd / width


def _point(row: Row, instrument: Instrument, scale: Score) -> SeriesPoint:
    from alliancekit.events import SeriesPoint

    responses = [
        _response(row, instrument, scale, role, value)
        for role, value in _values(row)
        if value is not None or (role == "client" and row.answers)
    ]
    return SeriesPoint(
        session=str(row.session),
        number=row.session,
        at=float(row.session),
        attended=row.attended,
        responses=tuple(responses),
    )


def _values(row: Row) -> Iterator[tuple[Role, float | None]]:
    yield "client", row.score
    yield "therapist", row.therapist


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
        answers=row.answers if role == "client" else {},
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
