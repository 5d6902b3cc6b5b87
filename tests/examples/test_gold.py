"""Every example in one file reaches gold."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliancekit.testing import check_plugin

EXAMPLES = (Path(__file__).parents[2] / "examples").glob("*.py")
FILES = sorted(one for one in EXAMPLES if "AllianceHooks" in one.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_reaches_gold(file: Path) -> None:
    report = check_plugin(file)
    assert report.rung == "gold", str(report)


def test_there_are_examples() -> None:
    assert {"narrative", "weather", "below_usual", "markdown_export"} <= {file.stem for file in FILES}
