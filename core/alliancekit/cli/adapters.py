"""`alliancekit adapters`: which platforms are connected, and what becomes of a message that one posted."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alliancekit.cli import adapters_shown
from alliancekit.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from alliancekit.adapters import RawRequest, WebhookAdapter
    from alliancekit.data import PluginData
    from alliancekit.testing.recorded import Recorded

app = typer.Typer(no_args_is_help=True, help="The connections to video platforms.")

REFUSED: Final = 3

SECONDS: Final = 30.0
"""How long a running service may take to answer a replayed message."""

Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        help="The platform's secret, or where it is: env:NAME or file:PATH. Several are all tried.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--setting", "--set", metavar="FIELD=VALUE", help="Any other setting of the adapter."),
]


@app.callback()
def adapters() -> None:
    """The connections to video platforms."""


app.command("list")(adapters_shown.list_adapters)
app.command("require-signed")(adapters_shown.require_signed)


def _print(value: object, *, indent: int | None = 2) -> None:
    """Print as JSON; times keep their fractions."""
    typer.echo(json.dumps(value, indent=indent))


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="The adapter.")],
    url: Annotated[str, typer.Option(help="The address that the platform called, with its query.")],
    body: Annotated[Path, typer.Option(help="A file with the bytes that it posted.", dir_okay=False)],
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="Each header.")] = None,
    secret: Secrets = None,
    settings: Settings = None,
    method: Annotated[str, typer.Option(help="The HTTP method.")] = "POST",
    now: Annotated[float | None, typer.Option(help="When it came, seconds since 1970; else now.")] = None,
) -> None:
    """What the adapter makes of one message: its events, the answer to a challenge, or why it is refused.

    Nothing is stored. Exit code 3 when it is refused.
    """
    from alliancekit.adapters import RawRequest

    adapter = _adapter(name, secret or [], settings or [])
    try:
        with body.open("rb") as file:
            # More is refused unread.
            content = file.read(adapter.max_body + 1)
    except OSError as error:
        raise ConfigError(f"{body} cannot be read ({type(error).__name__}).") from None
    request = RawRequest(method=method.upper(), url=url, headers=_headers(header or []), body=content)
    said = _said(adapter, request, time.time() if now is None else now)
    _print(said)
    if said.get("verified") is False:
        raise typer.Exit(REFUSED)


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(help="JSON lines: method, url, headers, body (base64), received_at.")
    ],
    name: Annotated[str, typer.Option("--adapter", help="The adapter; else by the recorded address.")] = "",
    to: Annotated[str, typer.Option(help="Post to the service at this address; else only read here.")] = "",
    secret: Secrets = None,
    settings: Settings = None,
) -> None:
    """Read a recorded call, one line of JSON a message, each at the time at which it came.

    With --to, a running service gets the messages as they were recorded. It reads them by its own clock and
    secrets, so what signs the time is refused as stale there minutes after it was recorded. Exit code 3 when
    a message was refused.
    """
    from alliancekit.testing.recorded import read_recorded

    refused = False
    built: dict[str, WebhookAdapter] = {}
    for one in read_recorded(file):
        called = name or _named_in(one.request.url)
        if to:
            status = _post(to, called, one)
            said: dict[str, Any] = {"status": status}
            refused |= status >= 400
        else:
            if called not in built:
                built[called] = _adapter(called, secret or [], settings or [])
            said = _said(built[called], one.request, one.at)
            refused |= said.get("verified") is False
        _print({"adapter": called, "received_at": one.at, **said}, indent=None)
    if refused:
        raise typer.Exit(REFUSED)


def _said(adapter: WebhookAdapter, request: RawRequest, now: float) -> dict[str, Any]:
    from alliancekit.adapters import Challenge, Rejected
    from alliancekit.inbound.reading import parsed, verified

    try:
        found = verified(adapter, request, now)
        if isinstance(found, Challenge):
            text = found.body.decode("utf-8", "backslashreplace")
            return {"challenge": {"status": found.status, "body": text}}
        events = parsed(adapter, found, now)
    except Rejected as refused:
        return {"verified": False, "reason": refused.reason}
    return {"verified": True, "events": [asdict(one) for one in events]}


def _named_in(url: str) -> str:
    before, found, rest = url.partition("/v1/adapters/")
    if not (before and found and rest):
        raise ConfigError("A recorded address names no adapter.", fix="Name it: --adapter NAME.")
    return rest.partition("/")[0]


def _headers(given: list[str]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for one in given:
        name, found, value = one.partition(":")
        if not (found and name.strip()):
            raise typer.BadParameter("a header is 'Name: value'", param_hint="--header")
        key = name.strip().lower()
        headers[key] = (*headers.get(key, ()), value.strip())
    return headers


def _adapter(name: str, secrets: list[str], given: list[str]) -> WebhookAdapter:
    """The adapter of this name with settings from the command line.

    Raises:
        PluginError: there is none, it takes nothing that a platform posts, or the settings do not fit; no
            value is repeated.
    """
    from alliancekit.adapters import WebhookAdapter
    from alliancekit.errors import AllianceKitError
    from alliancekit.isolation import ANYTHING
    from alliancekit.plugins.find import GROUPS, find
    from alliancekit.plugins.loader import explain, load

    found = {
        known: tuple(offer for offer in offers if offer.group == GROUPS[1])
        for known, offers in find().items()
    }
    installed = sorted(known for known, offers in found.items() if offers)
    if name not in installed:
        raise PluginError(f"No adapter {name!r} is installed.", fix=f"There are: {', '.join(installed)}.")
    try:
        plugin = found[name][0].entry_point.load()
        built = load(name, None, found, _values(plugin, secrets, given), _no_rows)
        registered = tuple(built.register_adapters())
    except (AllianceKitError, typer.BadParameter):
        raise
    except ANYTHING as error:
        why = explain(error)
        raise PluginError(f"The adapter {name} cannot be used: {why.reason}", fix=why.fix) from None
    for adapter in registered:
        if isinstance(adapter, WebhookAdapter):
            return adapter
    raise PluginError(f"The adapter {name} takes nothing that a platform posts.")


def _no_rows(plugin: object) -> PluginData:
    raise PluginError("The adapter keeps rows of its own, which there are none of outside of a service.")


def _values(plugin: Any, secrets: list[str], given: list[str]) -> dict[str, Any]:
    """The adapter's settings by field: the secrets, and what `--setting` says."""
    from alliancekit.plugins.settings import settings_model

    model = settings_model(plugin)
    fields = {} if model is None else model.model_fields
    values: dict[str, Any] = {}
    hidden = [_secret(one) for one in secrets]
    if hidden and "secrets" in fields:
        values["secrets"] = hidden
    elif hidden and "secret" in fields:
        values["secret"] = hidden[0]
    elif hidden:
        raise ConfigError(
            "The adapter has no setting secrets.", fix="Give what it needs by --set FIELD=VALUE."
        )
    for one in given:
        field, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter("a setting is FIELD=VALUE", param_hint="--set")
        kind = None if field not in fields else fields[field].annotation
        values[field] = _secret(value) if "SecretStr" in str(kind) else value
    return values


