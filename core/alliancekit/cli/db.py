"""`alliancekit db`: the database's schema, its backups, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alliancekit.cli.output import print_json

if TYPE_CHECKING:
    from alliancekit.store.check import Findings

REFUSED = 3
"""Exit code when the database is not whole."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]

app = typer.Typer(no_args_is_help=True, help="The database: schema, backups, whether it is whole.")


@app.callback()
def db() -> None:
    """The database: schema, backups, whether it is whole."""


@app.command()
def upgrade(as_json: Json = False) -> None:
    """Bring the database to the schema of this release; makes it if there is none.

    The service does the same when it starts. Make a backup before a new release.
    """
    from alliancekit.store import migrate

    url = _url()
    before = migrate.current(url)
    migrate.upgrade(url)
    after = migrate.current(url)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        typer.echo(f"The database is at revision {after} already.")
    else:
        typer.echo(f"The database is at revision {after} now; it was at {before or 'none'}.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A new file; it holds people's answers: keep it encrypted.")],
    as_json: Json = False,
) -> None:
    """Write everything to one file, while the service runs; checked before it gets its name.

    Not in it, because a backup beside its keys protects nothing: signing keys, secrets, the configuration
    and the site's measures. Keep those apart.
    """
    from alliancekit.store.backup import backup as write

    write(_url(), file)
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        typer.echo(f"{file}: {size} bytes, checked. Try it now and then: alliancekit db restore.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `alliancekit db backup` wrote.")], as_json: Json = False
) -> None:
    """Put a backup in the place of the configured database; the service has to be stopped.

    SQLite: what was there is kept beside it. PostgreSQL: the database must be empty.
    """
    from alliancekit.store import migrate
    from alliancekit.store.backup import restore as put

    url = _url()
    former = put(file, url)
    migrate.upgrade(url)
    if as_json:
        print_json({"restored": str(file), "former": None if former is None else str(former)})
        return
    typer.echo(f"{file} is restored, at revision {migrate.current(url)}.")
    if former is not None:
        typer.echo(f"What was there before is now {former}; delete it when all is well.")


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A backup; without it, the configured database.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for damage and for what cannot be true together. Exit code 3 when something is wrong.

    Changes nothing; the service may run meanwhile.
    """
    from alliancekit.store.backup import check_backup
    from alliancekit.store.check import check

    findings = check(_url()) if file is None else check_backup(file)
    if as_json:
        print_json(
            {
                "ok": not findings.problems,
                "revision": findings.revision,
                "tables": findings.tables,
                "problems": findings.problems,
                "remarks": findings.remarks,
            }
        )
    else:
        _show(findings)
    if findings.problems:
        raise typer.Exit(REFUSED)


def _show(findings: Findings) -> None:
    for problem in findings.problems:
        typer.echo(f"problem: {problem}", err=True)
    for remark in findings.remarks:
        typer.echo(f"note: {remark}", err=True)
    if findings.problems:
        return
    if findings.tables:
        known = ("tenant", "episode", "session", "participant", "response", "score")
        counted = ", ".join(f"{findings.tables[name]} {name}s" for name in known)
        typer.echo(f"Whole, at revision {findings.revision}: {counted}.")
    elif findings.revision is None:
        typer.echo("The backup can be read to its end; what its rows say shows after a restore.")


def _url() -> str:
    """The configured database; a data directory that is missing is made, as the service does."""
    from alliancekit.config import load

    settings = load()
    url = settings.database().get_secret_value()
    if url.startswith("sqlite") and not settings.database_url:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return url
