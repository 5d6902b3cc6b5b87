"""Back up a database while it is used, and restore it: one file, checked before it counts.

SQLite: `VACUUM INTO` writes one consistent file beside the running service (copying the file and its `-wal`
one after the other does not, https://sqlite.org/howtocorrupt.html). PostgreSQL: its own `pg_dump` and
`pg_restore`, in the custom format.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL

from alliancekit.errors import StoreError
from alliancekit.store import check
from alliancekit.store.base import parse_url
from alliancekit.store.sqlite import FileLock, sqlite_path

_SQLITE: Final = b"SQLite format 3\x00"
_POSTGRES: Final = b"PGDMP"


def backup(url: str, target: Path) -> None:
    """Write a backup of the database to a new file that only this user can read.

    The service may run meanwhile; what is committed when the backup begins is in it, whole.

    Raises:
        ConfigError: the URL is not understood.
        StoreError: the target exists, the database cannot be read, or what was written is damaged; then there
            is no target.
    """
    parsed = parse_url(url)
    if target.exists():
        raise StoreError(f"{target} exists; a backup replaces nothing.", fix="Name a new file.")
    with _beside(target) as written:
        if parsed.get_backend_name() == "sqlite":
            _vacuum_into(sqlite_path(parsed), written)
        else:
            _run("pg_dump", parsed, "--format=custom", "--no-owner", "--no-privileges", f"--file={written}")
        _refuse_damaged(written)
        written.chmod(0o600)
        _to_disk(written)
        written.rename(target)
    _to_disk(target.parent)


def restore(source: Path, url: str) -> Path | None:
    """Put a backup where the database of this URL is; the service has to be stopped.

    SQLite: a database that is there is kept, under another name. PostgreSQL: the database must be empty.

    Returns:
        Where the former SQLite database is now; None where there was none.

    Raises:
        ConfigError: the URL is not understood.
        StoreBusyError: a process uses the SQLite file.
        StoreError: the backup is damaged, of another kind or of a later release, or the place is not empty;
            nothing was changed.
    """
    parsed = parse_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    kind = kind_of(source)
    if kind != ("sqlite" if sqlite else "postgresql"):
        raise StoreError(
            f"{source} is a backup of {kind}, and the configured database is not; nothing was changed.",
            fix="Set database_url to a database of the same kind.",
        )
    _refuse_damaged(source)
    if sqlite:
        return _restore_file(source, sqlite_path(parsed))
    if check.is_ours(url):
        raise StoreError(
            "The PostgreSQL database holds AllianceKit's tables already; nothing was changed.",
            fix="Create an empty database and set database_url to it.",
        )
    _run("pg_restore", parsed, "--single-transaction", "--exit-on-error", "--no-owner", str(source))
    return None


def kind_of(source: Path) -> str:
    """Which database a backup is of: `sqlite` or `postgresql`.

    Raises:
        StoreError: it cannot be read, or is no backup.
    """
    try:
        with source.open("rb") as file:
            first = file.read(len(_SQLITE))
    except OSError as error:
        raise StoreError(f"{source} cannot be read ({error.strerror}).") from None
    if first == _SQLITE:
        return "sqlite"
    if first.startswith(_POSTGRES):
        return "postgresql"
    raise StoreError(f"{source} is no backup of AllianceKit.", fix="Make one: alliancekit db backup FILE")


def check_backup(source: Path) -> check.Findings:
    """Look into a backup; one of PostgreSQL is read to its end, what its rows say shows after a restore.

    Raises:
        StoreError: it is no backup.
    """
    if kind_of(source) == "sqlite":
        return check.check(f"sqlite:///{source.absolute()}")
    try:
        _run("pg_restore", None, "--file=/dev/null", str(source))
    except StoreError as error:
        return check.Findings(revision=None, tables={}, problems=(error.message,))
    return check.Findings(revision=None, tables={}, problems=())


def _refuse_damaged(source: Path) -> None:
    problems = check_backup(source).problems
    if problems:
        raise StoreError(
            f"{source.name} is damaged: {problems[0]}", fix="`alliancekit db verify` lists everything."
        )


def _vacuum_into(database: Path, target: Path) -> None:
    if not database.exists():
        raise StoreError(f"There is no database at {database}.", fix="Check data_dir and database_url.")
    address = f"file:{quote(str(database.absolute()))}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "") or type(error).__name__
        raise StoreError(f"The database could not be copied ({code}).", fix="Is there room?") from None


def _restore_file(source: Path, target: Path) -> Path | None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(target)
    try:
        with _beside(target) as written:
            try:
                shutil.copyfile(source, written)
            except OSError as error:
                raise StoreError(f"{source} could not be copied ({error.strerror}).") from None
            written.chmod(0o600)
            _to_disk(written)
            former = _set_aside(target)
            written.rename(target)
        _to_disk(target.parent)
    finally:
        lock.release()
    return former


def _set_aside(target: Path) -> Path | None:
    """Rename a database with what belongs to it, so that a mistaken restore can be undone."""
    if not target.exists():
        return None
    number = 1
    while (former := target.with_name(f"{target.name}.before-restore-{number}")).exists():
        number += 1
    target.rename(former)
    for ending in ("-wal", "-shm"):
        beside = target.with_name(target.name + ending)
        if beside.exists():
            beside.rename(former.with_name(former.name + ending))
    return former


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name in the same directory that is gone afterwards, unless it was renamed."""
    written = target.with_name(f".{target.name}.{os.getpid()}.part")
    written.unlink(missing_ok=True)
    try:
        yield written
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            written.with_name(written.name + ending).unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password goes by its environment, never by the command line."""
    environment = dict(os.environ)
    command = [program]
    if url is not None:
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None)
        command.append(f"--dbname={plain.render_as_string(hide_password=False)}")
    try:
        done = subprocess.run(  # noqa: S603 - one of two programs
            [*command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise StoreError(
            f"{program} is not installed on this machine.",
            fix="Install PostgreSQL's client programs (Debian: postgresql-client), of the server's version.",
        ) from None
    if done.returncode != 0:
        # What the program prints may quote a row.
        raise StoreError(
            f"{program} failed (exit code {done.returncode}).",
            fix=f"Run it by hand to see why: {program} {' '.join(arguments)}",
        )
