"""The tables that `alliancekit measures reliability` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from alliancekit.scoring.reliability import Reliability, ScaleReliability


def print_tables(head: dict[str, Any], found: Reliability) -> None:
    """Print scales, items, correlations and what could not be computed; `head` says where the rows are from."""
    console = Console()
    source = f"{head['from']}, {head['courses']} courses" if "courses" in head else head["from"]
    console.print(f"{head['measure']}, {head['form']} form: {found.rows:,} rows ({source})", highlight=False)
    _print_scales(console, found)
    _print_items(console, found)
    for each in found.correlations:
        one, other = each.scales
        shown = f"r = {_number(each.r)} (n = {each.n})" if each.r is not None else each.why
        console.print(f"{one} and {other}: {shown}", highlight=False, markup=False)
    for scale in found.scales:
        for name, why in scale.not_computed.items():
            what = scale.scale if name == "all" else f"{scale.scale}, no {name.replace('_', ' ')}"
            console.print(f"{what}: {why}", highlight=False, markup=False)


def _print_scales(console: Console, found: Reliability) -> None:
    table = Table(title="Scales", title_justify="left", caption_justify="left")
    table.caption = (
        "α: Cronbach's, with its 95 % interval. ω: McDonald's, from one common factor. Misfit: how far that "
        "factor misses the items' correlations; up to .08 is commonly called good. Floor and ceiling: rows at "
        "the lowest and highest possible value. Left out: rows that lack an answer to the scale."
    )
    for title in ("scale", "items", "rows", "left out", "α", "95 %", "ω", "misfit", "floor", "ceiling"):
        table.add_column(title, justify="left" if title == "scale" else "right", no_wrap=True)
    for each in found.scales:
        between = each.alpha_interval
        table.add_row(
            each.scale,
            str(len(each.items)),
            f"{each.n:,}",
            f"{each.left_out:,}",
            _number(each.alpha),
            f"{_number(between.low)} to {_number(between.high)}" if between else "",
            _number(each.omega),
            _number(each.srmr),
            _percent(each.floor),
            _percent(each.ceiling),
        )
    console.print(table)


def _print_items(console: Console, found: Reliability) -> None:
    table = Table(title="Items", title_justify="left", caption_justify="left")
    table.caption = (
        "Reversed items are turned. Under a scale's name: the item's correlation with the sum of the scale's "
        "other items; a negative one often means an item that was entered the wrong way round."
    )
    scales = [each for each in found.scales if each.item_total]
    for title in ("item", "n", "mean", "SD", "floor", "ceiling"):
        table.add_column(title, justify="left" if title == "item" else "right", no_wrap=True)
    for scale in scales:
        table.add_column(scale.scale, justify="right")
    for each in found.items:
        table.add_row(
            each.item,
            f"{each.n:,}",
            "–" if each.mean is None else f"{each.mean:.2f}",
            "–" if each.sd is None else f"{each.sd:.2f}",
            _percent(each.floor),
            _percent(each.ceiling),
            *(_in_scale(scale, each.item) for scale in scales),
        )
    console.print(table)


def _in_scale(scale: ScaleReliability, item: str) -> str:
    """The item's correlation with the rest of the scale; empty where the scale does not hold it."""
    known = scale.item_total or {}
    return _number(known[item]) if item in known else ""


def _number(value: float | None) -> str:
    """A coefficient with two decimals, without the leading 0; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"
