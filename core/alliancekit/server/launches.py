"""Links that open somebody's pages once: `POST /v1/launches` makes them, their page uses them up."""

from __future__ import annotations

from sqlalchemy import Connection

from alliancekit.errors import NotAllowedError, NotFoundError
from alliancekit.server.backend import Backend
from alliancekit.server.schemas import ClientLaunchIn, LaunchIn, SupervisorLaunchIn
from alliancekit.server.tokens import (
    ClientLaunchClaims,
    Launch,
    LaunchClaims,
    PageClaims,
    SupervisorLaunchClaims,
)
from alliancekit.store import sessions as rows
from alliancekit.store import tenants


class UsedLinkError(NotAllowedError):
    """A launch link was used before."""

    def __init__(self) -> None:
        super().__init__("This link was used before; it works once.", fix="Open it again from your system.")


async def launch_url(
    backend: Backend, tenant: str, wanted: LaunchIn | ClientLaunchIn | SupervisorLaunchIn
) -> str:
    """A link that opens somebody's pages once.

    Raises:
        NotFoundError: the tenant has no such episode, or no such client is in it.
    """
    if isinstance(wanted, ClientLaunchIn):
        await _check_client(backend, tenant, wanted)
        claims = ClientLaunchClaims(tenant=tenant, episode=wanted.episode, client=wanted.client)
        return _link(backend, "client", claims)
    if isinstance(wanted, SupervisorLaunchIn):
        return _link(
            backend, "supervisor", SupervisorLaunchClaims(tenant=tenant, supervisor=wanted.supervisor)
        )
    return _link(backend, "therapist", LaunchClaims(tenant=tenant, therapist=wanted.therapist))


async def _check_client(backend: Backend, tenant: str, wanted: ClientLaunchIn) -> None:
    def known(conn: Connection) -> bool:
        rows.read_episode(conn, tenant, wanted.episode)
        return rows.is_client(conn, tenant, wanted.episode, wanted.client)

    if not await backend.service.database.read(known):
        raise NotFoundError(
            "There is no such client in this episode.",
            fix="Send the external_id with which the client was in a session of it.",
        )


def _link(backend: Backend, where: str, claims: Launch) -> str:
    return f"{backend.base_url}/{where}?launch={backend.tokens.issue(claims)}"


async def use_up(backend: Backend, link: str, kind: type[Launch]) -> PageClaims:
    """Use up a launch link of this kind; returns what it opens.

    Raises:
        TokenRefusedError: the link is not valid, or has expired.
        UsedLinkError: it was used before.
    """
    claims = backend.tokens.check(link, kind)
    now = backend.service.clock()

    def work(conn: Connection) -> bool:
        ends = now + claims.longest
        return tenants.spend_token(conn, claims.tenant, claims.jti, expires_at=ends, now=now)

    if not await backend.service.database.write(work):
        raise UsedLinkError()
    return claims.opens()
