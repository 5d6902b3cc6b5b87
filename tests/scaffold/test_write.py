"""All files or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliancekit.errors import ScaffoldError
from alliancekit.scaffold import write

FILES = {"README.md": b"# It\n", "src/it/__init__.py": b""}


def test_everything_is_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write(FILES, tmp_path / "new" / "it")
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {f"new/it/{name}" for name in FILES}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["it"]


def test_a_failure_halfway_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError):
        write(FILES | {"src": b"a file where a folder is"}, tmp_path / "above" / "it")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaffoldError, match=r"cannot be written.*--into"):
        write(FILES, tmp_path / "file" / "it")


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "mine.txt").write_text("mine")
    with pytest.raises(ScaffoldError):
        write(FILES, tmp_path / "it")
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "mine.txt"]
