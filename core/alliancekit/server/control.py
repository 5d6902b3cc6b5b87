"""The operator's commands while the service runs: a Unix socket in the data directory.

SQLite is for one process, so `alliancekit tenants|keys|users` ask the running service to do it; with
PostgreSQL, or where no service runs, they open the database themselves. `perform` decides.

The socket is for the service's own user: mode 0600, and the kernel names the peer's user (SO_PEERCRED), which
has to be the same one or root. A connection carries one line of JSON each way: `{"do": …, "with": {…}}`, then
`{"done": …}` or `{"refused": …, "fix": …}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from alliancekit.accounts import accounts_of
from alliancekit.config import Settings
from alliancekit.errors import AllianceKitError, StoreBusyError, StoreError
from alliancekit.server.operator import Operator
from alliancekit.server.tokens import tokens_of
from alliancekit.service import prepared_database
from alliancekit.store import migrate
from alliancekit.store.database import open_database

log = logging.getLogger("alliancekit.server")

NAME: Final = "control.sock"

LONGEST_LINE: Final = 64 * 1024
"""Bytes of a request."""

ASKING_SECONDS: Final = 10.0
"""How long a request may take to arrive."""

ANSWER_SECONDS: Final = 60.0
"""How long a command waits for the service's answer."""

LONGEST_ADDRESS: Final = 100
"""Bytes of a path that a Unix socket's address can hold, a little less than any system allows."""


class ControlSocket:
    """The service's side.

    Args:
        data_dir: where the socket is made.
        operator: does what is asked.
    """

    def __init__(self, data_dir: Path, operator: Operator) -> None:
        self._folder = data_dir
        self._operator = operator
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; what a service that was killed left there is replaced.

        Only who holds the database's lock may call this: it makes sure that no other service listens here.
        Where no socket can be made the service runs without, and says so.
        """
        try:
            listening = _listening(self._folder)
        except OSError as error:
            log.warning(
                "the operator's commands cannot reach this service: no socket in the data directory (%s)",
                error.strerror,
            )
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LONGEST_LINE)

    async def close(self) -> None:
        """Stop listening and take the socket away."""
        if self._server is None:
            return
        self._server.close()
        with contextlib.suppress(FileNotFoundError):
            (self._folder / NAME).unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not may_ask(writer.get_extra_info("socket")):
                log.warning("somebody of another user asked for an operator's command and was refused")
                return
            async with asyncio.timeout(ASKING_SECONDS):
                line = await reader.readline()
            if line:
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ValueError, OSError) as error:
            log.info("an operator's command ended early: %s", type(error).__name__)
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            what, given = str(request["do"]), dict(request["with"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"refused": "The request cannot be read.", "fix": ""}
        try:
            return {"done": await self._operator.do(what, given)}
        except AllianceKitError as error:
            return {"refused": error.message, "fix": error.fix}
        except Exception as error:
            log.error("the operator's command %r failed: %s", what[:64], type(error).__name__)
            return {
                "refused": f"The service could not do it ({type(error).__name__}).",
                "fix": "Look at its log.",
            }


def may_ask(peer: Any) -> bool:
    """Whether the other side of a connection runs as this process's user or as root.

    Where the system does not name the peer's user, the socket's mode alone decides.
    """
    return user_of(peer) in {None, 0, os.geteuid()}


def user_of(peer: Any) -> int | None:
    """The user id of the process at the other side; None where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = struct.Struct("3i")  # pid, uid, gid
    found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return int(credentials.unpack(found)[1])


async def perform(settings: Settings, what: str, **given: Any) -> Any:
    """Do one of the operator's operations, in the running service or with the database itself.

    Raises:
        RefusedError: it cannot be done; nothing was changed.
        StoreError: the database cannot be used.
        ConfigError: the settings cannot be used.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    url = settings.database().get_secret_value()
    if settings.on_one_machine():
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return await asyncio.to_thread(ask, settings.data_dir, what, wanted)
    if (at := migrate.current(url)) is not None and at != migrate.head():
        raise StoreError(
            f"The database is at revision {at}, this release needs {migrate.head()}; nothing was done.",
            fix="Run `alliancekit db upgrade`, or restart the service, which does the same.",
        )
    try:
        database = open_database(url) if at is not None else await prepared_database(settings)
    except StoreBusyError as error:
        raise StoreBusyError(
            error.message, fix="It starts or stops, or has another data_dir; try again in a moment."
        ) from None
    try:
        held = accounts_of(settings, database, time.time)
        operator = Operator(database, held, lambda: tokens_of(settings), settings.base_url(), time.time)
        return await operator.do(what, wanted)
    finally:
        await database.close()


def ask(data_dir: Path, what: str, given: Mapping[str, Any]) -> Any:
    """Have the running service do an operation.

    Raises:
        FileNotFoundError: no service runs with this data directory.
        ConnectionRefusedError: one was killed and left its socket.
        AllianceKitError: the service refused, or does not answer.
    """
    with _address(data_dir) as address, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(address)
            connection.sendall(json.dumps({"do": what, "with": given}).encode() + b"\n")
            with connection.makefile("rb") as file:
                line = file.readline()
        except (FileNotFoundError, ConnectionRefusedError):
            raise
        except OSError as error:
            raise AllianceKitError(
                f"The running service cannot be asked ({error.strerror or type(error).__name__}).",
                fix="Run this as the user that the service runs as.",
            ) from None
    try:
        answer = json.loads(line)
    except ValueError:
        raise AllianceKitError(
            "The running service did not answer; what became of the command is not known.",
            fix="Look at the service's log, and list before you try again.",
        ) from None
    if "done" in answer:
        return answer["done"]
    raise AllianceKitError(str(answer.get("refused", "")), fix=str(answer.get("fix", "")))


def _listening(folder: Path) -> socket.socket:
    """A listening socket that nobody could connect to before it had its mode."""
    path = folder / NAME
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    made = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(made.fileno(), 0o600)
        with _address(folder) as address:
            made.bind(address)
        path.chmod(0o600)
        made.listen(8)
    except BaseException:
        made.close()
        raise
    return made


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's address; where the path is too long for one, by way of the open directory (Linux)."""
    path = str(folder / NAME)
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield path
        return
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{NAME}"
    finally:
        os.close(directory)
