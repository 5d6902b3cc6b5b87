"""`alliancekit users`: therapists and supervisors who sign in with a password of their own.

Who comes by a link of the vendor's system needs none of this.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from alliancekit.cli.operating import Json, OfTenant, day, operate, read_password, table
from alliancekit.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="People who sign in with a password of their own.")

User = Annotated[str, typer.Argument(help="Their login, or the account's id, acc_…")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="Set the password on this file's first line, instead of a link.")
]
Prompt = Annotated[bool, typer.Option("--prompt", help="Type a password, instead of a link.")]


class Role(StrEnum):
    """Whose pages an account opens."""

    THERAPIST = "therapist"
    SUPERVISOR = "supervisor"


@app.callback()
def users() -> None:
    """People who sign in with a password of their own. Works while the service runs."""


@app.command("list")
def list_all(tenant: OfTenant = None, as_json: Json = False) -> None:
    """Every account."""
    found = operate("users.list", tenant=tenant)
    if as_json:
        print_json(found)
        return
    if not found["users"]:
        typer.echo("No users yet. Add one: alliancekit users create LOGIN --person ID")
        return
    rows = [
        (
            one["id"],
            one["login"],
            one["role"],
            one["person"],
            one["tenant"],
            _state(one),
        )
        for one in found["users"]
    ]
    table("Users", ("id", "login", "role", "person", "tenant", "state"), rows)


@app.command()
def create(
    login: Annotated[str, typer.Argument(help="What they type to sign in, such as an e-mail address.")],
    person: Annotated[str, typer.Option(help="Your system's id of them: `external_id` of participants.")],
    role: Annotated[Role, typer.Option(help="Whose pages they see.")] = Role.THERAPIST,
    tenant: OfTenant = None,
    password_file: PasswordFile = None,
    prompt: Prompt = False,
    as_json: Json = False,
) -> None:
    """Add somebody; prints a link with which they choose a password, valid for a day, shown only now."""
    password = _password(password_file, prompt)
    made = operate(
        "users.create", login=login, role=role.value, person=person, tenant=tenant, password=password
    )
    if as_json:
        print_json(made)
        return
    typer.echo(f"{made['id']} is made: {made['login']}, {made['role']}.")
    _show_link(made)


@app.command("password")
def set_password(
    user: User, password_file: PasswordFile = None, prompt: Prompt = False, as_json: Json = False
) -> None:
    """Give somebody another password, or a link to choose one; their sessions end at once."""
    done = operate("users.password", user=user, password=_password(password_file, prompt))
    if as_json:
        print_json(done)
        return
    typer.echo(f"The password of {done['login']} is {'another one' if done['password'] else 'gone'} now.")
    _show_link(done)


@app.command()
def disable(user: User, as_json: Json = False) -> None:
    """Let somebody sign in no more; their sessions end at once."""
    _done(operate("users.disable", user=user), "is disabled", as_json)


@app.command()
def enable(user: User, as_json: Json = False) -> None:
    """Let somebody sign in again."""
    _done(operate("users.enable", user=user), "may sign in", as_json)


@app.command("totp")
def set_totp(
    user: User,
    off: Annotated[bool, typer.Option("--off", help="Ask for no code any more.")] = False,
    as_json: Json = False,
) -> None:
    """Ask somebody for codes of an authenticator app too; prints its secret, which is shown only now."""
    done = operate("users.totp", user=user, on=not off)
    if as_json:
        print_json(done)
        return
    if off:
        _done(done, "signs in without a code", as_json)
        return
    import segno

    typer.echo(f"{done['login']} needs a code from now on. Have this scanned; it is shown only now.")
    segno.make(done["uri"], error="m").terminal(compact=True)
    typer.echo(f"Or typed: {done['secret']}")
    typer.echo(done["uri"])


@app.command()
def remove(user: User, as_json: Json = False) -> None:
    """Delete an account; its sessions end at once. What the person wrote stays."""
    done = operate("users.remove", user=user)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done['id']} is removed.")


def _password(file: Path | None, prompt: bool) -> str | None:
    if file is not None and prompt:
        raise typer.BadParameter("Use --prompt or --password-file, not both.")
    return read_password(file) if prompt or file is not None else None


def _state(one: dict[str, Any]) -> str:
    if one["disabled_at"] is not None:
        return f"disabled {day(one['disabled_at'])}"
    ways = ["password" if one["password"] else "no password yet"]
    return " + ".join([*ways, "code"] if one["totp"] else ways)


def _show_link(done: dict[str, Any]) -> None:
    if "link" in done:
        typer.echo(f"They choose one here until {day(done['link_until'])} UTC; the link is shown only now:")
        typer.echo(done["link"])


def _done(done: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{done['login']} {what}.")
