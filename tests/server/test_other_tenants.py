"""Another tenant's ids on every operation of the API, and every kind of token where another belongs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.services import PLAIN, MakeSite, Meeting, Site, bearer, session_body

from alliancekit.server.app import openapi
from alliancekit.server.tokens import (
    ClientClaims,
    ClientLaunchClaims,
    Key,
    LaunchClaims,
    LinkClaims,
    ParticipantClaims,
    PasswordClaims,
    SupervisorClaims,
    SupervisorLaunchClaims,
    TherapistClaims,
    Tokens,
)

BODIES: dict[str, Any] = {
    "POST /v1/prompts/{prompt}/dismiss": {"reason": "later"},
    "POST /v1/prompts/{prompt}/seen": {"channel": "page"},
    "POST /v1/responses": {"prompt": "{prompt}", "answers": {"check-in": {"respect": 4}}},
    "POST /v1/sessions": session_body(external_id="theirs", episode="their course"),
    "POST /v1/sessions/{session}/prompts": {"moment": "follow_up"},
    "POST /v1/prompts/{prompt}/send": {"channel": "outbox_folder"},
    "POST /v1/launches": {"role": "client", "episode": "{episode}", "client": "c1"},
    "PATCH /v1/tenant": {"require_signed": True},
    "PATCH /v1/therapists/{therapist}/settings": {"ratings": "on"},
    "PUT /v1/supervisors/{supervisor}": {"therapists": ["t1"]},
    "POST /v1/webhooks": {"url": "https://hooks.example/"},
    "POST /v1/webhooks/{webhook}/replay": {"since": 0},
}
OWN = {
    *("GET /v1/tenant", "GET /v1/adapters", "GET /v1/webhooks", "GET /v1/prompts/current"),
    *("POST /v1/sessions", "PATCH /v1/tenant", "POST /v1/webhooks"),
    *("GET /v1/therapists/{therapist}/settings", "PATCH /v1/therapists/{therapist}/settings"),
    *("GET /v1/supervisors/{supervisor}", "PUT /v1/supervisors/{supervisor}"),
}
"""Operations that name no id of ours: they answer with what is the caller's own."""

NAMES = {"therapist": "t1", "supervisor": "sup-1"}
"""A vendor's own identifiers, which two vendors may both use."""

NOT_OURS = {"POST /v1/adapters/{name}/events"}
"""A platform's: signed by it, for no tenant."""


def operations(site: Site) -> Iterator[tuple[str, bool]]:
    """Every documented operation, and whether it is a participant's."""
    for path, methods in openapi(site.app)["paths"].items():  # type: ignore[arg-type]
        for method, said in methods.items():
            name = f"{method.upper()} {path}"
            if name not in NOT_OURS:
                assert ("requestBody" in said) == (name in BODIES), f"give {name} a body here"
                yield name, "participant token" in str(said["security"])


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(each, ids) for key, each in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


async def call(site: Site, name: str, ids: dict[str, str], token: str) -> httpx.Response:
    method, path = name.split(" ")
    body = filled(BODIES[name], ids) if name in BODIES else None
    headers = bearer(token) | {"Idempotency-Key": "one"}
    return await site.http.request(method, path.format(**ids, **NAMES), json=body, headers=headers)


async def rows_of(site: Site, tenant: str) -> list[str]:
    return [f"{table} {row}" for table, rows in (await site.rows()).items() for row in rows if tenant in row]


async def ids_of(site: Site, meeting: Meeting) -> dict[str, str]:
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    hook = (await site.post("/v1/webhooks", {"url": "https://hooks.clinic.example/"})).json()
    return {
        "session": meeting.id,
        "episode": meeting.episode,
        "prompt": prompt["id"],
        "webhook": hook["id"],
    }


async def test_another_tenants_ids_look_like_none(make_site: MakeSite, url: str, tmp_path: Path) -> None:
    settings = {"outbox_folder": {"folder": str(tmp_path / "letters")}}
    site = await make_site(url=url, plugins=PLAIN | {"also": ["outbox_folder"], "settings": settings})
    mine = await site.held(external_id="theirs", episode="their course")
    ids = await ids_of(site, mine)
    _, key = await site.another_tenant()
    others = await site.session(key=key)
    await site.settle()
    before = await rows_of(site, site.tenant)
    private = {*ids.values(), site.tenant, "hooks.clinic.example", *(one.id for one in mine.people)}
    assert site.service.plugins.channels, "without one, sending would be refused for another reason"
    seen = set()
    for name, participants in operations(site):
        reply = await call(site, name, ids, others.client.token if participants else key)
        seen.add(name)
        if name in OWN:
            assert reply.is_success, f"{name}: {reply.text}"
        else:
            assert reply.status_code in {403, 404}, f"{name}: {reply.status_code} {reply.text}"
        assert not any(each in reply.text for each in private), f"{name}: {reply.text}"
    assert seen >= set(BODIES) | OWN
    assert await rows_of(site, site.tenant) == before


