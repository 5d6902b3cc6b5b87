"""Which column holds which item: every naming, and what is refused rather than guessed."""

from __future__ import annotations

import pytest

from alliancekit.batch.columns import match_columns
from alliancekit.errors import TableError
from tests.batch.instruments import BIPOLAR, LINES


@pytest.mark.parametrize(
    "columns",
    [
        ["item1", "item2", "item3", "item4"],
        ["1", "2", "3", "4"],
        ["LINES_1", "LINES_2", "LINES_3", "LINES_4"],
        ["Item 01", "ITEM-2", "item_3", " item4"],
        ["lines1", "lines 2", "Lines-3", "lines_04"],
    ],
)
def test_every_way_of_naming(columns: list[str]) -> None:
    found = match_columns(LINES, ["client", *reversed(columns), "remark"])
    assert list(found.items()) == list(zip((f"item{n}" for n in range(1, 5)), columns, strict=True))


def test_the_items_own_ids() -> None:
    assert match_columns(BIPOLAR, ["C", "a", "date", "b"]) == {"a": "a", "b": "b", "c": "C"}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (["item1", "Item_1", "item2", "item3", "item4"], "'item1' and 'Item_1' both mean the item 'item1'"),
        (["1", "01", "2", "3", "4"], "'1' and '01' both mean the item 'item1'"),
        (
            ["1", "2", "3", "4", "item1", "item2", "item3", "item4"],
            "hold all items of 'lines' as item1 … item4 and also as 1 … 4",
        ),
        (["1", "2", "3", "4", "5"], "'5' goes on behind the 4 items"),
        (
            ["item1", "item2", "item4"],
            "Only 3 of the 4 items of 'lines' have a column; there is none for item 3",
        ),
        (["name", "mood"], "No column holds an item of 'lines'; the columns are 'name', 'mood'"),
        ([f"mood{n}" for n in range(30)], "'mood9', …"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(columns: list[str], says: str) -> None:
    with pytest.raises(TableError) as refused:
        match_columns(LINES, columns)
    assert says in str(refused.value)
    assert refused.value.fix


def test_a_part_of_another_naming_is_passed_over() -> None:
    columns = ["1", "2", "item1", "item2", "item3", "item4"]
    assert set(match_columns(LINES, columns).values()) == {"item1", "item2", "item3", "item4"}
