"""The client against the OpenAPI document, and every operation of both variants against a real service."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter, create_model
from tests.services import MakeSite, Site, on_network

from alliancekit.client import AllianceKit, AsyncAllianceKit, NotFoundError, Participant
from alliancekit.client import operations as groups
from alliancekit.client.calls import Group, operation
from alliancekit.client.models import Export

KEY = {"tenant key": []}


def described() -> Iterator[tuple[str, operation[Any, Any]]]:
    """Every operation of the client, by group and name."""
    for kind in vars(groups).values():
        if inspect.isclass(kind) and issubclass(kind, Group) and kind is not Group:
            for name, found in vars(kind).items():
                if isinstance(found, operation):
                    yield f"{kind.__name__}.{name}", found


def test_the_clients_have_every_group() -> None:
    with AllianceKit("http://alliancekit.test", "ak_x") as alliance:
        held = {type(one).__name__ for one in vars(alliance).values() if isinstance(one, Group)}
    assert held == {name.partition(".")[0] for name, _ in described()}


def plain(schema: Any, document: dict[str, Any], *, reply: bool) -> Any:
    """What a schema says about types: references followed, words of a reply's vocabularies as strings."""
    if "$ref" in schema:
        found = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return plain(found, document, reply=reply)
    if "anyOf" in schema:
        kinds = sorted((plain(one, document, reply=reply) for one in schema["anyOf"]), key=repr)
        if not reply and "null" in kinds:
            kinds.remove("null")  # the client leaves out what is None
        return kinds[0] if len(kinds) == 1 else ["any", *kinds]
    kind = schema.get("type")
    if kind == "object":
        if "properties" in schema:
            return {
                name: plain(one, document, reply=reply) for name, one in sorted(schema["properties"].items())
            }
        values = schema.get("additionalProperties", True)
        return ["map", "any" if values is True else plain(values, document, reply=reply)]
    if kind == "array":
        return ["list", plain(schema["items"], document, reply=reply)]
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return kind if reply or words is None else sorted(words)


def required(schema: Any, document: dict[str, Any], at: str = "") -> set[str]:
    """The paths of all fields that must be there."""
    if "$ref" in schema:
        found = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return required(found, document, at)
    paths: set[str] = set()
    for one in schema.get("anyOf", []):
        paths |= required(one, document, at)
    if "items" in schema:
        paths |= required(schema["items"], document, f"{at}[]")
    for name, one in schema.get("properties", {}).items():
        inside = f"{at}.{name}"
        paths |= {inside} if name in schema.get("required", []) else set()
        paths |= required(one, document, inside)
    return paths