async def test_the_same_ids_work_for_their_own_tenant(site: Site) -> None:
    """Otherwise the test above would pass with ids that are nobody's."""
    mine = await site.held()
    ids = await ids_of(site, mine)
    for name, participants in operations(site):
        if name.startswith("GET"):
            reply = await call(site, name, ids, mine.client.token if participants else site.key)
            assert reply.status_code == 200, f"{name}: {reply.text}"


@pytest.mark.parametrize("key", ["", "ak_", "ak_unknown", "ak_" + "A" * 43, "key_1", "ключ", "x" * 10_000])
async def test_an_unknown_key_is_refused_everywhere_and_not_repeated(make_site: MakeSite, key: str) -> None:
    site = await make_site(limits={"address": "off"})
    mine = await site.held()
    ids = await ids_of(site, mine)
    before = await rows_of(site, site.tenant)
    for name, _ in operations(site):
        method, path = name.split(" ")
        headers = {b"authorization": b"Bearer " + key.encode(), b"idempotency-key": b"one"}
        body = filled(BODIES[name], ids) if name in BODIES else None
        reply = await site.http.request(method, path.format(**ids, **NAMES), json=body, headers=headers)
        assert reply.status_code == 401, f"{name}: {reply.text}"
        assert len(key) < 4 or key not in reply.text
    assert await rows_of(site, site.tenant) == before


# tokens ---------------------------------------------------------------------------------------------

Route = Callable[[Site, str], Awaitable[httpx.Response]]


def cookie(path: str, name: str) -> Route:
    return lambda site, token: site.http.get(path, headers={"Cookie": f"{name}={token}"})


ROUTES: dict[str, tuple[type | None, int, Route]] = {
    "a participant's": (
        ParticipantClaims,
        401,
        lambda s, t: s.http.get("/v1/prompts/current", headers=bearer(t)),
    ),
    "a vendor's": (None, 401, lambda s, t: s.http.get("/v1/tenant", headers=bearer(t))),
    "a therapist's page": (TherapistClaims, 401, cookie("/therapist", "ak_therapist")),
    "a therapist's account": (TherapistClaims, 303, cookie("/therapist/account", "ak_therapist")),
    "a supervisor's account": (SupervisorClaims, 303, cookie("/supervisor/account", "ak_supervisor")),
    "a launch": (LaunchClaims, 403, lambda s, t: s.http.get("/therapist", params={"launch": t})),
    "a rating link": (LinkClaims, 410, lambda s, t: s.http.get(f"/r/{t}")),
}
"""What each route takes, and how it refuses everything else."""


async def test_every_token_opens_its_own_route_only(make_site: MakeSite) -> None:
    site = await make_site(limits={"address": "off"})
    meeting = await site.held()
    who = {"tenant": site.tenant, "session": meeting.id, "participant": meeting.client.id}
    kinds = [
        ParticipantClaims(**who, role="client"),
        LinkClaims(**who, role="client"),
        TherapistClaims(tenant=site.tenant, therapist="t1"),
        SupervisorClaims(tenant=site.tenant, supervisor="s1"),
        ClientClaims(tenant=site.tenant, episode=meeting.episode, client="c1"),
        LaunchClaims(tenant=site.tenant, therapist="t1"),
        SupervisorLaunchClaims(tenant=site.tenant, supervisor="s1"),
        ClientLaunchClaims(tenant=site.tenant, episode=meeting.episode, client="c1"),
        PasswordClaims(tenant=site.tenant, account="acc_1", password_at="1.0"),
    ]
    tokens: Tokens = site.app.backend.tokens  # type: ignore[attr-defined]
    foreign = Tokens([Key("test", b"x" * 64)], issuer="alliancekit")
    for claims in kinds:
        good = tokens.issue(claims)
        head, body, mac = good.split(".")
        bad = {
            "expired": tokens.issue(claims, at=time.time() - claims.longest - 60),
            "not yet valid": tokens.issue(claims, at=time.time() + 3600),
            "altered body": f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{mac}",
            "altered signature": f"{head}.{body}.{mac[:5]}{'A' if mac[5] != 'A' else 'B'}{mac[6:]}",
            "without signature": f"{head}.{body}.",
            "of another key": foreign.issue(claims),
        }
        for name, (takes, refusal, ask) in ROUTES.items():
            for what, token in bad.items():
                reply = await ask(site, token)
                assert reply.status_code == refusal, f"{type(claims).__name__}, {what}, on {name}"
                assert "set-cookie" not in reply.headers
                assert mac not in reply.text
            if type(claims) is not takes:
                reply = await ask(site, good)
                assert reply.status_code == refusal, f"{type(claims).__name__} on {name}"
                assert "set-cookie" not in reply.headers
        for takes, _, ask in ROUTES.values():
            if type(claims) is takes:
                assert (await ask(site, good)).status_code in {200, 303}
