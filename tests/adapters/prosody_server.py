"""A real Prosody on loopback with `mod_alliancekit`, and people who join its rooms over XMPP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

from alliancekit.server.run import bind

PROSODY = shutil.which("prosody")
MODULES = Path(str(files("alliancekit_jitsi"))) / "prosody"
TEST_MODULES = Path(__file__).parent / "prosody"
MUC = "conference.localhost"

CONFIG = """
run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
plugin_paths = {{ "{modules}", "{test_modules}" }}
interfaces = {{ "127.0.0.1" }}
local_interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {xmpp} }}
http_ports = {{ {http} }}
https_ports = {{ }}
http_interfaces = {{ "127.0.0.1" }}
c2s_require_encryption = false
modules_enabled = {{ "saslauth", "disco", "presence", "message", "iq" }}
modules_disabled = {{ "s2s", "tls" }}
log = {{ {{ levels = {{ min = "debug" }}, to = "file", filename = "{folder}/prosody.log" }} }}
VirtualHost "localhost"
    authentication = "anonymous"
    modules_enabled = {{ "test_identity" }}
Component "{muc}" "muc"
    modules_enabled = {{ "alliancekit", "test_jitsi" }}
    muc_room_locking = false
    http_host = "127.0.0.1"
    alliancekit_url = "{url}"
    alliancekit_secret = "{secret}"
    alliancekit_first_pause = 0.2
    alliancekit_longest_pause = 1
    alliancekit_most_waiting = {most}
Component "breakout.localhost" "muc"
    modules_enabled = {{ "alliancekit", "test_jitsi" }}
    muc_room_locking = false
    alliancekit_url = "{url}"
    alliancekit_secret = "{secret}"
    alliancekit_main_muc = "{muc}"
"""


@dataclass
class Prosody:
    """A running Prosody.

    Attributes:
        xmpp: its port for people.
        http: its port for messages.
        log: everything it says.
    """

    xmpp: int
    http: int
    log: Path
    people: list[Person] = field(default_factory=list)

    async def person(self, identity: str) -> Person:
        """Somebody who is connected, with this id in their JWT; gone with the server at the latest."""
        self.people.append(await Person(identity).connect(self.xmpp))
        return self.people[-1]

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


@contextlib.asynccontextmanager
async def prosody(folder: Path, url: str, secret: str, *, most: int = 5000) -> AsyncIterator[Prosody]:
    """Start one, and end it by its process."""
    assert PROSODY, "the tests need Prosody: apt-get install --no-install-recommends prosody"
    xmpp, http = free_port(), free_port()
    config = folder / "prosody.cfg.lua"
    config.write_text(
        CONFIG.format(
            folder=folder,
            modules=MODULES,
            test_modules=TEST_MODULES,
            xmpp=xmpp,
            http=http,
            muc=MUC,
            url=url,
            secret=secret,
            most=most,
        )
    )
    process = await asyncio.create_subprocess_exec(
        PROSODY,
        "-F",
        "--config",
        str(config),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    found = Prosody(xmpp, http, folder / "prosody.log")
    try:
        async with asyncio.timeout(30):
            while not await listening(xmpp):
                assert process.returncode is None, found.said()
                await asyncio.sleep(0.1)
        yield found
    finally:
        for one in found.people:
            await one.drop()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def free_port() -> int:
    with bind("127.0.0.1", 0) as sock:
        return int(sock.getsockname()[1])


async def listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


class Person:
    """Somebody's XMPP connection: anonymous, as Jitsi's pages are.

    Attributes:
        messages: the text of every JSON message that came.
    """

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.messages: list[str] = []
        self.presences: list[ElementTree.Element] = []
        self._stanzas: asyncio.Queue[ElementTree.Element] = asyncio.Queue()
        self._parser = ElementTree.XMLPullParser(("start", "end"))
        self._depth = 0
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, port: int) -> Person:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        await self._open()
        await self._write("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        assert (await self._next()).tag.endswith("success")
        await self._open()
        resource = f"<resource>{self.identity}</resource>"
        await self._write(
            f"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{resource}</bind></iq>"
        )
        assert (await self._next()).get("type") == "result"
        self._reading = asyncio.create_task(self._read())
        return self

    async def join(self, room: str, nick: str, muc_host: str = MUC) -> None:
        """Join, and wait until the room has said so."""
        address = f"{room}@{muc_host}/{nick}"
        muc = "<x xmlns='http://jabber.org/protocol/muc'/>"
        await self._write(f"<presence to='{address}'>{muc}</presence>")
        async with asyncio.timeout(20):
            while not any(one.get("from") == address for one in self.presences):  # noqa: ASYNC110 - read elsewhere
                await asyncio.sleep(0.01)

    async def kick(self, room: str, nick: str) -> None:
        """Send somebody out; the first in a room may."""
        item = (
            f"<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{nick}' role='none'/></query>"
        )
        await self._write(f"<iq type='set' id='k' to='{room}@{MUC}'>{item}</iq>")

    async def leave(self, room: str, nick: str) -> None:
        await self._write(f"<presence type='unavailable' to='{room}@{MUC}/{nick}'/>")

    async def close(self) -> None:
        """End the stream as a page does that is closed in peace."""
        await self._write("</stream:stream>")
        await self._end()

    async def drop(self) -> None:
        """The network is gone."""
        assert self._writer is not None
        self._writer.transport.abort()
        await self._end()

    async def _end(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        assert self._writer is not None
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _open(self) -> None:
        self._parser, self._depth = ElementTree.XMLPullParser(("start", "end")), 0
        await self._write(
            "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        assert (await self._next()).tag.endswith("features")

    async def _write(self, text: str) -> None:
        assert self._writer is not None
        self._writer.write(text.encode())
        await self._writer.drain()

    async def _next(self) -> ElementTree.Element:
        async with asyncio.timeout(20):
            while self._stanzas.empty():
                await self._feed()
            return self._stanzas.get_nowait()

    async def _feed(self) -> None:
        data = await self._reader.read(65536)
        if not data:
            raise ConnectionError("Prosody closed the stream")
        self._parser.feed(data)
        for kind, element in self._parser.read_events():
            self._depth += 1 if kind == "start" else -1
            if kind == "end" and self._depth == 1:
                self._stanzas.put_nowait(element)

    async def _read(self) -> None:
        while True:
            while self._stanzas.empty():
                try:
                    await self._feed()
                except ConnectionError:
                    return
            element = self._stanzas.get_nowait()
            if element.tag.endswith("}presence"):
                self.presences.append(element)
            for child in element:
                if child.tag == "{http://jitsi.org/jitmeet}json-message":
                    self.messages.append(child.text or "")
