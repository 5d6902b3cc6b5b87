"""What a site may set for the Janus adapter."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class JanusSettings(BaseModel):
    """The adapter's table in the configuration; times in seconds.

    Attributes:
        url: the WebSocket address of the Janus API, such as `wss://janus.example:8989`; empty where only the
            event handler's posts are taken.
        api_secret: Janus's `api_secret`, where it has one.
        token: a stored or signed token, where Janus wants one (`token_auth`).
        admin_key: the VideoRoom's `admin_key`, needed for `listen = "audio"` where `lock_rtp_forward` is on.
        room_secrets: a room's `secret` by its name, `*` for all others; needed for `listen = "audio"`.
        room_pins: a room's `pin` by its name, `*` for all others; of VideoRooms and TextRooms.
        string_ids: whether the plugins' `string_ids` is on, which lets ids of yours be Janus's.
        identity: where the page puts the participant's id: into `id` when it joins the VideoRoom, where
            anything from a `~` on only tells one page load from another; or into `display`, which is then
            never a name.
        listen: how it is known who speaks: from Janus's own `talking` events (rooms with
            `audiolevel_event`), from the audio, or not at all.
        talking_seconds: how long Janus listens before it says so: the rooms' `audio_active_packets` × 0.02.
        tap_address: our address that Janus forwards audio to, unencrypted.
        tap_port: the UDP port for it; 0 takes a free one.
        tap_insecure: allow a `tap_address` that is neither this machine nor a private network.
        prompts: bring prompts into the call over the TextRoom of the same name, which is made where it is
            missing.
        secrets: `user:password` that the event handler sends (`backend_user`, `backend_pwd`); the old and the
            new one while they are rotated.
        poll_seconds: how often each room that is in use is listed.
        report_seconds: how often speech is told.
        keepalive_seconds: how often the session is kept alive; Janus ends it after `session_timeout`, 60.
        answer_seconds: how long Janus may take to answer.
        return_seconds: how long after a restart of Janus an empty room may only mean that people are not
            back yet.
        longest_pause: the longest pause between two attempts to connect.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    api_secret: SecretStr | None = None
    token: SecretStr | None = None
    admin_key: SecretStr | None = None
    room_secrets: Mapping[str, SecretStr] = Field(default_factory=dict)
    room_pins: Mapping[str, SecretStr] = Field(default_factory=dict)
    string_ids: bool = True
    identity: Literal["id", "display"] = "id"
    listen: Literal["talking", "audio", "no"] = "talking"
    talking_seconds: float = Field(default=2.0, gt=0, le=60)
    tap_address: str = "127.0.0.1"
    tap_port: int = Field(default=0, ge=0, le=65535)
    tap_insecure: bool = False
    prompts: bool = True
    secrets: tuple[SecretStr, ...] = ()
    poll_seconds: float = Field(default=3.0, gt=0)
    report_seconds: float = Field(default=3.0, gt=0)
    keepalive_seconds: float = Field(default=20.0, gt=0, le=30)
    answer_seconds: float = Field(default=10.0, gt=0)
    return_seconds: float = Field(default=30.0, ge=0)
    longest_pause: float = Field(default=30.0, gt=0)

    @field_validator("url")
    @classmethod
    def _is_websocket(cls, value: str) -> str:
        if value and not re.fullmatch(r"wss?://[^/@\s]+(/\S*)?", value):
            raise ValueError("must begin with ws:// or wss:// and name a host, without a password")
        return value

    @model_validator(mode="after")
    def _audio_stays_near(self) -> Self:
        address = ipaddress.ip_address(self.tap_address)
        if address.is_unspecified:
            raise ValueError("tap_address must be the one address that Janus forwards to, not all of them")
        near = address.is_loopback or address.is_private or address.is_link_local
        if not (near or self.tap_insecure):
            raise ValueError(
                "tap_address is public, and Janus forwards audio unencrypted: use this machine or a private"
                " network, or set tap_insecure"
            )
        return self

    def pin(self, room: str) -> dict[str, str]:
        """What a request adds to enter a room."""
        return _of("pin", self.room_pins, room)

    def secret(self, room: str) -> dict[str, str]:
        """What a request adds to change a room."""
        return _of("secret", self.room_secrets, room)


def _of(key: str, secrets: Mapping[str, SecretStr], room: str) -> dict[str, str]:
    found = secrets.get(room, secrets.get("*"))
    return {} if found is None else {key: found.get_secret_value()}
