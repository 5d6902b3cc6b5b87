"""`alliancekit new plugin|adapter`: a distribution of your own, complete and tested, in one command."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit
from urllib.request import url2pathname

import typer

from alliancekit.errors import ScaffoldError

if TYPE_CHECKING:
    from alliancekit.scaffold import Kind, Names, Original

app = typer.Typer(no_args_is_help=True, help="Write a new plugin or adapter, complete and tested.")


class PluginKind(StrEnum):
    """What a plugin can be made as; an adapter has a command of its own."""

    STYLE = "style"
    INSTRUMENT = "instrument"
    RULE = "rule"
    EXPORTER = "exporter"


Name = Annotated[str, typer.Argument(help="Lower-case letters, digits, underscores: my_style.")]
Into = Annotated[Path, typer.Option("--into", help="The folder that gets the new folder.", file_okay=False)]
Source = Annotated[str, typer.Option("--from", help="Copy this one of AllianceKit, under the new name.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]


@app.callback()
def new() -> None:
    """Write a new plugin or adapter, complete and tested."""


@app.command("plugin")
def plugin(
    name: Name,
    kind: Annotated[PluginKind | None, typer.Option("--kind", help="What it is to do.")] = None,
    source: Source = "",
    into: Into = Path(),
    yes: Yes = False,
) -> None:
    """Write a plugin: a style, an instrument, a rule or an exporter, or a copy of one of AllianceKit."""
    from alliancekit.plugins.find import GROUPS
    from alliancekit.scaffold import KINDS, free_name, source_of

    if source and kind:
        raise typer.BadParameter("--from and --kind exclude each other: a copy is what its original is.")
    original = source_of(source, GROUPS[0]) if source else None
    names = free_name(name, into, ending=kind or "plugin")
    if original is None and kind is None:
        if yes or not sys.stdin.isatty():
            raise ScaffoldError(
                f"Nothing says what {name!r} is to be. Nothing was written.",
                fix=f"Add --kind {'|'.join(PluginKind)}, or --from and the plugin to copy.",
            )
        for each in PluginKind:
            typer.echo(f"  {each:<11}{KINDS[each.value]}")
        kind = typer.prompt("Which kind", type=PluginKind)
    _make(names, "copy" if kind is None else kind.value, original, into, yes=yes)


@app.command("adapter")
def adapter(name: Name, source: Source = "", into: Into = Path(), yes: Yes = False) -> None:
    """Write an adapter, which connects a video platform, or a copy of one of AllianceKit."""
    from alliancekit.plugins.find import GROUPS
    from alliancekit.scaffold import free_name, source_of

    original = source_of(source, GROUPS[1]) if source else None
    names = free_name(name, into, ending="adapter")
    _make(names, "adapter" if original is None else "copy", original, into, yes=yes)


def _make(names: Names, kind: Kind, original: Original | None, into: Path, *, yes: bool) -> None:
    """Write the distribution, after a question where somebody is there to answer it, and say what is next."""
    from alliancekit.scaffold import Blueprint, write

    asking = not yes and sys.stdin.isatty()
    holder = _git_user() or f"the authors of {names.distribution}"
    if asking:
        holder = typer.prompt("Who has the copyright", default=holder)
    blueprint = Blueprint(
        names=names, kind=kind, original=original, holder=holder, year=datetime.now(UTC).year
    )
    target, files = into / names.distribution, blueprint.files()
    if asking:
        typer.echo("\n".join(f"  {target / path}" for path in files))
        if not typer.confirm("Write these files", default=True):
            raise ScaffoldError("Nothing was written.")
    write(files, target)
    typer.echo(f"Wrote {target}: {len(files)} files. Its README.md goes on from here:\n")
    typer.echo(f"  cd {shlex.quote(str(target))}")
    typer.echo("  python3 -m venv .venv")
    typer.echo("  . .venv/bin/activate")
    if place := _installed_from():
        typer.echo(f"  pip install {place}   # AllianceKit, from where this one is")
    typer.echo("  pip install -e '.[dev]'")
    typer.echo("  pytest")


def _git_user() -> str:
    """The name that git signs commits with; empty where there is none."""
    try:
        done = subprocess.run(
            ["git", "config", "user.name"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _installed_from() -> str:
    """The argument to pip that gives this AllianceKit again; empty where it came from an index."""
    from importlib.metadata import distribution

    record = json.loads(distribution("alliancekit").read_text("direct_url.json") or "{}")
    url = str(record.get("url", ""))
    if url.startswith("file://"):
        place = shlex.quote(url2pathname(urlsplit(url).path))
        return f"-e {place}" if record.get("dir_info", {}).get("editable") else place
    if "vcs_info" in record:
        return shlex.quote(f"{record['vcs_info']['vcs']}+{url}@{record['vcs_info']['commit_id']}")
    return shlex.quote(url) if url else ""
