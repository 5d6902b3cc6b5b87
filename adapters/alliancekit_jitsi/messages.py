"""A message to one person in the call, with their own link, through Prosody.

Two modules take it. Jitsi's own `mod_muc_system_chat_message` (`POST /send-system-chat-message`) wants the
address of the person's connection and a token that is valid for every room: keep its key safe, and its port
private. `mod_alliancekit` wants the meeting's id and a signature over the message.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final

import httpx
import jwt

from alliancekit.adapters import Whereabouts
from alliancekit_jitsi import event_sync, signed
from alliancekit_jitsi.settings import MessageSettings

logger = logging.getLogger(__name__)

TEXTS: Final[Mapping[str, str]] = json.loads((files("alliancekit_jitsi") / "texts.json").read_text("utf-8"))
"""Language tag → what is said, with `{link}`."""

TOKEN_SECONDS: Final = 60
"""How long a token is valid; it is made for one message."""


def say(language: str, link: str) -> str:
    """The message in a language, in English where there is none."""
    tag = language.lower()
    text = TEXTS.get(tag) or TEXTS.get(tag.partition("-")[0]) or TEXTS["en"]
    return text.format(link=link)


def http_client(timeout: float) -> httpx.AsyncClient:
    """An HTTP client that waits no longer than `timeout` seconds."""
    # The address may be private: no proxy of the environment learns it.
    return httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False)


class Messages:
    """Sends messages; each may fail, none is sent twice.

    Args:
        settings: where to.
        keys: of `mod_alliancekit`; the first signs.
        clock: seconds since 1970 UTC.
        client: an HTTP client; None: a new one.
    """

    def __init__(
        self,
        settings: MessageSettings,
        keys: tuple[bytes, ...],
        *,
        clock: Callable[[], float] = time.time,
        client: Any = None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._client = client or http_client(settings.timeout)

    async def close(self) -> None:
        """Close the connections to Prosody."""
        await self._client.aclose()

    async def send(self, place: Whereabouts, link: str) -> bool:
        """Send one person their link; True when Prosody took it. The link stands in no log."""
        text = say(place.language, link)
        request = self._to_jitsi(place, text) if self._settings.key else self._to_ours(place, text)
        if request is None:
            return False
        body, headers = request
        try:
            reply = await self._client.post(self._settings.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            logger.warning("a message to a person in the call was not sent: %s", type(error).__name__)
            return False
        if not reply.is_success:
            logger.warning("Prosody did not take a message to a person in the call: %d", reply.status_code)
        return bool(reply.is_success)

    def _to_jitsi(self, place: Whereabouts, text: str) -> tuple[bytes, dict[str, str]] | None:
        known = (event_sync.address_of(one) for one in place.connections)
        address = next((one for one in known if one is not None), None)
        if address is None or not place.name:
            return None
        room = f"{place.name}@{self._settings.muc}"
        # The module's versions differ in what they call the addressee.
        body = {"message": text, "to": address, "connectionJIDs": [address], "room": room}
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token()}"}
        return json.dumps(body).encode(), headers

    def _to_ours(self, place: Whereabouts, text: str) -> tuple[bytes, dict[str, str]] | None:
        if not place.connections:
            return None
        said = {"room": place.room, "occupant": place.connections[0], "message": text}
        body = json.dumps(said).encode()
        identifier = f"msg_{secrets.token_urlsafe(16)}"
        return body, signed.headers_of(self._keys[0], identifier, self._clock(), body)

    def _token(self) -> str:
        settings, now = self._settings, int(self._clock())
        assert settings.key is not None
        claims = {
            "iss": settings.issuer,
            "aud": settings.audience,
            "sub": settings.subject,
            "room": "*",
            "iat": now,
            "nbf": now - TOKEN_SECONDS,
            "exp": now + TOKEN_SECONDS,
        }
        headers = {"kid": settings.key_id} if settings.key_id else None
        return jwt.encode(claims, settings.key.get_secret_value(), settings.algorithm, headers)
