"""UPGRADING.md names every migration, and a release does not start on the database of a later one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from alliancekit.errors import StoreError
from alliancekit.store.migrate import upgrade

CORE = Path(__file__).parents[1] / "core"
PAGE = (CORE / "UPGRADING.md").read_text(encoding="utf-8")


def test_every_migration_is_in_the_notes_and_every_release_has_some() -> None:
    versions = CORE / "alliancekit" / "store" / "migrations" / "versions"
    assert re.findall(r"^\| `(\d{4}_\w+)` \|", PAGE, re.MULTILINE) == sorted(
        path.stem for path in versions.glob("[0-9]*.py")
    )
    changes = (CORE.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+)\.\d+\]", changes, re.MULTILINE)
    assert set(re.findall(r"^## (\d+\.\d+)$", PAGE, re.MULTILINE)) == set(released)


def test_a_database_of_a_later_release_is_left_alone_and_said(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="later release"):
        upgrade(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
    engine.dispose()
