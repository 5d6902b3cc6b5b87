"""AllianceKit inside another ASGI application: the same process, the same port, a path of its own.

A framework passes start and stop to its own application only, so the host says when this one runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

import httpx
from sqlalchemy import Connection

from alliancekit.client import AsyncAllianceKit
from alliancekit.config import load
from alliancekit.errors import ConfigError
from alliancekit.plugins import Given
from alliancekit.server.app import create_app
from alliancekit.server.run import started
from alliancekit.service import Service
from alliancekit.store import tenants


class Mounted:
    """A service to be mounted: `app.mount("/alliance", alliance)`.

    Example:
        ```python
        alliance = Mounted("https://clinic.example/alliance", data_dir="/var/lib/clinic")

        @asynccontextmanager
        async def lifespan(app):
            async with alliance.running():
                app.state.alliance = await alliance.client("Birch Lane")
                yield

        app = FastAPI(lifespan=lifespan)
        app.mount("/alliance", alliance)
        ```

    Args:
        public_url: how browsers reach it, with the path under which it is mounted.
        extra: plugins beside the configured ones, as (name, plugin).
        **settings: any setting of `alliancekit.config`; they come before environment and file.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """

    def __init__(self, public_url: str, *, extra: Sequence[tuple[str, Given]] = (), **settings: Any) -> None:
        chosen = load(public_url=public_url, **settings)
        self.url = chosen.base_url()
        self.service = Service(chosen, extra=extra)
        self._app = create_app(self.service, base_url=self.url, allowed_origins=chosen.allowed_origins)
        self._runs: contextlib.AsyncExitStack | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Start the service and stop it when the block ends; once, around the time in which requests come.

        Raises:
            AllianceKitError: what keeps the service from starting.
        """
        async with started(self._app), contextlib.AsyncExitStack() as self._runs:
            yield self
        self._runs = None

    async def client(self, tenant: str) -> AsyncAllianceKit:
        """A client of one of your customers, without the network between; its key ends with `running()`.

        Args:
            tenant: the customer's name; a new one becomes a tenant.

        Raises:
            ConfigError: the service does not run.
        """
        if self._runs is None:
            raise ConfigError("The service does not run yet.", fix="Ask inside of `async with running():`.")
        service = self.service

        def admit(conn: Connection) -> tuple[str, str, str]:
            now = service.clock()
            found = tenants.tenant_named(conn, tenant)
            if found is not None:
                return (found, *tenants.add_key(conn, found, now))
            found, key = tenants.create_tenant(conn, tenant, now)
            return found, tenants.keys(conn, found)[0], key

        found, key_id, key = await service.database.write(admit)

        async def revoke() -> None:
            await service.database.write(lambda conn: tenants.revoke(conn, found, key_id, service.clock()))

        self._runs.push_async_callback(revoke)
        made = AsyncAllianceKit(self.url, key, transport=httpx.ASGITransport(self._app))
        return await self._runs.enter_async_context(made)
