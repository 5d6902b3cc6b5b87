"""A real PostgreSQL for the tests: Debian's binaries, a temporary directory, a Unix socket, no network.

A pytest plugin. `postgres_server` starts one server a test process and stops it by its process id;
`postgres_url` gives each test an empty database of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

_numbers = count(1)


@dataclass(frozen=True)
class Server:
    directory: Path
    user: str

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.directory}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.directory), user=self.user, dbname=database, autocommit=True)


def binaries() -> Path | None:
    """The newest installed PostgreSQL; None without one, which is a failure where CI is set."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    if os.environ.get("CI"):
        raise pytest.UsageError("PostgreSQL is not installed: apt-get install postgresql")
    return None


def available_dialects() -> list[str]:
    """The dialects that the store's tests run on."""
    return ["sqlite", "postgresql"] if binaries() else ["sqlite"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    path = binaries()
    assert path is not None
    directory = Path(tempfile.mkdtemp(prefix="akpg-"))
    user = "postgres"
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env"]
        shutil.chown(directory, "postgres", "postgres")
    data = directory / "data"
    initdb = [*as_user, path / "initdb", "-D", data, "-U", user, "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C"], check=True, capture_output=True, cwd="/")
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={directory}", "-c", "fsync=off"]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [*as_user, path / "postgres", "-D", data, *options, "-c", "max_connections=60"],
            stdout=log,
            stderr=log,
            cwd="/",
        )
    try:
        made = Server(directory, user)
        _wait(made, server, directory / "log")
        yield made
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: open connections are ended
        server.wait(30)
        shutil.rmtree(directory)


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"PostgreSQL did not start: {log.read_text()}")


def new_database(server: Server, *, template: str = "template1") -> str:
    """Make a database and return its URL; it goes with the server at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return server.url(name)


@pytest.fixture
def postgres_url(postgres_server: Server) -> str:
    """An empty database."""
    return new_database(postgres_server)
