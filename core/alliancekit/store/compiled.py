"""Core statements compiled once per dialect and run on the driver's own connection.

For the path that every answer takes: SQLAlchemy's execution costs several times what SQLite itself needs for
a one-row statement. The statement still comes from the table definition that both dialects share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, Table, bindparam, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

Values = Mapping[str, object]
Insert = sqlite.Insert | postgresql.Insert


def insert_into(conn: Connection, table: Table) -> Insert:
    """Return the dialect's INSERT, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def insert_new(conn: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless a unique key is taken; True if it was inserted."""
    query = insert_into(conn, table).values(dict(values)).on_conflict_do_nothing()
    return conn.execute(query.returning(literal(1))).first() is not None


def insert_all(table: Table, *, without: str = "") -> Callable[[Connection], ClauseElement]:
    """Return a maker of an INSERT of every column but `without` (a counter that numbers itself)."""
    columns: dict[str, BindParameter[Any]] = {
        column.name: bindparam(column.name) for column in table.columns if column.name != without
    }
    return lambda conn: insert_into(conn, table).values(columns).inline()


class Prepared:
    """One statement whose parameters all have names.

    Args:
        make: builds the Core statement for the connection's dialect; called once per dialect. Every bound
            value is a `bindparam` with a name, and no column is left to a Python-side default.
    """

    def __init__(self, make: Callable[[Connection], ClauseElement]) -> None:
        self._make = make
        self._forms: dict[str, tuple[str, Callable[[Values], Any]]] = {}

    def run(self, conn: Connection, values: Values) -> Any:
        """Execute with one set of values and return the driver's cursor (`rowcount`, `fetchone`)."""
        sql, arrange = self._forms.get(conn.dialect.name) or self._compile(conn)
        try:
            return _driver(conn).execute(sql, arrange(values))
        except Exception as error:
            raise _wrapped(conn, sql, error) from error

    def run_many(self, conn: Connection, rows: Iterable[Values]) -> None:
        """Execute once for each set of values."""
        sql, arrange = self._forms.get(conn.dialect.name) or self._compile(conn)
        cursor = _driver(conn).cursor()
        try:
            cursor.executemany(sql, [arrange(row) for row in rows])
        except Exception as error:
            raise _wrapped(conn, sql, error) from error
        finally:
            cursor.close()

    def _compile(self, conn: Connection) -> tuple[str, Callable[[Values], Any]]:
        compiled = cast("Any", self._make(conn).compile(dialect=conn.dialect))
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        arrange: Callable[[Values], Any]
        if compiled.positional:
            names = compiled.positiontup
            pick = itemgetter(*names)
            if constants:
                arrange = lambda values: pick({**constants, **values})  # noqa: E731
            elif len(names) == 1:
                arrange = lambda values: (pick(values),)  # noqa: E731
            else:
                arrange = pick
        else:
            arrange = (lambda values: {**constants, **values}) if constants else (lambda values: values)
        form = (str(compiled), arrange)
        self._forms[conn.dialect.name] = form
        return form


def _driver(conn: Connection) -> Any:
    return conn.connection.driver_connection


def _wrapped(conn: Connection, sql: str, error: Exception) -> Exception:
    """Return a driver's error as SQLAlchemy's, as `Connection.execute` would have raised it."""
    dbapi = conn.dialect.loaded_dbapi
    if not isinstance(error, dbapi.Error):
        return error
    return DBAPIError.instance(
        sql,
        None,
        error,
        dbapi.Error,
        hide_parameters=True,
        connection_invalidated=False,
        dialect=conn.dialect,
    )
