"""Ask a platform's HTTP API: briefly, without redirects, and for answers that end.

Nothing that a platform answered stands in an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from alliancekit.errors import AllianceKitError

SECONDS: Final = 5.0
"""How long one question may take, connecting included."""

LONGEST: Final = 1024 * 1024
"""Bytes of an answer."""

REFUSED: Final = frozenset({401, 403})


class RestError(AllianceKitError):
    """A platform's API gave no usable answer; `status` is that of HTTP, 0 where there was none."""

    def __init__(self, message: str, *, fix: str = "", status: int = 0) -> None:
        super().__init__(message, fix=fix)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What an API answered, other than a refusal or a failure."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON.

        Raises:
            RestError: it is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise RestError("The platform's answer is no JSON.", status=self.status) from None


class Rest:
    """One platform's API; made in the running event loop, closed with the adapter.

    Args:
        base: its address, to which paths are added as they are.
        headers: sent with every question, such as `Authorization`.
        user: name and password of basic authentication.
    """

    def __init__(
        self, base: str, *, headers: Mapping[str, str] | None = None, user: tuple[str, str] | None = None
    ) -> None:
        httpx = import_module("httpx")
        self._base = base.rstrip("/")
        self._failure = httpx.HTTPError
        self._client = httpx.AsyncClient(headers=headers, auth=user, timeout=SECONDS, follow_redirects=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def get(self, path: str) -> Answer:
        """Ask; any status below 500 is an answer, except that it refuses our key.

        Args:
            path: with its query, encoded already.

        Raises:
            RestError: no answer, a failure of the platform, a refusal, or more than `LONGEST` bytes.
        """
        body = b""
        try:
            async with self._client.stream("GET", self._base + path) as response:
                status: int = response.status_code
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > LONGEST:
                        raise RestError("The platform's answer does not end.", status=status)
        except self._failure as error:
            raise RestError(
                f"The platform's API cannot be reached ({type(error).__name__}).",
                fix="Check its address in the settings.",
            ) from None
        if status in REFUSED:
            raise RestError(
                f"The platform refuses our key (status {status}).",
                fix="Check the key in the settings.",
                status=status,
            )
        if status >= 500:
            raise RestError(f"The platform's API fails (status {status}).", status=status)
        return Answer(status, body)
