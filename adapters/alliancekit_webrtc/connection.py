"""One participant's side connection: a data channel, and an incoming audio track that may be listened to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Protocol

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import SessionDescription

from alliancekit.adapters import Caller
from alliancekit.events import Moment, Participant
from alliancekit_webrtc import messages
from alliancekit_webrtc.loopback import loopback_only
from alliancekit_webrtc.observing import Ear
from alliancekit_webrtc.traffic import Traffic

MAX_CANDIDATES = 32
"""ICE candidates taken from an offer."""

MAX_LINES = 64
"""Codecs, header extensions or sources that a section of an offer may name; a browser's has a dozen."""

MAX_MESSAGES = 64
"""Messages taken from a page between two pings."""

MAX_CHANNELS = 4
"""Data channels that a page may open; all but the first are closed again."""

NO_SERVERS = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
"""aiortc asks a public STUN server unless it is given an empty list."""


class Owner(Protocol):
    """Who hears of a connection's life; all calls are in the event loop and must not block."""

    def opened(self, connection: SideConnection) -> None:
        """The data channel is open."""

    def said(self, connection: SideConnection, message: messages.FromPage) -> None:
        """The page sent a message that is not a pong."""

    def lost(self, connection: SideConnection, *, flood: bool = False) -> None:
        """The connection broke, or the page sends more than it has reason for."""


class SideConnection:
    """The service's end of one side connection.

    Args:
        caller: whose connection it is.
        consent: whether the participant agreed to be observed.
        clock: seconds since 1970 UTC.
        owner: who is told.

    Raises:
        ValueError: the caller is no participant.
    """

    def __init__(self, caller: Caller, *, consent: bool, clock: Callable[[], float], owner: Owner) -> None:
        if caller.participant is None:
            raise ValueError("a side connection belongs to a participant")
        self.id = f"webrtc-{uuid.uuid4().hex[:12]}"
        self.tenant = caller.tenant
        self.session = caller.session
        self.participant: Participant = caller.participant
        self.consent = consent
        self.ear = Ear(clock)
        self.made_at = clock()
        self.opened_at = 0.0
        self.seen_at = 0.0
        self.presence_told_at = 0.0
        self.unanswered = 0
        self.traffic = Traffic(clock)
        self._channels = 0
        self._shown: dict[str, bool] = {}
        self.channel: RTCDataChannel | None = None
        self._messages = 0
        self._pings = 0
        self._clock = clock
        self._owner = owner
        self._drain: asyncio.Task[None] | None = None
        self._peer = RTCPeerConnection(NO_SERVERS)

    async def answer(self, sdp: str, *, loopback: bool) -> RTCSessionDescription:
        """Take the page's offer and gather our own addresses; no STUN server is ever asked.

        Raises:
            ValueError: the offer is not one audio section and one data-channel section with a codec,
                addresses and a fingerprint that can be used.
        """
        description = acceptable(sdp)
        peer = self._peer
        peer.on("datachannel", self._on_channel)
        peer.on("connectionstatechange", self._on_state)
        transceiver = peer.addTransceiver("audio", direction="recvonly")
        known = RTCRtpReceiver.getCapabilities("audio")
        transceiver.setCodecPreferences(
            [codec for codec in (known.codecs if known else ()) if codec.mimeType == "audio/opus"]
        )
        self.ear.attach(transceiver.receiver)
        try:
            await peer.setRemoteDescription(RTCSessionDescription(sdp=str(description), type="offer"))
            answer = await peer.createAnswer()
            with loopback_only(loopback):
                await peer.setLocalDescription(answer)
        except Exception as error:
            # aiortc raises many types, KeyError and AssertionError among them, for what it cannot use.
            raise ValueError(f"the description cannot be used ({type(error).__name__})") from error
        return peer.localDescription

    def send(self, **message: object) -> bool:
        """Send a message to the page; return whether the data channel took it."""
        if self.channel is None or self.channel.readyState != "open":
            return False
        try:
            self.channel.send(messages.write(**message))
        except InvalidStateError:
            return False
        return True

    async def floods(self) -> bool:
        """Whether more comes from the page than it has reason for; counts what came since the last time."""
        return await self.traffic.count(self._peer)

    def ping(self) -> None:
        """Ask the page for a sign of life."""
        self._messages = 0
        self._pings += 1
        self.unanswered += 1
        self.send(type="ping", n=self._pings)

    def show(self, prompt: str, moment: Moment) -> bool:
        """Tell the page of a prompt; return whether the data channel took it."""
        if not self.send(type="prompt", prompt=prompt, moment=moment):
            return False
        self._shown.setdefault(prompt, False)
        return True

    def withdraw(self, prompt: str) -> None:
        """Take a prompt back, if this page was told of it."""
        if prompt in self._shown:
            self.send(type="withdraw", prompt=prompt)

    def acknowledge(self, prompt: str) -> bool:
        """Note that the page has the prompt; return whether that is news, of a prompt it was told of."""
        if self._shown.get(prompt, True):
            return False
        self._shown[prompt] = True
        return True

    async def close(self) -> None:
        """Close everything; may be called twice."""
        self._peer.remove_all_listeners()
        if self.channel is not None:
            self.channel.remove_all_listeners()
        await self._peer.close()
        if self._drain is not None:
            self._drain.cancel()
            await asyncio.gather(self._drain, return_exceptions=True)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        self._channels += 1
        if self._channels > MAX_CHANNELS:
            self._on_flood()
        if self.channel is not None or channel.label != messages.LABEL:
            channel.close()
            return
        self.channel = channel
        receiver = self._peer.getReceivers()[0]
        self._drain = asyncio.create_task(self.ear.drain(receiver.track))
        self.opened_at = self.seen_at = self._clock()
        channel.on("message", self._on_message)
        channel.on("close", self._on_broken)
        self._owner.opened(self)

    def _on_message(self, text: str | bytes) -> None:
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            self._on_flood()
            return
        try:
            message = messages.read(text)
        except ValueError:
            return
        self.unanswered = 0
        self.seen_at = self._clock()
        if not isinstance(message, messages.Pong):
            self._owner.said(self, message)

    def _on_state(self) -> None:
        if self._peer.connectionState in ("failed", "closed"):
            self._on_broken()

    def _on_broken(self) -> None:
        self._owner.lost(self)

    def _on_flood(self) -> None:
        self._owner.lost(self, flood=True)


