"""What `tenants`, `keys` and `users` share: ask for an operation, read a password, show dates."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alliancekit.errors import ConfigError

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
OfTenant = Annotated[
    str | None, typer.Option("--tenant", help="Its id or name; not needed where there is one.")
]


def operate(what: str, **given: Any) -> Any:
    """Have one of the operator's operations done, by the running service or with the database itself.

    Raises:
        AllianceKitError: it was refused, or cannot be done.
    """
    from alliancekit.config import load
    from alliancekit.server.control import perform

    return asyncio.run(perform(load(), what, **given))


def read_password(file: Path | None) -> str:
    """A password, from a file's first line or typed twice at a terminal; it is shown nowhere.

    Raises:
        ConfigError: the file cannot be read, or there is no terminal.
    """
    if file is None:
        if not sys.stdin.isatty():
            raise ConfigError("There is no terminal to type a password at.", fix="Use --password-file.")
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The password file {file} cannot be read ({type(error).__name__}).",
            fix="Write the password on its first line, in UTF-8.",
        ) from None
    return text.split("\n", 1)[0].removesuffix("\r")


def day(at: float | None) -> str:
    """A time in seconds since 1970 as people read it, in UTC; empty for None."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows for people; what does not fit goes on in the next line, nothing is cut off.

    The column `id` is kept whole: ids are copied from there.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        shown.add_row(*row)
    Console(markup=False).print(shown)
