from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from alliancekit.errors import ConfigError, StoreBusyError
from alliancekit.store.database import open_database
from alliancekit.store.migrate import current, head, is_at_head, upgrade
from alliancekit.store.tables import metadata


def test_an_empty_database_becomes_the_declared_schema(empty_url: str) -> None:
    assert current(empty_url) is None
    assert not is_at_head(empty_url)
    upgrade(empty_url)
    assert current(empty_url) == head()
    assert is_at_head(empty_url)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        declared = {table.name: set(table.primary_key.columns.keys()) for table in metadata.sorted_tables}
        made = {
            name: set(inspect(connection).get_pk_constraint(name)["constrained_columns"]) for name in declared
        }
    engine.dispose()
    assert made == declared


def test_the_comparison_sees_a_missing_column(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE prompt DROP COLUMN postponed_until")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [change[0] for change in compare_metadata(context, metadata)] == ["add_column"]
    engine.dispose()


def test_upgrading_again_changes_nothing(url: str) -> None:
    upgrade(url)
    assert is_at_head(url)


@pytest.mark.parametrize("bad", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "not a url"])
def test_other_databases_are_refused_without_showing_the_url(bad: str) -> None:
    with pytest.raises(ConfigError, match="Use sqlite:") as refused:
        upgrade(bad)
    assert bad not in str(refused.value) or bad == "sqlite://"


async def test_sqlite_is_not_upgraded_under_a_running_service(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('db')}/a.db"
    upgrade(url)
    database = open_database(url)
    with pytest.raises(StoreBusyError):
        upgrade(url)
    await database.close()
    upgrade(url)
