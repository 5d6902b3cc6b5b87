"""`alliancekit serve`: the service."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any

import typer

from alliancekit.cli.output import print_json

NO_ORIGINS = "allowed_origins is empty: no page of yours can ask from a browser yet."

ORIGINS_EXAMPLE = """Such as: ALLIANCEKIT_ALLOWED_ORIGINS='["http://localhost:3000"]'"""


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    no_plugins: Annotated[bool, typer.Option("--no-plugins", help="Load no plugin at all.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="When it is ready, print one line of JSON: url, and key if it is new."),
    ] = False,
) -> None:
    """Run the service until it is told to stop (Ctrl-C, SIGTERM).

    The first run makes a tenant, and shows its key at a terminal or, with --json, to the program that started
    it. Anywhere else the output may be kept as a log: there, `alliancekit keys create` makes one.
    """
    from alliancekit import logs
    from alliancekit.config import load, problems
    from alliancekit.errors import ConfigError
    from alliancekit.server import run
    from alliancekit.server.app import create_app
    from alliancekit.server.backend import base_url_of
    from alliancekit.service import Service, first_key

    given: dict[str, Any] = {"host": host, "port": port}
    settings = load(**{name: value for name, value in given.items() if value is not None})
    stream = sys.stderr if as_json else None
    logs.set_up(settings.log.format, settings.log.level, process=True, stream=stream)
    # Whatever is wrong is said before anything is written.
    if wrong := problems(settings):
        raise ConfigError(" ".join(wrong))
    sock = run.bind(settings.host, settings.port)
    url = base_url_of(settings.public_url, settings.host, sock.getsockname()[1])
    service = Service(settings, no_plugins=no_plugins)  # a refusal comes before the key, which is shown once
    key = asyncio.run(first_key(settings, shown=as_json or sys.stderr.isatty()))
    if key == "":
        typer.echo("There is no tenant key yet. Make one: alliancekit keys create", err=True)
    elif key is not None and not as_json:
        typer.echo(f"Your tenant key, shown only now: {key}", err=True)
        typer.echo("Your back end sends it. Lost it? alliancekit keys create", err=True)
        if not settings.allowed_origins:
            typer.echo(f"{NO_ORIGINS} {ORIGINS_EXAMPLE}", err=True)
    app = create_app(service, base_url=url, allowed_origins=settings.allowed_origins)

    def leaving() -> float:
        service.draining = True
        return settings.health.leave_after

    def ready() -> None:
        typer.echo(f"AllianceKit is at {url}", err=True)
        if as_json:
            print_json({"url": url, "key": key or None}, indent=None)
            sys.stdout.flush()

    run.serve(app, sock, ready=ready, leaving=leaving)
