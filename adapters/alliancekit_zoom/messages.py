"""The messages of Zoom's Realtime Media Streams that we need. Pure: no network, no clock.

Sources: developers.zoom.us, "RTMS event reference", "Media parameter definitions" and "Failover and
reconnection"; github.com/zoom/rtms-samples @3019ff56 (`RTMS_CONNECTION_FLOW.md`), @55f8851b
(`MEDIA_PARAMETERS.md`), @2fb24e04 (`rtms_api/reconnection_and_chaos_mode_js/README.md`) and @06de0a25
(`library/python/rtms_manager`: status codes, `session_id` of the Video SDK).
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final
from urllib.parse import urlsplit

from alliancekit.fields import inside, needed, text
from alliancekit.signatures import digest


class Kind(IntEnum):
    """`msg_type`."""

    SIGNALING_HAND_SHAKE_REQ = 1
    SIGNALING_HAND_SHAKE_RESP = 2
    DATA_HAND_SHAKE_REQ = 3
    DATA_HAND_SHAKE_RESP = 4
    EVENT_UPDATE = 6
    CLIENT_READY_ACK = 7
    STREAM_STATE_UPDATE = 8
    KEEP_ALIVE_REQ = 12
    KEEP_ALIVE_RESP = 13
    MEDIA_DATA_AUDIO = 14


MEDIA_CONNECTION_INTERRUPTED: Final = 7
"""`event_type` of an event update: the media connection broke, this one holds."""

INTERRUPTED: Final = 2
TERMINATED: Final = 4
"""`state` of a stream state update."""

DATA_CONNECTION_INTERRUPTED: Final = 14
"""`reason` of a stream state update: the same as the event."""

EXISTS_STILL: Final = frozenset({8, 15, 16})
"""Status codes that say that Zoom has not noticed yet that the connection before is gone: duplicate
signalling request, duplicate media connection. Everything else but 0 is final (3: invalid signature)."""

AUDIO: Final[Mapping[str, int]] = {
    "content_type": 2,  # raw audio
    "sample_rate": 1,  # 16 kHz
    "channel": 1,  # mono
    "codec": 1,  # L16; little-endian, as the published sample of a packet shows
    "data_opt": 2,  # a stream for each participant
    "send_rate": 20,  # milliseconds
}

MEDIA_TYPE_AUDIO: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A stream that Zoom offers: `meeting.rtms_started`, `session.rtms_started`.

    Attributes:
        field: what the instance is called in messages: `meeting_uuid`, or `session_id` in the Video SDK.
        instance: the room's instance.
        stream: Zoom's id of the stream.
        address: of the signalling server; empty where a message does not repeat it.
    """

    field: str
    instance: str
    stream: str
    address: str


def offer_of(content: Mapping[str, Any]) -> Offer:
    """What a webhook about a stream says.

    The event reference has the fields in `payload`, the samples' description in `payload.object`.

    Raises:
        Rejected: `malformed`.
    """
    payload = inside(content, "payload")
    about = payload if "rtms_stream_id" in payload else inside(payload, "object")
    field = "session_id" if text(content, "event").startswith("session.") else "meeting_uuid"
    return Offer(
        field=field,
        instance=needed(about, field),
        stream=needed(about, "rtms_stream_id"),
        address=text(about, "server_urls"),
    )


def signature(client_id: str, client_secret: str, offer: Offer) -> str:
    """What proves that the connection is the app's: hexadecimal HMAC-SHA256."""
    return digest(client_secret.encode(), f"{client_id},{offer.instance},{offer.stream}".encode()).hex()


def signalling_handshake(offer: Offer, signed: str) -> str:
    """The first message to the signalling server."""
    return json.dumps(
        {
            "msg_type": Kind.SIGNALING_HAND_SHAKE_REQ,
            "protocol_version": 1,
            offer.field: offer.instance,
            "rtms_stream_id": offer.stream,
            "sequence": secrets.randbelow(10**9),
            "signature": signed,
        }
    )


def media_handshake(offer: Offer, signed: str) -> str:
    """The first message to the media server: each participant's audio, nothing else."""
    return json.dumps(
        {
            "msg_type": Kind.DATA_HAND_SHAKE_REQ,
            "protocol_version": 1,
            offer.field: offer.instance,
            "rtms_stream_id": offer.stream,
            "signature": signed,
            "media_type": MEDIA_TYPE_AUDIO,
            "payload_encryption": False,
            "media_params": {"audio": AUDIO},
        }
    )


def ready(offer: Offer) -> str:
    """To the signalling server, once the media server has agreed: it may send."""
    return json.dumps({"msg_type": Kind.CLIENT_READY_ACK, "rtms_stream_id": offer.stream})


def alive(request: Mapping[str, Any]) -> str:
    """The answer to a keep-alive request, with its timestamp."""
    return json.dumps({"msg_type": Kind.KEEP_ALIVE_RESP, "timestamp": request.get("timestamp")})


def read(message: str | bytes) -> Mapping[str, Any]:
    """A message's JSON object; an empty one for everything else."""
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def status_of(message: Mapping[str, Any]) -> int:
    """The status code of a handshake's answer; 0 is success, −1 none at all."""
    status = message.get("status_code")
    return status if isinstance(status, int) and not isinstance(status, bool) else -1


def media_address(message: Mapping[str, Any]) -> str:
    """The media server for audio; empty when there is none to be had."""
    server = message.get("media_server")
    addresses = server.get("server_urls") if isinstance(server, dict) else None
    if not isinstance(addresses, dict):
        return ""
    found = addresses.get("audio") or addresses.get("all")
    return found if isinstance(found, str) else ""


def lost_its_media(message: Mapping[str, Any]) -> bool:
    """Whether the signalling server says that the media connection broke."""
    if message.get("msg_type") == Kind.EVENT_UPDATE:
        event = message.get("event")
        return isinstance(event, dict) and event.get("event_type") == MEDIA_CONNECTION_INTERRUPTED
    return (
        message.get("msg_type") == Kind.STREAM_STATE_UPDATE
        and message.get("state") == INTERRUPTED
        and message.get("reason") == DATA_CONNECTION_INTERRUPTED
    )


def is_over(message: Mapping[str, Any]) -> bool:
    """Whether the signalling server says that the stream is over."""
    return message.get("msg_type") == Kind.STREAM_STATE_UPDATE and message.get("state") == TERMINATED


@dataclass(frozen=True, slots=True)
class Audio:
    """One person's packet.

    Attributes:
        user: the meeting's id of the participant (`user_id`).
        milliseconds: when, on Zoom's clock; None where it does not say.
        samples: 16 bit, little-endian, mono, 16 kHz.
    """

    user: str
    milliseconds: int | None
    samples: bytes


def audio_of(message: Mapping[str, Any]) -> Audio | None:
    """The audio in a message; None when it has none that can be read. Names in it are left unread."""
    content = message.get("content")
    if message.get("msg_type") != Kind.MEDIA_DATA_AUDIO or not isinstance(content, dict):
        return None
    user, data, at = content.get("user_id"), content.get("data"), content.get("timestamp")
    if isinstance(user, bool) or not isinstance(user, int | str) or not isinstance(data, str):
        return None
    try:
        samples = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    said = isinstance(at, int) and not isinstance(at, bool) and at >= 0
    return Audio(str(user), at if said else None, samples[: len(samples) // 2 * 2])


def may_be_called(address: str) -> bool:
    """Whether an address may be connected to: TLS everywhere but on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "wss" or (parts.scheme == "ws" and host in {"127.0.0.1", "::1"}))
