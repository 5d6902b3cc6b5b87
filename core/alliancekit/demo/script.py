"""The scripted call: two people made of code hold a real WebRTC call and answer as pages would.

Everything they do goes over the network of this machine: the call peer to peer, prompts over the live channel
and the side connection, answers over the HTTP API.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import connect

from alliancekit.demo.peers import RECORDINGS, CallPeer
from alliancekit.demo.vendor import Vendor
from alliancekit.errors import AllianceKitError

PULSE_AFTER = 4.0
"""Seconds into the call at which the client is asked for a pulse."""

PATIENCE = 20.0
"""Seconds to wait for a prompt or a result before the demo says what is missing."""

ANSWERS: Mapping[str, tuple[int, ...]] = {
    "client": (3, 2, 3, 3, 4, 3, 3, 4, 2, 3),
    "therapist": (3, 3, 3, 2, 4, 3),
}
"""What the two answer, item by item, over and over: option numbers from the lowest."""

Progress = Callable[[float, str], None]
"""Called with the share done (0–1) and what is happening."""


class ScriptError(AllianceKitError):
    """The scripted call did not get through; the message says at which step."""


@dataclass
class Player:
    """One participant: a peer in the call and a page that answers."""

    role: str
    token: str
    peer: CallPeer
    http: httpx.AsyncClient
    live_url: str
    hints: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def offer_side(self, body: dict[str, Any]) -> dict[str, Any]:
        """Open the side connection, as the page's script does."""
        reply = await self.http.post("/v1/plugins/webrtc/offer", json=body, headers=self._headers())
        reply.raise_for_status()
        answer: dict[str, Any] = reply.json()
        return answer

    async def listen(self) -> None:
        """Stay on the live channel and collect its hints; runs until cancelled."""
        async with connect(self.live_url, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": self.token, "seq": 0}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "prompt":
                    await socket.send(json.dumps({"type": "ack", "prompt": message["prompt"]}))
                self.hints.put_nowait(message)

    async def answer(self, moment: str) -> None:
        """Wait for the prompt of a moment, then answer it over HTTP.

        Raises:
            ScriptError: no prompt came, or the answer was refused.
        """
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    hint = await self.hints.get()
            except TimeoutError:
                raise ScriptError(f"The {self.role} was not asked for the {moment} feedback.") from None
            if hint.get("type") == "prompt" and hint.get("moment") == moment:
                break
        current = await self.http.get("/v1/prompts/current", headers=self._headers())
        prompt = current.raise_for_status().json()["prompt"]
        body: dict[str, Any] = {"prompt": prompt["id"], "answers": self._chosen(prompt)}
        if prompt["visibility"] is not None:
            body["visibility"] = prompt["visibility"]["default"]
        headers = {**self._headers(), "Idempotency-Key": str(uuid.uuid4())}
        reply = await self.http.post("/v1/responses", json=body, headers=headers)
        if reply.status_code != 201:
            raise ScriptError(f"The {self.role}'s answer was refused with status {reply.status_code}.")

    def _chosen(self, prompt: Mapping[str, Any]) -> dict[str, dict[str, int]]:
        choice = ANSWERS[self.role]
        chosen: dict[str, dict[str, int]] = {}
        for instrument in prompt["instruments"]:
            values = {}
            for number, item in enumerate(instrument["items"]):
                wanted = choice[number % len(choice)]
                if item["kind"] == "choice":
                    options = item["options"]
                    values[item["id"]] = options[min(wanted, len(options) - 1)]["value"]
                else:
                    values[item["id"]] = item["minimum"] + (item["maximum"] - item["minimum"]) * wanted // 4
            chosen[instrument["name"]] = values
        return chosen


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the scripted call left behind: the service's own words about it."""

    session: dict[str, Any]
    point: dict[str, Any]
    rtp_packets: int


async def play(vendor: Vendor, url: str, progress: Progress) -> Played:
    """Hold the scripted call and answer its prompts.

    Args:
        vendor: the product whose call it is.
        url: the service's base URL.
        progress: told how far it is.

    Raises:
        ScriptError: a step did not happen in time.
    """
    created = await vendor.create_session(f"scripted-{uuid.uuid4().hex[:12]}")
    live_url = url.replace("http", "ws", 1) + "/v1/live"
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as http:
        players = {
            p["role"]: Player(
                p["role"], p["token"], CallPeer(RECORDINGS / f"{p['role']}.ogg"), http, live_url
            )
            for p in created["participants"]
        }
        tasks = [asyncio.create_task(player.listen()) for player in players.values()]
        try:
            packets = await _call(vendor, created["id"], players, progress)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(player.peer.close() for player in players.values()))
    progress(0.97, "Waiting for scores and guidance")
    point = await _settled(vendor, created["episode"], created["id"])
    progress(1.0, "Done")
    return Played(session=await vendor.session(created["id"]), point=point, rtp_packets=packets)


async def _call(vendor: Vendor, session: str, players: Mapping[str, Player], progress: Progress) -> int:
    client, therapist = players["client"], players["therapist"]
    progress(0.02, "Connecting the two peers")
    await therapist.peer.call(client.peer.answer)
    for player in players.values():
        await player.peer.connect_side(player.offer_side)
    deadline = time.monotonic() + PATIENCE
    while not (client.peer.observed and therapist.peer.observed):
        if time.monotonic() > deadline:
            raise ScriptError("The service did not begin to observe who speaks.")
        await asyncio.sleep(0.05)
    speaking: list[asyncio.Task[Any]] = [
        asyncio.create_task(player.peer.play()) for player in players.values()
    ]
    try:
        pulse = asyncio.create_task(client.answer("in_call"))
        speaking.append(asyncio.create_task(_ask_pulse(vendor, session)))
        began, length = time.monotonic(), client.peer.seconds
        while (gone := time.monotonic() - began) < length:
            heard = "answered the pulse" if pulse.done() else "talking"
            progress(0.05 + 0.85 * gone / length, f"The call: client and therapist {heard}")
            await asyncio.sleep(0.1)
        await asyncio.gather(*speaking, pulse)
    except BaseException:
        for task in speaking:
            task.cancel()
        raise
    packets = min([await player.peer.packets_received() for player in players.values()])
    if packets == 0:
        raise ScriptError("No audio went through the call.")
    for player in players.values():
        await player.peer.leave()
    await vendor.end_session(session)
    progress(0.92, "The call has ended; both are asked for the check-in")
    await asyncio.gather(*(player.answer("end_of_call") for player in players.values()))
    return packets


async def _ask_pulse(vendor: Vendor, session: str) -> None:
    await asyncio.sleep(PULSE_AFTER)
    await vendor.ask_pulse(session)


async def _settled(vendor: Vendor, episode: str, session: str) -> dict[str, Any]:
    """The session's place in its series, once everything that follows an answer has happened."""
    deadline = time.monotonic() + PATIENCE
    while True:
        points = (await vendor.episode(episode))["sessions"]
        point: dict[str, Any] = next(p for p in points if p["id"] == session)
        if point["settled"]:
            return point
        if time.monotonic() > deadline:
            raise ScriptError("The results were not computed in time.", fix="The service's log says why.")
        await asyncio.sleep(0.1)
