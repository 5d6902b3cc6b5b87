"""The table of figures: what was measured, against which yardstick of the same run, with which aim."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
HEADINGS = ("What", "Figure", "Yardstick of the same run", "Ratio", "Aim", "Met")


@dataclass(frozen=True)
class Figure:
    """One line; `met` is None for a figure without an aim."""

    name: str
    figure: str
    yardstick: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The line's cells, in the order of the headings."""
        met = {None: "", True: "yes", False: "no"}[self.met]
        return self.name, self.figure, self.yardstick, self.ratio, self.aim, met


def markdown(figures: Sequence[Figure]) -> str:
    """A Markdown table with aligned columns, the date and the machine."""
    lines = [HEADINGS, *(one.cells() for one in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    rows = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    load = f"load average of the last 15 minutes {os.getloadavg()[2]:.1f}"
    return "\n".join([*rows, "", f"Measured on {today}, {machine}, {load}, by `make bench`."])


def write(table: str, readme: Path = README) -> None:
    """Put the table between the markers of the README, or append both.

    Raises:
        ValueError: only one of the markers is there.
    """
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text and END not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has only one of the markers {BEGIN} and {END}.")
    readme.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
