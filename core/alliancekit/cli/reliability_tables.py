"""The tables that `alliancekit measures reliability` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from alliancekit.scoring.reliability import Reliability, ScaleReliability


def print_tables(head: dict[str, Any], found: Reliability) -> None:
    """Print scales, items, correlations and what could not be computed.

    Args:
        head: `measure`, `form`, and where the rows are `from`; `courses` if from the store.
        found: what there is to print.
    """
    from alliancekit.scoring.reliability import LEAST_ROWS

    console = Console()
    source = f"{head['from']}, {head['courses']} courses" if "courses" in head else head["from"]
    console.print(f"{head['measure']}, {head['form']} form: {found.rows:,} rows ({source})", highlight=False)
    if all("all" in scale.not_computed for scale in found.scales):
        most = max(scale.n for scale in found.scales)
        console.print(
            f"No numbers: reliability needs at least {LEAST_ROWS} rows that are complete in a scale; there "
            f"are at most {most}.",
            highlight=False,
        )
        return
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


def _table(title: str) -> Table:
    """An empty table that fits 80 columns."""
    return Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _add_columns(table: Table, first: str, *others: str) -> None:
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", overflow="fold")


def _print_scales(console: Console, found: Reliability) -> None:
    table = _table("Scales")
    table.caption = (
        "α: Cronbach's, with its 95 % interval. ω: McDonald's, from one common factor. Misfit: how far that "
        "factor misses the items' correlations; up to .08 is commonly called good. Floor and ceiling: rows "
        "at the lowest and highest possible value. Rows that lack an answer to a scale are left out there."
    )
    _add_columns(table, "scale", "items", "rows", "α", "95 %", "ω", "misfit", "floor", "ceiling")
    for each in found.scales:
        between = each.alpha_interval
        table.add_row(
            each.scale,
            str(len(each.items)),
            f"{each.n:,} of {found.rows:,}" if each.left_out else f"{each.n:,}",
            _number(each.alpha),
            f"{_number(between.low)} to {_number(between.high)}" if between else "",
            _number(each.omega),
            _number(each.srmr),
            _percent(each.floor),
            _percent(each.ceiling),
        )
    console.print(table)


def _print_items(console: Console, found: Reliability) -> None:
    table = _table("Items")
    table.caption = (
        "Reversed items are turned. Under a scale's name: the item's correlation with the sum of the scale's "
        "other items; a negative one often means an item that was entered the wrong way round."
    )
    scales = [each for each in found.scales if each.item_total]
    _add_columns(table, "item", "n", "mean", "SD", "floor", "ceiling", *(scale.scale for scale in scales))
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
