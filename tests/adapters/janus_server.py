"""A real Janus for the tests: its own configuration, loopback only, ended by its process id."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

SHIM = Path(__file__).with_name("janus_loopback.c")
LIBRARIES = sorted(Path("/usr/lib").glob("*-linux-gnu*/janus"))

JANUS = """
general: {{
    configs_folder = "{folder}"
    api_secret = "{secret}"
    session_timeout = 20
    reclaim_session_timeout = {reclaim}
    event_loops = 1
}}
nat: {{ ice_enforce_list = "127.0.0.1" }}
media: {{ ipv6 = false }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
events: {{ broadcast = {events}, disable = "{handlers}" }}
"""
WEBSOCKETS = """
general: {{ ws = true, ws_port = {port}, ws_ip = "127.0.0.1", json = "compact" }}
"""
VIDEOROOM = """
general: {{ string_ids = true, admin_key = "{admin}", lock_rtp_forward = true }}
room-visit-1: {{
    description = "Visit 1", secret = "{room}", pin = "{pin}", publishers = 6, notify_joining = {notify},
    audiolevel_event = true, audio_active_packets = 10, audio_level_average = 45
}}
"""
TEXTROOM = """
general: {{ string_ids = true }}
"""
SAMPLEEVH = """
general: {{
    enabled = {events}, events = "plugins", grouping = true, json = "compact",
    backend = "{backend}", backend_user = "janus", backend_pwd = "{password}"
}}
"""

SECRET, ADMIN, ROOM_SECRET, PIN = "api-secret", "admin-key", "room-secret", "room-pin"
PASSWORD = "event-password"
ROOM = "visit-1"


def free_port() -> int:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def unused(kind: str, *used: str) -> str:
    """The file names of everything of a kind that the tests do not need."""
    found = {path.name for folder in LIBRARIES for path in (folder / kind).glob("*.so")}
    return ",".join(sorted(found - {f"libjanus_{name}.so" for name in used}))


class JanusServer:
    """One Janus that can be killed and started again with the same configuration.

    Args:
        folder: for its configuration and its log.
        backend: where its event handler posts; empty: nowhere.
        reclaim: seconds for which it keeps a session whose connection broke.
        notify_joining: whether it tells of people who do not publish.
    """

    def __init__(
        self, folder: Path, *, backend: str = "", reclaim: int = 0, notify_joining: bool = False
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._shim = folder / "janus_loopback.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self._shim, SHIM, "-ldl"], check=True)
        values: Mapping[str, object] = {
            "folder": folder,
            "port": self.port,
            "secret": SECRET,
            "admin": ADMIN,
            "room": ROOM_SECRET,
            "pin": PIN,
            "password": PASSWORD,
            "reclaim": reclaim,
            "plugins": unused("plugins", "videoroom", "textroom"),
            "transports": unused("transports", "websockets"),
            "handlers": unused("events", "sampleevh"),
            "backend": backend or "http://127.0.0.1:9/",
            "events": "true" if backend else "false",
            "notify": "true" if notify_joining else "false",
        }
        for name, text in {
            "janus": JANUS,
            "janus.transport.websockets": WEBSOCKETS,
            "janus.plugin.videoroom": VIDEOROOM,
            "janus.plugin.textroom": TEXTROOM,
            "janus.eventhandler.sampleevh": SAMPLEEVH,
        }.items():
            (folder / f"{name}.jcfg").write_text(text.format(**values))

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self._folder / "janus.log").read_text(errors="replace")

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._process = self._run()
        async with asyncio.timeout(60):
            while True:
                assert self._process.poll() is None, self.log
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def _run(self) -> subprocess.Popen[bytes]:
        with (self._folder / "janus.log").open("ab") as log:
            return subprocess.Popen(
                ["janus", "-F", str(self._folder), "--disable-colors"],
                env={**os.environ, "LD_PRELOAD": str(self._shim)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            self._process = None


@asynccontextmanager
async def janus(folder: Path, **options: object) -> AsyncIterator[JanusServer]:
    server = JanusServer(folder, **options)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.kill()
