"""`alliancekit tenants`: the vendor's customers, each with keys, courses and users of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from alliancekit.cli.operating import Json, day, operate, table
from alliancekit.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="Your customers; every row belongs to one.")

Tenant = Annotated[str, typer.Argument(help="Its id or its name.")]
Name = Annotated[str, typer.Argument(help="What you call it; people see it on no page.")]


@app.callback()
def tenants() -> None:
    """Your customers; every row belongs to one. Works while the service runs."""


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """Every tenant, with what it has."""
    found = operate("tenants.list")
    if as_json:
        print_json(found)
        return
    if not found["tenants"]:
        typer.echo('No tenants yet. Make one: alliancekit tenants create "Name"')
        return
    rows = [
        (
            one["id"],
            one["name"],
            day(one["created_at"]),
            str(one["keys"]),
            ", ".join(f"{count} {what}" for what, count in one["has"].items()) or "nothing yet",
        )
        for one in found["tenants"]
    ]
    table("Tenants", ("id", "name", "made (UTC)", "keys", "has"), rows)


@app.command()
def create(name: Name, as_json: Json = False) -> None:
    """Make a tenant; prints its first key, which is shown only now."""
    made = operate("tenants.create", name=name)
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made['id']} is made.")
    typer.echo(f"Its key, shown only now: {made['key']}")


@app.command()
def rename(tenant: Tenant, name: Name, as_json: Json = False) -> None:
    """Give a tenant another name."""
    done = operate("tenants.rename", tenant=tenant, name=name)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done['id']} is renamed.")


@app.command("delete-if-empty")
def delete_if_empty(tenant: Tenant, as_json: Json = False) -> None:
    """Delete a tenant without courses, users or work left, with keys and settings; audit entries stay."""
    done = operate("tenants.delete", tenant=tenant)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done['id']} is deleted.")
