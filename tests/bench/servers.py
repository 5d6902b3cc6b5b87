"""The servers that are measured, each in a process of its own with the service's uvicorn settings."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import multiprocessing
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Column, Float, MetaData, String, Table, event, insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from alliancekit.config import Settings, load
from alliancekit.live import LiveHub
from alliancekit.server import run
from alliancekit.server.app import create_app
from alliancekit.server.schemas import ResponseIn, ResponseStored
from alliancekit.service import Service
from tests.bench.people import ISSUER, KEY

OUTPUT = Path(__file__).parents[1] / "output"
PATH = "/v1/responses"
PUSH_PATH = "/v1/adapters/push/events"
TAP_TOKEN = "bench-tap-token-0123456789"
PUSH_SECRET = "whsec_" + base64.b64encode(b"bench-secret-of-32-bytes-01234567").decode()


@dataclass(frozen=True)
class Server:
    """A running server process."""

    port: int
    pid: int
    control: Connection

    def cpu(self) -> float:
        """Seconds of processor time that the process has used, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes resident after a collection of garbage."""
        self.control.send("collect")
        self.control.recv()
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def settings(directory: Path, **plugins: Any) -> Settings:
    """The service's settings: the defaults without the webrtc adapter, and `plugins` of the caller's."""
    os.environ["ALLIANCEKIT_BENCH_KEY"] = KEY
    return load(
        data_dir=directory,
        issuer=ISSUER,
        signing_keys=[{"kid": "bench", "env": "ALLIANCEKIT_BENCH_KEY"}],
        plugins={"disabled": ["webrtc"], **plugins},
    )


def push_settings(directory: Path) -> Settings:
    """The same, with the adapter that takes signed messages of a vendor's own system."""
    os.environ["BENCH_PUSH_SECRET"] = PUSH_SECRET
    secrets = {"secrets": [{"env": "BENCH_PUSH_SECRET"}]}
    return settings(directory, also=["push"], settings={"push": secrets})


def jitsi_settings(directory: Path) -> Settings:
    """The same with the Jitsi adapter, which takes a bridge's audio."""
    os.environ["ALLIANCEKIT_BENCH_TAP"] = TAP_TOKEN
    os.environ["BENCH_PUSH_SECRET"] = PUSH_SECRET
    table = {
        "tap_tokens": [{"env": "ALLIANCEKIT_BENCH_TAP"}],
        "signing_secrets": [{"env": "BENCH_PUSH_SECRET"}],
    }
    return settings(directory, also=["jitsi"], settings={"jitsi": table})


def product(directory: str) -> Any:
    """AllianceKit with everything on."""
    return _service(settings(Path(directory)))


def push(directory: str) -> Any:
    """AllianceKit with everything on, and the adapter that takes signed messages."""
    return _service(push_settings(Path(directory)))


def jitsi(directory: str) -> Any:
    """AllianceKit with everything on, and Jitsi."""
    return _service(jitsi_settings(Path(directory)))


def pcm(directory: str) -> Any:
    """AllianceKit with everything on, and a platform that dials in with samples."""
    from tests.bench.pcm_platform import Pcm

    return _service(settings(Path(directory)), extra=[("pcm", Pcm())])


def _service(chosen: Settings, **options: Any) -> Any:
    service = Service(chosen, **options)
    app = create_app(service, base_url="http://127.0.0.1")
    app.live = service.live  # type: ignore[attr-defined]
    return app


def without_database(directory: str) -> FastAPI:
    """FastAPI with a pydantic body and nothing to store."""
    app = FastAPI()

    @app.post(PATH, status_code=201)
    async def respond(body: ResponseIn) -> ResponseStored:
        return ResponseStored(prompt=body.prompt, responses=["rsp_" + secrets.token_urlsafe(16)])

    return app


def row_pool(directory: str) -> FastAPI:
    """FastAPI that stores one row through async SQLAlchemy with its default pool."""
    return _row_only(directory, "pool")


def row_one_connection(directory: str) -> FastAPI:
    """The same with one connection that requests take in turn."""
    return _row_only(directory, "one", poolclass=StaticPool)


def _row_only(directory: str, name: str, **options: Any) -> FastAPI:
    engine = create_async_engine(f"sqlite+aiosqlite:///{directory}/{name}.db", **options)
    names = ("id", "prompt", "visibility", "answers")
    row = Table("response", MetaData(), *(Column(one, String, primary_key=one == "id") for one in names))
    row.append_column(Column("at", Float))

    @event.listens_for(engine.sync_engine, "connect")
    def configure(driver: Any, record: object) -> None:
        driver.execute("PRAGMA journal_mode=WAL")
        driver.execute("PRAGMA synchronous=FULL")

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with engine.begin() as connection:
            await connection.run_sync(row.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    turn: Any = asyncio.Lock() if options else contextlib.nullcontext()

    @app.post(PATH, status_code=201)
    async def respond(body: ResponseIn) -> ResponseStored:
        new = "rsp_" + secrets.token_urlsafe(16)
        values = {"id": new, "prompt": body.prompt, "visibility": body.visibility, "at": time.time()}
        async with turn, engine.begin() as connection:
            await connection.execute(insert(row).values(**values, answers=body.model_dump_json()))
        return ResponseStored(prompt=body.prompt, responses=[new])

    return app


class _Announced(uvicorn.Server):
    """Says through the pipe that it serves; collects garbage and sends hints when asked."""

    control: Connection

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        run.tune_process()
        asyncio.get_running_loop().add_reader(self.control.fileno(), self._asked)
        self.control.send(None)

    def _asked(self) -> None:
        try:
            asked = self.control.recv()
        except EOFError:  # the bench is gone
            asyncio.get_running_loop().remove_reader(self.control.fileno())
            self.should_exit = True
            return
        if asked == "collect":
            gc.collect()
            self.control.send(None)
        else:
            self._hint(asked[1])

    def _hint(self, participant: str) -> None:
        hub: LiveHub = self.config.app.live  # type: ignore[union-attr]
        hub.hint([("participant", participant)], {"type": "prompt", "sent": time.monotonic()})


def _serve(kind: str, directory: str, control: Connection) -> None:
    sock = run.bind("127.0.0.1", 0)
    server = _Announced(run.server_config(globals()[kind](directory)))
    server.control = control
    control.send(sock.getsockname()[1])
    server.run(sockets=[sock])


@contextlib.contextmanager
def running(kind: str, directory: str) -> Iterator[Server]:
    """Run one of the applications above in a process of its own while the block runs."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(kind, directory, theirs))
    process.start()
    theirs.close()
    try:
        port = ours.recv()
        ours.recv()
        assert process.pid is not None
        yield Server(port, process.pid, ours)
    finally:
        process.terminate()
        process.join(30)
