"""`alliancekit change`: how much a score must move to be a reliable change, and whether it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from alliancekit.cli.output import print_json

if TYPE_CHECKING:
    from alliancekit.instruments.model import Instrument, Scale

_GROUPS = "Cut-offs between two groups"


def change(
    sd: Annotated[
        float | None, typer.Option(help="Standard deviation of the scale in a reference group.")
    ] = None,
    reliability: Annotated[float | None, typer.Option(help="Reliability of the scale there, 0 to 1.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="An instrument whose published numbers are taken where not given.")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="Its scale; otherwise its total.")] = None,
    form: Annotated[
        Literal["client", "therapist"] | None, typer.Option(help="Who answered; client if both may.")
    ] = None,
    before: Annotated[float | None, typer.Option(help="The earlier score.")] = None,
    after: Annotated[float | None, typer.Option(help="The later score.")] = None,
    clinical_mean: Annotated[float | None, typer.Option(rich_help_panel=_GROUPS)] = None,
    clinical_sd: Annotated[float | None, typer.Option(rich_help_panel=_GROUPS)] = None,
    functional_mean: Annotated[float | None, typer.Option(rich_help_panel=_GROUPS)] = None,
    functional_sd: Annotated[float | None, typer.Option(rich_help_panel=_GROUPS)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; it always does.")] = False,
) -> None:
    """Reliable change after Jacobson & Truax (1991), as JSON.

    sem, sdiff and threshold from --sd and --reliability, or from what is published for --measure; rci,
    reliable and direction with --before and --after; the cut-offs a, b and c with the means and standard
    deviations of a clinical and a functional group. All numbers are in the units of the scale.
    """
    from alliancekit.scoring.change import cut_offs, precision, reliable_change

    del as_json
    _together({"--before": before, "--after": after})
    groups = {
        "--clinical-mean": clinical_mean,
        "--clinical-sd": clinical_sd,
        "--functional-mean": functional_mean,
        "--functional-sd": functional_sd,
    }
    _together(groups)
    printed: dict[str, Any] = {}
    higher_is: Literal["better", "worse", "neither"] = "neither"
    if measure is not None:
        from alliancekit.cli.chosen import instrument, scale_of

        chosen = instrument(measure, form)
        found = scale_of(chosen, scale)
        _in_range(chosen, found, before, after)
        higher_is = found.higher_is
        printed = {"measure": measure, "form": chosen.form, "scale": found.name}
        sd, reliability, printed["sources"] = _published(chosen, found, sd, reliability)
    elif scale is not None or form is not None:
        raise typer.BadParameter("--scale and --form need --measure.")
    if sd is None or reliability is None:
        raise typer.BadParameter("Give --sd and --reliability, or a --measure for which both are published.")
    exact = precision(sd, reliability)
    printed |= {"sd": sd, "reliability": reliability}
    printed |= {"sem": exact.sem, "sdiff": exact.sdiff, "threshold": exact.threshold}
    if before is not None and after is not None:
        moved = reliable_change(before, after, sd=sd, reliability=reliability)
        printed |= {"rci": moved.index, "reliable": moved.reliable}
        printed["direction"] = _direction(moved.index, higher_is)
    known = [each for each in groups.values() if each is not None]
    if known:
        borders = cut_offs(
            clinical_mean=known[0], clinical_sd=known[1], functional_mean=known[2], functional_sd=known[3]
        )
        printed |= {"a": borders.a, "b": borders.b, "c": borders.c}
    print_json(printed)


def _together(options: dict[str, float | None]) -> None:
    """Refuse a part of some options that only make sense together."""
    missing = [name for name, value in options.items() if value is None]
    if missing and len(missing) < len(options):
        raise typer.BadParameter(f"{', '.join(options)} belong together; missing: {', '.join(missing)}.")


def _published(
    instrument: Instrument, scale: Scale, sd: float | None, reliability: float | None
) -> tuple[float, float, dict[str, str]]:
    """Standard deviation and reliability, given or published, with where each comes from.

    Raises:
        InstrumentError: nothing is given and nothing exact is published.
    """
    from alliancekit.errors import InstrumentError

    norm = next((each for each in instrument.norms if each.scale == scale.name), None)
    known = [each for each in instrument.reliabilities if each.scale == scale.name]
    exact = next((each for each in known if not each.at_least), None)
    missing = {}
    if sd is None and norm is None:
        missing["--sd"] = "standard deviation"
    if reliability is None and exact is None:
        bound = f" (only that it is at least {known[0].value:g})" if known else ""
        missing["--reliability"] = f"reliability{bound}"
    if missing:
        raise InstrumentError(
            f"For the scale {scale.name!r} of {instrument.name!r} no published "
            f"{' and no published '.join(missing.values())} is known here.",
            fix=f"Give {' and '.join(missing)}, from a published reference group or from your own data: "
            "alliancekit measures reliability gives α. What is published, and what nobody could confirm: "
            f"alliancekit measures show {instrument.name}.",
        )
    sources = {"sd": "given", "reliability": "given"}
    if sd is None and norm is not None:
        sd = norm.sd
        sources["sd"] = f"{norm.source} ({norm.population}, N = {norm.n})"
    if reliability is None and exact is not None:
        reliability = exact.value
        sample = ", ".join(part for part in (exact.population, f"N = {exact.n}" if exact.n else "") if part)
        sources["reliability"] = f"{exact.coefficient}: {exact.source}" + (f" ({sample})" if sample else "")
    assert sd is not None
    assert reliability is not None
    return sd, reliability, sources


def _in_range(instrument: Instrument, scale: Scale, *values: float | None) -> None:
    """Refuse a score that the scale cannot have.

    Raises:
        FormulaError: a value lies outside the scale's range.
    """
    from alliancekit.errors import FormulaError
    from alliancekit.scoring.scales import score

    ends = next(each for each in score(instrument, {}) if each.scale == scale.name)
    if any(value is not None and not ends.minimum <= value <= ends.maximum for value in values):
        raise FormulaError(
            f"The scale {scale.name!r} of {instrument.name!r} goes from {ends.minimum:g} to "
            f"{ends.maximum:g}; a score given lies outside.",
            fix="Give scores in the published units.",
        )


def _direction(index: float, higher_is: Literal["better", "worse", "neither"]) -> str:
    """Where the score went: better or worse if the scale says which way is which, else higher or lower."""
    if index == 0:
        return "same"
    if higher_is == "neither":
        return "higher" if index > 0 else "lower"
    return "better" if (index > 0) == (higher_is == "better") else "worse"
