"""What this adapter asks of Vonage's Video REST API.

Shapes: developer.vonage.com, Video API reference, and the tests of Vonage/vonage-python-sdk @b308cb1e
(`video/tests/test_signal.py`, `test_audio_connector.py`, `jwt/`): an RS256 token of the application in every
request; 204 for a signal; `{id, connectionId}` for an Audio Connector.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import jwt

from alliancekit.errors import ExtraMissingError, PluginError

try:
    import httpx
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
except ModuleNotFoundError as error:
    raise ExtraMissingError(
        f"To call Vonage, the adapter needs the package {error.name}, which is not installed.",
        fix="pip install 'alliancekit[vonage]'",
    ) from error

log = logging.getLogger("alliancekit.vonage")

SECONDS: Final = 1.5
"""How long a signal may take: the delivery of a prompt has two seconds."""

CONNECT_SECONDS: Final = 10.0
"""How long an Audio Connector may take to start; Vonage gives our socket six seconds of it."""

TOKEN_SECONDS: Final = 15 * 60
"""How long a token is valid; Vonage's own packages take a quarter of an hour."""

TEMPORARY: Final = frozenset({408, 425, 429})
"""Statuses below 500 that may be another one the next time."""


class VonageError(Exception):
    """Vonage did not do what was asked.

    Attributes:
        again: whether it may do it the next time.
    """

    def __init__(self, what: str, *, again: bool) -> None:
        super().__init__(what)
        self.again = again


class VonageRest:
    """Calls Vonage's REST API for one application.

    Args:
        application_id: the application's id.
        private_key: its private key (PEM).
        api: where the API is.
        clock: seconds since 1970 UTC.

    Raises:
        PluginError: the private key is none.
    """

    def __init__(
        self, application_id: str, private_key: str, api: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._application_id = application_id
        self._project = f"/v2/project/{_part(application_id)}"
        self._key = _key(private_key)
        self._clock = clock
        self._http = httpx.AsyncClient(base_url=api, timeout=httpx.Timeout(SECONDS), trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def signal(self, session: str, connection: str, kind: str, data: str) -> bool:
        """Send a signal to one connection; whether Vonage took it.

        Args:
            session: the session's id.
            connection: the connection's id.
            kind: the signal's type, 128 characters at most.
            data: 8192 characters at most.
        """
        try:
            await self._call("POST", f"{_place(session, connection)}/signal", {"type": kind, "data": data})
        except VonageError as error:
            log.info("Vonage took no signal: %s", error)
            return False
        return True

    async def connect(self, session: str, stream: str, address: str) -> str:
        """Have Vonage send the audio of one stream to a WebSocket.

        Returns: Vonage's id of the Audio Connector's own connection to the session.

        Raises:
            VonageError: it does not. 409: the session is not a routed one.
        """
        body = {
            "sessionId": session,
            "token": self._token(
                session_id=session, role="subscriber", subject="video", scope="session.connect"
            ),
            "websocket": {"uri": address, "streams": [stream], "audioRate": 16000},
        }
        reply = await self._call("POST", "/connect", body, CONNECT_SECONDS)
        try:
            content = reply.json()
        except ValueError:
            content = None
        found = content.get("connectionId") if isinstance(content, dict) else None
        return found if isinstance(found, str) else ""

    async def disconnect(self, session: str, connection: str) -> None:
        """End a connection to a session; one that has ended already is no error.

        Raises:
            VonageError: it could not be ended.
        """
        await self._call("DELETE", _place(session, connection))

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, seconds: float = SECONDS
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            reply = await self._http.request(
                method, self._project + path, json=body, headers=headers, timeout=seconds
            )
        except httpx.HTTPError as error:
            raise VonageError(type(error).__name__, again=True) from None
        status = reply.status_code
        if reply.is_success or (method == "DELETE" and status == 404):
            return reply
        raise VonageError(f"status {status}", again=status >= 500 or status in TEMPORARY)

    def _token(self, **claims: Any) -> str:
        """A token of the application; with claims of a session, one that connects to it."""
        now = int(self._clock())
        acl: dict[str, Any] = {"acl": {"paths": {"/session/**": {}}}} if claims else {}
        return jwt.encode(
            {
                "application_id": self._application_id,
                "iat": now,
                "exp": now + TOKEN_SECONDS,
                "jti": str(uuid.uuid4()),
                **acl,
                **claims,
            },
            self._key,
            algorithm="RS256",
        )


def _key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise PluginError(
            "The adapter's private_key is no RSA private key in PEM.",
            fix="Take the file private.key that the Vonage dashboard made with the application.",
        )
    return key


def _place(session: str, connection: str) -> str:
    return f"/session/{_part(session)}/connection/{_part(connection)}"


def _part(text: str) -> str:
    """One part of a path, whatever is in it."""
    return quote(text, safe="")
