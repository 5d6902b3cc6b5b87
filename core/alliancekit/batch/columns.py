"""Which column of a file holds which item."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alliancekit.errors import TableError
from alliancekit.instruments.model import Instrument

_NUMBERED = re.compile(r"(?P<stem>.*?)_?0*(?P<number>\d{1,5})")


@dataclass(frozen=True, slots=True)
class _Match:
    """Columns that are named in one way: item id → column."""

    naming: str
    found: Mapping[str, str]


def match_columns(instrument: Instrument, columns: Sequence[str]) -> dict[str, str]:
    """The column of each item, as item id → column name, in the instrument's order.

    A file may name them `item1` … `itemN`, `1` … `N`, `NAME_1` … `NAME_N` after the instrument, or by the
    instrument's own item ids; upper and lower case, `-`, `_` and blanks are alike, and `item01` is `item1`.

    Raises:
        TableError: no naming is complete, more than one is, two columns mean the same item, or the numbers go
            on behind the instrument's last item.
    """
    matches = _matches(instrument, columns)
    complete = [match for match in matches if len(match.found) == len(instrument.items)]
    if len({tuple(sorted(match.found.items())) for match in complete}) > 1:
        ways = " and also as ".join(match.naming for match in complete)
        raise TableError(
            f"The columns hold all items of {instrument.name!r} as {ways}.",
            fix="Leave out or rename the ones that are not to be scored.",
        )
    if complete:
        return {item.id: complete[0].found[item.id] for item in instrument.items}
    best = max(matches, key=lambda match: len(match.found))
    expected = f"Expected are {' or '.join(match.naming for match in matches)}."
    if not best.found:
        shown = ", ".join(repr(name[:40]) for name in columns[:10]) + (", …" if len(columns) > 10 else "")
        raise TableError(
            f"No column holds an item of {instrument.name!r}; the columns are {shown}.", fix=expected
        )
    missing = [
        f"{number} ({item.id})"
        for number, item in enumerate(instrument.items, start=1)
        if item.id not in best.found
    ]
    raise TableError(
        f"Only {len(best.found)} of the {len(instrument.items)} items of {instrument.name!r} have a column; "
        f"there is none for item {', '.join(missing[:10])}{', …' if len(missing) > 10 else ''}.",
        fix=expected,
    )


def _matches(instrument: Instrument, columns: Sequence[str]) -> list[_Match]:
    """What is found in each way of naming."""
    count = len(instrument.items)
    ids = {_plain(item.id): item.id for item in instrument.items}
    by_id: dict[str, list[str]] = {}
    numbered: dict[str, dict[int, list[str]]] = {"item": {}, "": {}, _plain(instrument.name): {}}
    for column in columns:
        plain = _plain(column)
        if plain in ids:
            by_id.setdefault(ids[plain], []).append(column)
        parts = _NUMBERED.fullmatch(plain)
        if parts is not None and parts["stem"] in numbered:
            numbered[parts["stem"]].setdefault(int(parts["number"]), []).append(column)
    matches = []
    for stem, found in numbered.items():
        shown = f"{instrument.name.upper()}_" if stem not in {"item", ""} else stem
        naming = f"{shown}1 … {shown}{count}"
        if len(found) >= count and (beyond := sorted(number for number in found if number > count)):
            column = found[beyond[0]][0]
            raise TableError(
                f"The column {column!r} goes on behind the {count} items of {instrument.name!r}.",
                fix="Is it the right measure? If so, rename or leave out columns that are no items of it.",
            )
        by_item = {item.id: found[n] for n, item in enumerate(instrument.items, start=1) if n in found}
        matches.append(_Match(naming, _single(by_item)))
    return [*matches, _Match(f"the item ids ({_some(list(ids.values()))})", _single(by_id))]


def _single(found: Mapping[str, list[str]]) -> dict[str, str]:
    """Item id → its column; two columns for one item are refused."""
    for item, columns in found.items():
        if len(columns) > 1:
            raise TableError(
                f"The columns {' and '.join(map(repr, columns))} both mean the item {item!r}.",
                fix="Leave out or rename one of them.",
            )
    return {item: columns[0] for item, columns in found.items()}


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "_", name.strip().lower())


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]}, … {names[-1]}"