def acceptable(sdp: str) -> SessionDescription:
    """Parse an offer; drop the addresses that need multicast DNS or are too many.

    A page whose addresses are all hidden behind multicast DNS is reached all the same: its own connectivity
    checks tell where it is.

    Raises:
        ValueError: it does not have exactly one audio and one data-channel section on one transport, each
            with what a connection needs.
    """
    if sdp.count("\nm=") != 2:
        raise ValueError("the description must have one audio and one data-channel section")
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:
        # The parser indexes and converts without checks: IndexError, KeyError and more.
        raise ValueError(f"the description cannot be read ({type(error).__name__})") from error
    if sorted(media.kind for media in description.media) != ["application", "audio"]:
        raise ValueError("the description must have one audio and one data-channel section")
    mids = [media.rtp.muxId for media in description.media]
    if not any(group.semantic == "BUNDLE" and group.items == mids for group in description.group):
        raise ValueError("both sections must share one transport (a=group:BUNDLE)")
    for media in description.media:
        if max(len(media.rtp.codecs), len(media.rtp.headerExtensions), len(media.ssrc)) > MAX_LINES:
            raise ValueError(f"a section names more than {MAX_LINES} codecs, header extensions or sources")
        if media.dtls is None or not media.dtls.fingerprints:
            raise ValueError("a section has no fingerprint")
        if media.ice is None or not (media.ice.usernameFragment and media.ice.password):
            raise ValueError("a section has no ICE user name or password")
        if media.rtcp_mux and media.rtcp_port is None:
            # aiortc writes a=rtcp-mux only together with a=rtcp, which browsers may leave out (RFC 8843).
            media.rtcp_port = 9
        plain = [c for c in media.ice_candidates if not c.ip.endswith(".local")]
        if len(plain) < len(media.ice_candidates):
            media.ice_candidates_complete = False
        media.ice_candidates = plain[:MAX_CANDIDATES]
    return description