@pytest.fixture
async def document(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = (await site.http.get("/openapi.json")).json()
    return found


async def test_every_operation_of_the_key_is_there_with_the_same_fields(document: dict[str, Any]) -> None:
    offered = {
        (method.upper(), path): found
        for path, methods in document["paths"].items()
        for method, found in methods.items()
        if KEY in found.get("security", [])
    }
    assert len(offered) > 15
    asked: dict[tuple[str, str], list[str]] = {}
    for name, one in described():
        hints = typing.get_type_hints(one.describe)
        taken = [each for each in inspect.signature(one.describe).parameters.values() if each.name != "self"]
        call = one.describe(None, **{each.name: each.name for each in taken})
        where = (call.method, call.path)
        assert where in offered, f"{name} asks for what the service does not have"
        asked.setdefault(where, []).append(name)
        theirs = offered[where]

        by = {
            kind: {p["name"] for p in theirs.get("parameters", []) if p["in"] == kind}
            for kind in ("path", "query")
        }
        assert (set(call.places), set(call.query)) == (by["path"], by["query"]), name

        body = theirs.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        assert (call.body is None) == (body is None), name
        if call.body is not None:
            sent = {
                each.name: (hints[each.name], ... if each.default is each.empty else each.default)
                for each in taken
                if each.name in call.body
            }
            fixed = {key: (Literal[word], word) for key, word in call.body.items() if key not in sent}
            ours = create_model("Sent", **typing.cast("Any", sent | fixed)).model_json_schema()
            kinds = body.get("oneOf", [body])
            assert len(asked[where]) <= len(kinds), f"{asked[where]} are the same"
            by_fields = {repr(plain(one, document, reply=False)): one for one in kinds}
            kind = by_fields.get(repr(plain(ours, ours, reply=False)))
            assert kind is not None, f"{name} sends {plain(ours, ours, reply=False)}, not {set(by_fields)}"
            assert required(ours, ours) == required(kind, document) - {f".{key}" for key in fixed}, name

        ((_, reply),) = [(code, r) for code, r in theirs["responses"].items() if code.startswith("2")]
        content = reply.get("content", {})
        if call.reply is type(None):
            assert content == {}, name
        elif call.reply is Export:
            assert set(content) == {"application/octet-stream"}, name
        else:
            schema = content["application/json"]["schema"]
            ours = TypeAdapter(call.reply).json_schema()
            assert plain(ours, ours, reply=True) == plain(schema, document, reply=True), name
            assert required(ours, ours) <= required(schema, document), name
    assert set(offered) - set(asked) == set()
    for where, names in asked.items():
        body = offered[where].get("requestBody", {}).get("content", {}).get("application/json", {})
        assert len(names) == len(body.get("schema", {}).get("oneOf", [None])), names


# a running service ------------------------------------------------------------------------------------------

Do = Callable[..., Awaitable[Any]]


@pytest.fixture
async def here(make_site: MakeSite, tmp_path: Path) -> Site:
    settings = {"outbox_folder": {"folder": str(tmp_path / "letters")}}
    return await make_site(
        webhooks={"allow_networks": ["127.0.0.0/8"]},
        plugins={"disabled": ["webrtc"], "also": ["outbox_folder", "bridge"], "settings": settings},
    )


@pytest.mark.parametrize("waits", [True, False], ids=["blocking", "awaited"])
async def test_every_method_against_a_running_service(here: Site, waits: bool) -> None:
    used: set[str] = set()

    async def do(method: Any, *args: Any, **kwargs: Any) -> Any:
        used.add(method.__qualname__)
        if waits:
            return await asyncio.to_thread(method, *args, **kwargs)
        return await method(*args, **kwargs)

    async with on_network(here) as address:
        kind: Any = AllianceKit if waits else AsyncAllianceKit
        alliance = kind(f"http://{address}", here.key)
        try:
            await play(here, alliance, do)
        finally:
            closed = alliance.close()
            if not waits:
                await closed
    assert used == {name for name, _ in described()}


async def play(here: Site, alliance: Any, do: Do) -> None:
    """A vendor's whole day."""
    people = [
        Participant(role="therapist", external_id="dr-3"),
        Participant(role="client", external_id="c-17", language="es"),
    ]
    told = await do(alliance.webhooks.add, url="http://127.0.0.1:9/hooks", events=["session.ended"])
    assert told.secret.startswith("whsec_")
    assert told.secret not in repr(told)

    meeting = {"external_id": "v-1", "episode": "c-17-dr-3", "participants": people}
    made = await do(alliance.sessions.create, **meeting, style="supportive")
    again = await do(alliance.sessions.create, **meeting)
    assert (again.id, again.style) == (made.id, "supportive")
    client = made.of("client")
    assert client.token not in repr(made)

    pulse = await do(alliance.sessions.ask, made.id, moment="in_call", role="client")
    prompt = await do(alliance.prompts.get, pulse.prompts[0])
    assert (prompt.participant, prompt.moment, prompt.status) == (client.id, "in_call", "open")
    assert (await do(alliance.prompts.send, prompt.id, channel="outbox_folder")).status == "sent"
    await here.answer(client.token)

    ended = await do(alliance.sessions.end, made.id)
    assert ended.status == "ended"
    assert [one.status for one in ended.prompts] == ["answered"]
    await here.settle()
    assert (await do(alliance.sessions.get, made.id)).ended_at == ended.ended_at

    series = await do(alliance.episodes.get, made.episode)
    (session,) = series.sessions
    assert (session.external_id, session.settled) == ("v-1", True)
    assert [r.instrument for r in session.responses] == ["pulse"]
    assert session.responses[0].scores is not None
    written = await do(alliance.episodes.export, made.episode, format="csv")
    assert written.name == f"{made.episode}.csv"
    assert b"pulse" in written.content

    (hook,) = (await do(alliance.webhooks.list)).webhooks
    assert (hook.id, hook.events) == (told.id, ("session.ended",))
    assert hook.attempts[0].outcome == "unreachable"
    assert (await do(alliance.webhooks.replay, hook.id, since=0.0)).queued == 1
    assert (await do(alliance.webhooks.enable, hook.id)).disabled_at is None
    assert (await do(alliance.webhooks.new_secret, hook.id)).secret != told.secret
    assert await do(alliance.webhooks.remove, hook.id) is None
    assert (await do(alliance.webhooks.list)).webhooks == ()

    launch = await do(alliance.launches.create, therapist="dr-3")
    assert (await here.http.get(launch.url)).status_code == 303
    own = await do(alliance.launches.for_client, client="c-17", episode=made.episode)
    theirs = await do(alliance.launches.for_supervisor, supervisor="sup-1")
    assert launch.url != own.url != theirs.url
    assert "bridge" in {one.name for one in (await do(alliance.adapters.list)).adapters}
    assert not (await do(alliance.tenant.get)).require_signed
    changed = await do(alliance.tenant.change, require_signed=True)
    assert (changed.require_signed, changed.layout) == (True, "card")
    changed = await do(alliance.tenant.change, layout="steps")
    assert (changed.require_signed, changed.layout) == (True, "steps")

    before = await do(alliance.therapists.get, "dr/3")
    assert (before.ratings, before.practice.ratings, before.choices.link) == (None, "on", False)
    chosen = await do(alliance.therapists.change, "dr/3", pulses="on", pulse_after=15)
    assert (chosen.pulses, chosen.pulse_after, chosen.ratings) == ("on", 15, None)

    assert (await do(alliance.episodes.erase, made.episode)).sessions == 1
    with pytest.raises(NotFoundError) as refused:
        await do(alliance.episodes.get, made.episode)
    assert (refused.value.status, refused.value.slug) == (404, "not-found")
    assert refused.value.fix
