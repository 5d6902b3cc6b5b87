"""`alliancekit export`: one episode in the format of an exporter."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alliancekit.config import Settings


def export(
    episode: Annotated[str, typer.Argument(help="The episode's id, epi_…")],
    form: Annotated[str, typer.Option("--format", help="The exporter's name.")] = "json",
    out: Annotated[Path | None, typer.Option(help="Where to write; standard output without it.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Also what the client keeps from the therapist.")
    ] = False,
) -> None:
    """Export one episode. On SQLite the service has to be stopped, or asked: GET /v1/episodes/{id}/export."""
    from alliancekit import logs
    from alliancekit.config import load

    logs.set_up(stream=sys.stderr)
    written = asyncio.run(_export(load(), episode, form, everything))
    if out is None:
        sys.stdout.buffer.write(written)
    else:
        out.write_bytes(written)
        typer.echo(f"{out}: {len(written)} bytes", err=True)


async def _export(settings: Settings, episode: str, form: str, everything: bool) -> bytes:
    from alliancekit import archive
    from alliancekit.plugins import PluginHost
    from alliancekit.service import plugins_config, prepared_database
    from alliancekit.store.sessions import tenant_of_episode

    plugins = PluginHost(plugins_config(settings))
    plugins.load()
    database = await prepared_database(settings)
    try:
        tenant = await database.read(lambda conn: tenant_of_episode(conn, episode))
        _, written = await archive.export(
            database,
            plugins,
            tenant=tenant,
            episode=episode,
            form=form,
            actor="operator",
            now=time.time(),
            everything=everything,
        )
    finally:
        await database.close()
    return written
