"""`alliancekit webhooks`: where your systems are told, what became of it, and sending it again.

It asks a running service, as your own programs would (`/v1/webhooks`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from alliancekit.cli.asking import Key, Service, ask
from alliancekit.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="Where your systems are told what happened.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Webhook = Annotated[str, typer.Argument(help="Its id, whk_…")]


@app.callback()
def webhooks() -> None:
    """Where your systems are told what happened."""


@app.command("list")
def list_all(service: Service = "", key: Key = "", as_json: Json = False) -> None:
    """Every endpoint, whether it takes what it is sent, and what went wrong lately."""
    found = ask("GET", "/webhooks", service, key)
    if as_json:
        print_json(found)
        return
    if not found["webhooks"]:
        typer.echo("No webhooks yet. Add one: alliancekit webhooks add https://your.example/hooks")
    for one in found["webhooks"]:
        state = f"disabled: {one['disabled_reason']}" if one["disabled_at"] else "on"
        # No table: ids are copied from here and stay whole in a narrow terminal.
        typer.echo(f"{one['id']}  {state}")
        typer.echo(f"  {one['url']}")
        typer.echo(f"  told of {', '.join(one['events'])}")
        for attempt in one["attempts"][:3]:
            typer.echo(f"  {_attempt(attempt)}")
            typer.echo(f"    {attempt['message']}")
        if not one["attempts"]:
            typer.echo("  nothing was sent yet")


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to post, https://…")],
    event: Annotated[list[str] | None, typer.Option(help="Of what to tell; all without it.")] = None,
    service: Service = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Ask to be told; prints the secret that signs, which is shown only now."""
    made = ask("POST", "/webhooks", service, key, {"url": url} | ({"events": event} if event else {}))
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made['id']} is told of {', '.join(made['events'])}.")
    typer.echo(f"Its secret, shown only now: {made['secret']}")


@app.command()
def remove(webhook: Webhook, service: Service = "", key: Key = "") -> None:
    """Tell it nothing more."""
    ask("DELETE", f"/webhooks/{webhook}", service, key)
    typer.echo(f"{webhook} is removed.")


@app.command()
def rotate(webhook: Webhook, service: Service = "", key: Key = "", as_json: Json = False) -> None:
    """Give it a new secret; the one before signs as well, until the next change."""
    made = ask("POST", f"/webhooks/{webhook}/secret", service, key)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"The new secret of {webhook}, shown only now: {made['secret']}")


@app.command()
def enable(webhook: Webhook, service: Service = "", key: Key = "") -> None:
    """Send to one that was disabled, from the next event on."""
    ask("POST", f"/webhooks/{webhook}/enable", service, key)
    typer.echo(f"{webhook} is on. Send what it missed: alliancekit webhooks replay {webhook} --since TIME")


@app.command()
def replay(
    webhook: Webhook,
    message: Annotated[str, typer.Option(help="One message, msg_…")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="All from then, UTC.")
    ] = None,
    service: Service = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Send messages again, with the ids that they had."""
    if bool(message) == (since is not None):
        raise typer.BadParameter("name one message, or a time from which on", param_hint="--message, --since")
    body: dict[str, Any] = {"message": message}
    if since is not None:
        body = {"since": since.replace(tzinfo=UTC).timestamp()}
    done = ask("POST", f"/webhooks/{webhook}/replay", service, key, body)
    if as_json:
        print_json(done)
    else:
        count = done["queued"]
        typer.echo("1 message is sent again." if count == 1 else f"{count} messages are sent again.")


def _attempt(one: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(one["at"], UTC).strftime("%Y-%m-%d %H:%M:%S")
    status = f" ({one['status']})" if one["status"] else ""
    again = ""
    if one["next_at"]:
        again = f", again at {datetime.fromtimestamp(one['next_at'], UTC).strftime('%Y-%m-%d %H:%M:%S')}"
    return f"{at} {one['outcome'].replace('_', ' ')}{status}{again}"
