"""`alliancekit adapters list` and `require-signed`: what is connected, how it does, what a tenant demands."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alliancekit.cli.output import print_json

if TYPE_CHECKING:
    from alliancekit.adapters import Adapter
    from alliancekit.config import Settings
    from alliancekit.inbound.doing import Doing


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def list_adapters(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Adapters that are enabled: what each can do, the address to enter at the platform, and how it does.

    What came of the platforms' messages is read from the database, where a running service notes it every few
    seconds.
    """
    from rich.console import Console
    from rich.table import Table

    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.plugins.find import find
    from alliancekit.service import plugins_config
    from alliancekit.store.adapter_counts import read_counts
    from alliancekit.store.glance import glance

    settings = load()
    host = PluginHost(plugins_config(settings))
    host.load()
    counts = glance(settings.database().get_secret_value(), read_counts) or {}
    shown = [_shown(one, settings.base_url(), _doing(counts, one.name)) for one in host.adapters]
    names = {one["name"] for one in shown}
    others = sorted(
        name
        for name, offers in find().items()
        if any(o.group == "alliancekit.adapters" for o in offers) and name not in names
    )
    if as_json:
        print_json({"adapters": shown, "not_enabled": others})
        return
    table = Table(title="Video platforms")
    for title in ("name", "platform", "can", "last message", "taken", "not taken", "address at the platform"):
        table.add_column(title, overflow="fold")
    for one in shown:
        table.add_row(
            one["name"],
            one["title"],
            _can(one),
            _last(one),
            str(one["taken"]),
            _not_taken(one),
            _address(one),
        )
    Console().print(table)
    if others:
        typer.echo(f"Installed, not running here: {', '.join(others)}", err=True)


def require_signed(
    switch: Annotated[Switch | None, typer.Argument(help="Leave it out to see how it is.")] = None,
    tenant: Annotated[str, typer.Option(help="The tenant's id, ten_…; else the only one there is.")] = "",
) -> None:
    """Take for a tenant only what platforms prove by a signature over the whole message.

    On SQLite the service has to be stopped, or asked: PATCH /v1/tenant.
    """
    from alliancekit.config import load

    required = asyncio.run(_require(load(), switch, tenant))
    typer.echo("on" if required else "off")


async def _require(settings: Settings, switch: Switch | None, wanted: str) -> bool:
    from sqlalchemy import Connection

    from alliancekit.service import prepared_database
    from alliancekit.store import audit, tenants

    def work(conn: Connection) -> bool:
        tenant = tenants.only_tenant(conn, wanted or None)
        changes = {} if switch is None else {"require_signed": switch is Switch.ON}
        found = tenants.change_settings(conn, tenant, changes)
        if changes:
            audit.append(
                conn,
                tenant=tenant,
                actor="operator",
                action="tenant.changed",
                object=tenant,
                details=changes,
                now=time.time(),
            )
        return bool(found.get("require_signed"))

    database = await prepared_database(settings)
    try:
        return await database.write(work)
    finally:
        await database.close()


def _doing(counts: Any, name: str) -> Doing:
    from alliancekit.inbound.doing import doing

    return doing(counts, name)


def _shown(adapter: Adapter, base_url: str, doing: Doing) -> dict[str, Any]:
    from alliancekit.adapters import SocketAdapter, WebhookAdapter

    address = f"{base_url}/v1/adapters/{adapter.name}"
    return {
        "name": adapter.name,
        "title": adapter.title or adapter.name,
        "capabilities": asdict(adapter.capabilities),
        "events_url": f"{address}/events" if isinstance(adapter, WebhookAdapter) else None,
        "socket_url": f"ws{address.removeprefix('http')}/socket"
        if isinstance(adapter, SocketAdapter)
        else None,
        **asdict(doing),
    }


def _can(one: dict[str, Any]) -> str:
    return ", ".join(
        k.replace("_", " ") if v is True else f"{k}: {v}" for k, v in one["capabilities"].items() if v
    )


def _last(one: dict[str, Any]) -> str:
    if one["last_at"] is None:
        return "–"
    return datetime.fromtimestamp(one["last_at"]).astimezone().isoformat(" ", timespec="seconds")


def _not_taken(one: dict[str, Any]) -> str:
    found = {
        **one["refused"],
        "unknown room": one["unknown_rooms"],
        "stranger": one["strangers"],
    }
    return ", ".join(f"{what.replace('_', ' ')}: {times}" for what, times in found.items() if times) or "–"


def _address(one: dict[str, Any]) -> str:
    return "\n".join(filter(None, (one["events_url"], one["socket_url"]))) or "–"
