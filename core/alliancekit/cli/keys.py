"""`alliancekit keys`: what your back end sends to be known as a tenant."""

from __future__ import annotations

from typing import Annotated

import typer

from alliancekit.cli.operating import Json, OfTenant, day, operate, table
from alliancekit.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="What your back end sends to be known as a tenant.")


@app.callback()
def keys() -> None:
    """What your back end sends to be known as a tenant. Works while the service runs."""


@app.command("list")
def list_all(tenant: OfTenant = None, as_json: Json = False) -> None:
    """Every key's id and dates; the keys themselves are stored nowhere."""
    found = operate("keys.list", tenant=tenant)
    if as_json:
        print_json(found)
        return
    if not found["keys"]:
        typer.echo("No keys yet. Make one: alliancekit keys create")
        return
    rows = [
        (one["id"], one["tenant"], day(one["created_at"]), day(one["revoked_at"]) or "in use")
        for one in found["keys"]
    ]
    table("Keys", ("id", "tenant", "made (UTC)", "revoked (UTC)"), rows)


@app.command()
def create(tenant: OfTenant = None, as_json: Json = False) -> None:
    """Make one more key, shown only now. To change keys: create, put it in place, revoke the old one."""
    made = operate("keys.create", tenant=tenant)
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made['id']} is made for {made['tenant']}.")
    typer.echo(f"The key, shown only now: {made['key']}")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, key_…, not the key.")], as_json: Json = False
) -> None:
    """Make a key invalid at once. Tokens that it made for people in a call last for hours, as they would."""
    done = operate("keys.revoke", key=key)
    if as_json:
        print_json(done)
        return
    typer.echo(f"{done['id']} is revoked.")
    if not done["keys_left"]:
        typer.echo(f"{done['tenant']} has no key left. Make one: alliancekit keys create", err=True)
