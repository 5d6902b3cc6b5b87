"""Who calls: addresses behind proxies, budgets over HTTP, one line a request without its path."""

from __future__ import annotations

import logging
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from tests.services import BASE_URL, MakeSite, Site, bearer, full

from alliancekit.server.app import create_app
from alliancekit.server.callers import Addresses

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def address(peer: str | None, *forwarded: str, trusted: Any = TRUSTED) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Addresses(trusted).of({"client": None if peer is None else (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", (), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7, 10.0.0.2",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1", "203.0.113.7"), "203.0.113.7"),
        ("10.0.0.1", ("nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("<script>, 203.0.113.7",), "203.0.113.7"),
        ("::1", ("[2001:db8::1]",), "2001:db8::/64"),
        # What a client says by itself is not believed.
        ("9.9.9.9", ("198.51.100.1",), "9.9.9.9"),
        # A proxy that nobody named: whoever is behind it cannot be told apart.
        ("192.168.0.1", ("198.51.100.1",), ""),
        (None, (), ""),
        ("unix:", (), ""),
    ],
)
def test_the_address_of_who_sent_it(peer: str | None, forwarded: tuple[str, ...], found: str) -> None:
    assert address(peer, *forwarded) == found


def test_a_proxy_that_nobody_named_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    addresses = Addresses(())
    scope = {"client": ("192.168.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.7")]}
    with caplog.at_level(logging.WARNING, "alliancekit"):
        assert [addresses.of(scope) for _ in range(3)] == ["", "", ""]
    assert len(caplog.records) == 1
    assert "192.168.0.1" in caplog.text
    assert "203.0.113.7" not in caplog.text


# budgets ------------------------------------------------------------------------------------------


def assert_refused(reply: httpx.Response, seconds: int) -> None:
    assert reply.status_code == 429
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["retry-after"] == str(seconds)
    assert reply.json()["type"].endswith("/too-many-requests")
    assert f"in {seconds} s" in reply.json()["detail"]


def metrics_of(site: Site) -> dict[tuple[str, ...], int]:
    return dict(site.service.metrics.limited.values)


async def test_a_tenant_has_its_own_budget_whatever_key_it_uses(make_site: MakeSite) -> None:
    site = await make_site(limits={"tenant": "2/minute"})
    _, other = await site.another_tenant()
    assert [(await site.get("/v1/adapters")).status_code for _ in range(2)] == [200, 200]
    assert_refused(await site.get("/v1/adapters"), 30)
    assert (await site.get("/v1/adapters", key=other)).status_code == 200
    site.clock.now += 30
    assert (await site.get("/v1/adapters")).status_code == 200
    assert metrics_of(site) == {("tenant",): 1}


async def test_a_participant_has_their_own_and_an_answer_that_was_refused_is_taken_later(
    make_site: MakeSite,
) -> None:
    site = await make_site(limits={"participant": "2/minute"})
    meeting = await site.held()
    mine = bearer(meeting.client.token)
    prompt = (await site.http.get("/v1/prompts/current", headers=mine)).json()["prompt"]
    assert (await site.http.get("/v1/prompts/current", headers=mine)).status_code == 200
    answer: dict[str, Any] = {
        "json": {"prompt": prompt["id"], "answers": full(prompt, 3)},
        "headers": {**mine, "Idempotency-Key": "once"},
    }
    assert_refused(await site.http.post("/v1/responses", **answer), 30)
    theirs = bearer(meeting.therapist.token)
    assert (await site.http.get("/v1/prompts/current", headers=theirs)).status_code == 200
    site.clock.now += 30
    assert (await site.http.post("/v1/responses", **answer)).status_code == 201
    await site.settle()


async def test_guessing_is_slow_and_whom_we_know_is_not_in_its_budget(make_site: MakeSite) -> None:
    site = await make_site(limits={"address": "3/minute"})
    meeting = await site.session()
    for _ in range(10):
        assert (await site.get("/v1/adapters")).status_code == 200
        current = await site.http.get("/v1/prompts/current", headers=bearer(meeting.client.token))
        assert current.status_code == 200
    guesses = [await site.get("/v1/adapters", key=f"ak_guess_{number}") for number in range(4)]
    assert [reply.status_code for reply in guesses[:3]] == [401, 401, 401]
    assert_refused(guesses[3], 20)
    assert (await site.http.get("/healthz")).status_code == 200
    assert (await site.http.get("/readyz")).status_code == 200
    assert (await site.http.post("/v1/adapters/push/events")).status_code != 429
    site.clock.now += 20
    assert (await site.get("/v1/adapters", key="ak_guess_again")).status_code == 401
    assert metrics_of(site) == {("address",): 1}


async def test_pages_of_other_origins_may_read_a_refusal(make_site: MakeSite) -> None:
    site = await make_site(limits={"address": "1/minute"})
    app = create_app(site.service, base_url=BASE_URL, allowed_origins=["https://clinic.example"])
    origin = {"Origin": "https://clinic.example"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL) as http:
        await http.get("/v1/prompts/current", headers=origin)
        refused = await http.get("/v1/prompts/current", headers=origin)
    assert_refused(refused, 60)
    assert refused.headers["access-control-allow-origin"] == "https://clinic.example"
    assert "retry-after" in refused.headers["access-control-expose-headers"].lower()


async def test_limits_can_be_off(make_site: MakeSite) -> None:
    site = await make_site(limits={"tenant": "off", "participant": "off", "address": "off"})
    for _ in range(50):
        assert (await site.get("/v1/adapters")).status_code == 200
        assert (await site.get("/v1/adapters", key="ak_wrong")).status_code == 401
    assert len(site.service.limiter) == 0


# a line a request -------------------------------------------------------------------------------


async def test_a_request_is_told_by_its_route_never_by_its_path(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    meeting = await site.held()
    link = meeting.client.rating_url.rpartition("/")[2]
    caplog.clear()
    with caplog.at_level(logging.INFO, "alliancekit.requests"):
        await site.http.get(f"/r/{link}?next=https://canary.example/")
        await site.get(f"/v1/sessions/{meeting.id}")
        await site.http.post("/v1/responses", headers=bearer("canary"), content=b"canary")
        await site.http.post("/v1/adapters/canary/events")
        await site.http.request("CANARY", "/canary")
        await site.http.get("/healthz")
    lines: list[Any] = [one for one in caplog.records if getattr(one, "event", "") == "request"]
    found = [(one.method, one.route, one.status, getattr(one, "tenant", "")) for one in lines]
    assert found == [
        ("GET", "/r/{link}", 200, ""),
        ("GET", "/v1/sessions/{session}", 200, site.tenant),
        ("POST", "/v1/responses", 401, ""),
        ("POST", "/v1/adapters/{name}/events", 404, ""),
        ("other", "none", 404, ""),
    ]
    assert all(one.seconds >= 0 for one in lines)


async def test_request_lines_can_be_off(make_site: MakeSite, caplog: pytest.LogCaptureFixture) -> None:
    site = await make_site(log={"requests": False})
    with caplog.at_level(logging.DEBUG, "alliancekit.requests"):
        await site.get("/v1/adapters")
    assert [one for one in caplog.records if one.name == "alliancekit.requests"] == []
    assert len(site.service.metrics.requests.buckets) == 1
