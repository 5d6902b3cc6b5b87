"""`POST /v1/responses` as a page meets it: what is stored, what is refused, what the framework keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from alliancekit.config import load
from alliancekit.server.app import create_app, openapi
from alliancekit.server.bodies import MAX_BODY
from alliancekit.server.capture import PATH
from alliancekit.service import Service

ORIGIN = "https://vendor.example"
Site = tuple[httpx.AsyncClient, Service]


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("SOME_KEY", "k" * 40)
    settings = load(
        data_dir=tmp_path / "data",
        signing_keys=[{"kid": "one", "env": "SOME_KEY"}],
        plugins={"enabled": ["measures"]},
    )
    service = Service(settings)
    app = create_app(service, base_url="http://test", allowed_origins=[ORIGIN])
    await service.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            yield client, service
    finally:
        await service.stop()


async def asked(client: httpx.AsyncClient, service: Service) -> tuple[str, str]:
    """A client's token and open prompt."""
    from alliancekit.store.tenants import create_tenant

    _, key = await service.database.write(lambda conn: create_tenant(conn, "Clinic", service.clock()))
    vendor = {"Authorization": f"Bearer {key}"}
    people = [{"role": role, "external_id": role} for role in ("client", "therapist")]
    new = {"external_id": "m1", "episode": "e1", "participants": people}
    made = (await client.post("/v1/sessions", json=new, headers=vendor)).json()
    moment = {"moment": "end_of_call", "role": "client"}
    prompts = await client.post(f"/v1/sessions/{made['id']}/prompts", json=moment, headers=vendor)
    token = next(one["token"] for one in made["participants"] if one["role"] == "client")
    return token, prompts.json()["prompts"][0]


async def test_an_answer_is_stored_once_and_given_again(site: Site) -> None:
    client, service = site
    token, prompt = await asked(client, service)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    body = {"prompt": prompt, "answers": {"check-in": {"respect": 3}}}
    first = await client.post(PATH, json=body, headers=headers)
    again = await client.post(PATH, json=body, headers=headers)
    assert (first.status_code, first.json()["status"], first.json()["prompt"]) == (201, "stored", prompt)
    assert (again.status_code, again.content) == (201, first.content)
    other = await client.post(PATH, json={**body, "answers": {"check-in": {"respect": 2}}}, headers=headers)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("headers", "body", "status", "slug"),
    [
        ({"Authorization": ""}, b"{}", 401, "not-signed-in"),
        ({"Authorization": "Bearer abc"}, b"{}", 401, "not-signed-in"),
        ({"Idempotency-Key": ""}, b"{}", 400, "idempotency-key"),
        ({"Idempotency-Key": "k" * 256}, b"{}", 400, "idempotency-key"),
        ({}, b'{"prompt": "secret', 422, "invalid-answer"),
        ({}, b" " * (MAX_BODY + 1), 413, "too-large"),
        ({}, b'{"prompt": "prm_none", "answers": {"check-in": {"respect": 3}}}', 404, "not-found"),
    ],
)
async def test_what_does_not_fit_is_a_problem(
    site: Site, headers: dict[str, str], body: bytes, status: int, slug: str
) -> None:
    client, service = site
    token, _ = await asked(client, service)
    good = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    answer = await client.post(PATH, content=body, headers={**good, **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"].endswith(f"/{slug}")
    assert "secret" not in answer.text


async def test_our_own_failure_says_no_more_than_a_reference(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, service = site
    token, prompt = await asked(client, service)

    async def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(service.feedback, "capture", broken)
    answer = await client.post(
        PATH,
        json={"prompt": prompt, "answers": {"check-in": {"respect": 3}}},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "one"},
    )
    assert (answer.status_code, "secret" in answer.text) == (500, False)


async def test_a_vendors_page_may_send_it_from_its_origin(site: Site) -> None:
    client, _ = site
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = await client.options(PATH, headers=asks)
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    refused = await client.post(PATH, headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)


async def test_other_methods_are_the_frameworks_and_the_route_is_documented(
    site: Site,
) -> None:
    client, service = site
    assert (await client.get(PATH)).status_code == 405
    documented = openapi(create_app(service, base_url="http://test"))["paths"][PATH]["post"]
    assert {"201", "400", "401", "409", "422"} <= set(documented["responses"])
