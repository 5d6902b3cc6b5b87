"""The two clients: the same operations, one waits for the answer and one is awaited."""

from __future__ import annotations

import asyncio
import time
from typing import Final, Generic, Self, TypeVar

import httpx
from typing_extensions import override

from alliancekit.client import exchange, operations
from alliancekit.client.calls import Awaiting, Blocking, Call, R

T = TypeVar("T")

SECONDS: Final = 10.0
"""How long connecting, or the next piece of an answer, may take."""

ATTEMPTS: Final = 3


class _Operations(Generic[R]):
    """The groups of operations."""

    def __init__(self, runner: R) -> None:
        self.sessions: operations.Sessions[R] = operations.Sessions(runner)
        self.prompts: operations.Prompts[R] = operations.Prompts(runner)
        self.episodes: operations.Episodes[R] = operations.Episodes(runner)
        self.launches: operations.Launches[R] = operations.Launches(runner)
        self.adapters: operations.Adapters[R] = operations.Adapters(runner)
        self.tenant: operations.Tenant[R] = operations.Tenant(runner)
        self.therapists: operations.Therapists[R] = operations.Therapists(runner)
        self.webhooks: operations.Webhooks[R] = operations.Webhooks(runner)


class AllianceKit(_Operations[Blocking]):
    """A service, for a back end that waits. Safe to share between threads; close it at the end.

    Example:
        ```python
        with AllianceKit("https://feedback.example", key) as alliance:
            print(alliance.tenant.get().name)
        ```

    Args:
        url: the service's address, with its path if it has one.
        key: your tenant key (`ak_…`); it is neither logged nor shown.
        timeout: seconds that connecting, or the next piece of an answer, may take.
        attempts: how often a call is sent at most. A second time only where that is safe: the service was not
            reached or asked for later, or doing it twice does no more than doing it once.
        transport: another way to the service than the network.

    Raises:
        ClientError: the address or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = SECONDS,
        attempts: int = ATTEMPTS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(self)
        self.url = url
        self._attempts = attempts
        self._http = httpx.Client(**exchange.options(url, key, timeout), transport=transport)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, call: Call[T], /) -> T:
        """Ask the service; the operations call this."""
        for left in reversed(range(self._attempts)):
            try:
                reply = self._http.send(self._http.build_request(**exchange.request_of(call)))
            except httpx.HTTPError as failure:
                pause = exchange.pause_after_failure(call, failure, left=left)
                if pause is None:
                    raise exchange.no_answer(failure) from None
            else:
                pause = exchange.pause_after_reply(call, reply, left=left)
                if pause is None:
                    return exchange.answer(call, reply)
            time.sleep(pause)
        raise ValueError("attempts must be at least 1")


class AsyncAllianceKit(_Operations[Awaiting]):
    """A service, for a back end with an event loop. Everything as `AllianceKit`, awaited.

    Example:
        ```python
        async with AsyncAllianceKit("https://feedback.example", key) as alliance:
            print((await alliance.tenant.get()).name)
        ```

    Args:
        url: see `AllianceKit`.
        key: see `AllianceKit`.
        timeout: see `AllianceKit`.
        attempts: see `AllianceKit`.
        transport: see `AllianceKit`.

    Raises:
        ClientError: the address or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = SECONDS,
        attempts: int = ATTEMPTS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(self)
        self.url = url
        self._attempts = attempts
        self._http = httpx.AsyncClient(**exchange.options(url, key, timeout), transport=transport)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, call: Call[T], /) -> T:
        """Ask the service; the operations call this."""
        for left in reversed(range(self._attempts)):
            try:
                reply = await self._http.send(self._http.build_request(**exchange.request_of(call)))
            except httpx.HTTPError as failure:
                pause = exchange.pause_after_failure(call, failure, left=left)
                if pause is None:
                    raise exchange.no_answer(failure) from None
            else:
                pause = exchange.pause_after_reply(call, reply, left=left)
                if pause is None:
                    return exchange.answer(call, reply)
            await asyncio.sleep(pause)
        raise ValueError("attempts must be at least 1")