def _secret(given: str) -> SecretStr:
    """A secret from the command line: itself, or what `env:NAME` and `file:PATH` refer to."""
    from pydantic import SecretStr

    from alliancekit.secret_refs import SecretRef

    way, _, place = given.partition(":")
    if way == "env" and place:
        return SecretRef(env=place).read()
    if way == "file" and place:
        return SecretRef(file=Path(place)).read()
    return SecretStr(given)


def _post(service: str, name: str, one: Recorded) -> int:
    """Post a recorded message to a running service; the status of its answer."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    base = urlsplit(service.rstrip("/"))
    if base.scheme not in {"http", "https"} or not base.hostname:
        raise typer.BadParameter("an address is http://host:port", param_hint="--to")
    make = HTTPSConnection if base.scheme == "https" else HTTPConnection
    query = urlsplit(one.request.url).query
    target = f"{base.path}/v1/adapters/{name}/events" + (f"?{query}" if query else "")
    connection = make(base.hostname, base.port, timeout=SECONDS)
    try:
        connection.putrequest(one.request.method, target, skip_accept_encoding=True)
        for key, values in one.request.headers.items():
            if key not in {"host", "content-length", "transfer-encoding", "connection"}:
                for value in values:
                    connection.putheader(key, value)
        connection.putheader("Content-Length", str(len(one.request.body)))
        connection.endheaders(one.request.body)
        return connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        raise ConfigError(
            f"The service at {service} does not answer ({type(error).__name__}).",
            fix="Start it with `alliancekit serve`, or correct --to.",
        ) from None
    finally:
        connection.close()
