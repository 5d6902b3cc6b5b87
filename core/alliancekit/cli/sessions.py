"""`alliancekit sessions`: a visit and the links of its people, for sites without a back end of their own.

It asks a running service, as your own programs would (`/v1/sessions`).
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from alliancekit.cli.asking import Key, Service, ask
from alliancekit.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="A visit and the links of its people.")


@app.callback()
def sessions() -> None:
    """A visit and the links of its people."""


@app.command()
def create(
    episode: Annotated[str, typer.Argument(help="The course of therapy, by your own identifier.")],
    client: Annotated[list[str], typer.Option(help="Your identifier of the client; several for a group.")],
    therapist: Annotated[str, typer.Option(help="Your identifier of the therapist.")],
    visit: Annotated[str, typer.Option(help="Your identifier of this visit; else a new one.")] = "",
    language: Annotated[str, typer.Option(help="The client's language.")] = "en",
    style: Annotated[str, typer.Option(help="How the therapist works; else the configured style.")] = "",
    measure: Annotated[str, typer.Option(help="The measure; else the configured one.")] = "",
    page: Annotated[
        str, typer.Option(help="Your call page, such as a copy of examples/vendor_jitsi.html.")
    ] = "",
    service: Service = "",
    key: Key = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Create a session. Each person gets a link of their own: keep the client's for the client."""
    people = [{"role": "client", "external_id": one, "language": language} for one in client]
    wanted: dict[str, Any] = {
        "external_id": visit or f"visit-{secrets.token_hex(6)}",
        "episode": episode,
        "participants": [*people, {"role": "therapist", "external_id": therapist}],
    }
    wanted |= {name: value for name, value in {"style": style, "measure": measure}.items() if value}
    made = ask("POST", "/sessions", service, key, wanted)
    # The same for everybody and at every call, and not to be guessed from what a log or a webhook names.
    room = hashlib.sha256(made["id"].encode()).hexdigest()[:20]
    for one in made["participants"]:
        one["link"] = f"{page}#{_fragment(one, room)}" if page else one["rating_url"]
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made['id']} ({wanted['external_id']})")
    for one in made["participants"]:
        typer.echo(f"{one['role']}: {one['link']}")
    if not page:
        typer.echo("These links ask for a rating. With --page they open your call page.")


def _fragment(person: dict[str, Any], room: str) -> str:
    """What the call page needs to know; browsers keep what stands behind the # to themselves."""
    return urlencode({"role": person["role"], "room": room, "token": person["token"]})
