"""Fixtures of the store: each test runs on every dialect, on a migrated database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alliancekit.store.database import Database, open_database
from alliancekit.store.migrate import upgrade
from tests.postgres import Server, available_dialects, new_database


@pytest.fixture(params=available_dialects())
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if dialect == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "test.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_server(postgres_server: Server) -> Server:
    with postgres_server.connect() as connection:
        connection.execute("CREATE DATABASE migrated")
    upgrade(postgres_server.url("migrated"))
    return postgres_server


@pytest.fixture
def url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database: a copy of one that was migrated before."""
    if dialect == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "test.db")
        return f"sqlite:///{tmp_path}/test.db"
    return new_database(request.getfixturevalue("migrated_server"), template="migrated")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url)
    yield opened
    await opened.close()
