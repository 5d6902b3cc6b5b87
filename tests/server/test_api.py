"""The vendor's side of the HTTP API, its refusals, and the OpenAPI document."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from tests.services import MakeSite, Meeting, Site, bearer, meeting_of, session_body

from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.server.app import openapi
from alliancekit.server.tokens import ParticipantClaims
from alliancekit.sessions import Present
from alliancekit.store import tenants

SECRET = "my sister Ana left me"
"""What somebody might type where it does not belong; no refusal repeats it."""


def assert_problem(reply: httpx.Response, status: int, slug: str = "") -> None:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert set(body) - {"fix"} == {"type", "title", "status", "detail"}
    assert body["detail"].endswith(body.get("fix", ""))
    assert body["status"] == status
    assert body["type"].endswith(slug)
    assert body["detail"]
    assert SECRET not in reply.text
    assert "Ana" not in reply.text


# sessions -----------------------------------------------------------------------------------------


async def test_a_session_is_created_with_a_token_and_a_link_for_everybody(each_site: Site) -> None:
    site = each_site
    reply = await site.post("/v1/sessions", session_body(external_id="m1", episode="e1"))
    assert reply.status_code == 201
    created = reply.json()
    assert (created["style"], created["measure"]) == ("supportive", "check-in")
    meeting = meeting_of(created)
    for person in meeting.people:
        assert await site.current(person.token) is None
        assert person.rating_url.startswith("http://alliancekit.test/r/")
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert state["status"] == "waiting"
    assert (state["external_id"], state["number"], state["segments"]) == ("m1", 1, [])


async def test_the_same_external_id_gives_the_same_session_again(each_site: Site) -> None:
    body = session_body()
    first, again = [(await each_site.post("/v1/sessions", body)).json() for _ in range(2)]
    assert (first["id"], first["episode"]) == (again["id"], again["episode"])
    assert [p["id"] for p in first["participants"]] == [p["id"] for p in again["participants"]]
    later = await each_site.session(episode=body["episode"])
    assert later.episode == first["episode"]
    assert (await each_site.get(f"/v1/sessions/{later.id}")).json()["number"] == 2


async def test_an_external_id_belongs_to_one_episode(site: Site) -> None:
    body = session_body()
    await site.post("/v1/sessions", body)
    before = await site.rows()
    assert_problem(await site.post("/v1/sessions", body | {"episode": "another"}), 409, "conflict")
    assert await site.rows() == before


BAD_SESSIONS: dict[str, dict[str, Any]] = {
    "unknown style": {"style": SECRET},
    "unknown measure": {"measure": SECRET},
    "unknown field": {SECRET: 1},
    "unknown field of a participant": {
        "participants": [{"role": "client", "external_id": "c", SECRET: SECRET}]
    },
    "unknown role": {"participants": [{"role": SECRET, "external_id": "c"}]},
    "nobody": {"participants": []},
    "empty id": {"external_id": ""},
    "long id": {"external_id": "x" * 201},
    "wrong type": {"episode": 7},
    "bad language": {"participants": [{"role": "client", "external_id": "c", "language": SECRET}]},
    "control character": {"external_id": "a\x00b"},
    "control character of a participant": {"participants": [{"role": "client", "external_id": "a\x00b"}]},
}


@pytest.mark.parametrize("wrong", BAD_SESSIONS.values(), ids=BAD_SESSIONS)
async def test_a_session_of_another_form_is_refused(each_site: Site, wrong: dict[str, Any]) -> None:
    before = await each_site.rows()
    assert_problem(await each_site.post("/v1/sessions", session_body() | wrong), 422, "invalid-request")
    assert await each_site.rows() == before


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "null", "[" * 5000, '{"a": 1e999}'])
async def test_a_body_that_is_no_object_is_refused(site: Site, body: str) -> None:
    headers = bearer(site.key) | {"Content-Type": "application/json"}
    reply = await site.http.post("/v1/sessions", content=body, headers=headers)
    assert reply.status_code in {400, 422}
    assert_problem(reply, reply.status_code, "invalid-request")


async def test_a_huge_body_is_refused_unread(site: Site) -> None:
    session = await site.session()
    for path in ("/v1/sessions", f"/v1/sessions/{session.id}/prompts", "/v1/launches"):
        assert_problem(await site.post(path, {"external_id": "x" * 2_000_000}), 413, "too-large")


async def test_the_style_falls_to_the_configured_one(make_site: MakeSite) -> None:
    site = await make_site(default_style="directive")
    reply = await site.post("/v1/sessions", session_body(style=None))
    assert reply.json()["style"] == "directive"


# the end ------------------------------------------------------------------------------------------


async def test_ending_twice_changes_nothing(each_site: Site) -> None:
    meeting = await each_site.held()
    path = f"/v1/sessions/{meeting.id}"
    state = (await each_site.get(path)).json()
    assert (state["status"], state["end_reason"], state["end_confidence"]) == ("ended", "explicit", 1.0)
    assert state["seconds"] == 1800
    assert [segment["left_at"] - segment["joined_at"] for segment in state["segments"]] == [1800, 1800]
    before = await each_site.rows()
    each_site.clock.now += 60
    again = await each_site.post(f"{path}/end")
    await each_site.settle()
    assert (again.status_code, again.json()) == (200, state)
    assert await each_site.rows() == before
    assert [prompt["moment"] for prompt in state["prompts"]] == ["end_of_call", "end_of_call"]


# asking -------------------------------------------------------------------------------------------


async def test_asking_now_asks_each_person_once(each_site: Site) -> None:
    site = each_site
    meeting = await site.session()
    await site.join(meeting)
    path = f"/v1/sessions/{meeting.id}/prompts"
    first = await site.post(path, {"moment": "in_call", "role": "client"})
    assert (first.status_code, len(first.json()["prompts"])) == (201, 1)
    assert (await site.post(path, {"moment": "in_call"})).json() == {"prompts": []}
    shown = await site.current(meeting.client.token)
    assert shown is not None
    assert (shown["id"], shown["moment"], shown["role"]) == (first.json()["prompts"][0], "in_call", "client")
    assert await site.current(meeting.therapist.token) is None


async def test_who_let_a_pulse_expire_can_be_asked_again(site: Site) -> None:
    meeting = await site.session()
    await site.join(meeting)
    path = f"/v1/sessions/{meeting.id}/prompts"
    [first] = (await site.post(path, {"moment": "in_call"})).json()["prompts"]
    await site.wait(meeting, 601)
    assert await site.current(meeting.client.token) is None
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert [(prompt["id"], prompt["status"]) for prompt in state["prompts"]] == [(first, "expired")]
    [second] = (await site.post(path, {"moment": "in_call"})).json()["prompts"]
    assert second != first
    shown = await site.current(meeting.client.token)
    assert shown is not None
    assert shown["id"] == second


async def test_nobody_is_asked_in_a_call_that_is_over(site: Site) -> None:
    meeting = await site.held()
    before = await site.rows()
    reply = await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call"})
    assert_problem(reply, 409, "conflict")
    again = await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "end_of_call"})
    assert again.json() == {"prompts": []}
    assert await site.rows() == before


@pytest.mark.parametrize(
    "body", [{}, {"moment": SECRET}, {"moment": "in_call", "role": SECRET}, {"moment": "in_call", SECRET: 1}]
)
async def test_asking_in_another_form_is_refused(site: Site, body: dict[str, Any]) -> None:
    meeting = await site.session()
    assert_problem(await site.post(f"/v1/sessions/{meeting.id}/prompts", body), 422, "invalid-request")


# dismissing ---------------------------------------------------------------------------------------


async def test_a_postponed_prompt_comes_back_and_a_skipped_one_does_not(each_site: Site) -> None:
    site = each_site
    meeting = await site.held()
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    path = f"/v1/prompts/{prompt['id']}/dismiss"
    assert (await site.post(path, {"reason": "later"}, key=meeting.client.token)).status_code == 204
    assert await site.current(meeting.client.token) is None
    site.clock.now += 301
    assert await site.current(meeting.client.token) == prompt
    assert (await site.post(path, {"reason": "skip"}, key=meeting.client.token)).status_code == 204
    site.clock.now += 301
    assert await site.current(meeting.client.token) is None


async def test_only_the_asked_person_dismisses(site: Site) -> None:
    meeting = await site.held()
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    before = await site.rows()
    path = f"/v1/prompts/{prompt['id']}/dismiss"
    assert_problem(await site.post(path, {"reason": "skip"}, key=meeting.therapist.token), 404, "not-found")
    assert_problem(await site.post(path, {"reason": SECRET}, key=meeting.client.token), 422)
    assert await site.rows() == before


# episodes and launches ----------------------------------------------------------------------------


async def test_an_episode_holds_its_sessions_in_order(each_site: Site) -> None:
    site = each_site
    first = await site.held(episode="e1")
    await site.answer(first.client.token)
    second = await site.session(episode="e1")
    series = await site.episode(first)
    assert [(one["id"], one["number"], one["status"]) for one in series["sessions"]] == [
        (first.id, 1, "ended"),
        (second.id, 2, "waiting"),
    ]
    point = series["sessions"][0]
    assert point["settled"]
    [response] = point["responses"]
    scores = {one["scale"]: one["percent"] for one in response["scores"]}
    assert scores == {"bond": 75.0, "goal": 75.0, "task": 75.0, "total": 75.0}
    assert point["guidance"]


async def test_a_launch_is_a_link_to_the_therapists_pages(site: Site) -> None:
    reply = await site.post("/v1/launches", {"therapist": "t1"})
    assert reply.status_code == 201
    assert reply.json()["url"].startswith("http://alliancekit.test/therapist?launch=")
    assert_problem(await site.post("/v1/launches", {"therapist": ""}), 422)
    assert_problem(await site.post("/v1/launches", {}), 422)


# who may ------------------------------------------------------------------------------------------


def vendor_calls(meeting: Meeting) -> list[tuple[str, str, Any]]:
    return [
        ("POST", "/v1/sessions", session_body()),
        ("GET", f"/v1/sessions/{meeting.id}", None),
        ("POST", f"/v1/sessions/{meeting.id}/end", None),
        ("POST", f"/v1/sessions/{meeting.id}/prompts", {"moment": "end_of_call"}),
        ("GET", f"/v1/episodes/{meeting.episode}", None),
        ("POST", "/v1/launches", {"therapist": "t1"}),
        ("GET", "/v1/webhooks", None),
        ("POST", "/v1/webhooks", {"url": "https://127.0.0.1/"}),
        ("DELETE", "/v1/webhooks/whk_none", None),
        ("POST", "/v1/webhooks/whk_none/replay", {"since": 0}),
    ]


def page_calls(prompt: str) -> list[tuple[str, str, Any]]:
    return [
        ("GET", "/v1/prompts/current", None),
        ("POST", f"/v1/prompts/{prompt}/dismiss", {"reason": "skip"}),
        ("POST", "/v1/responses", {"prompt": prompt, "answers": {"check-in": {"hope": 1}}}),
    ]


async def request(site: Site, call: tuple[str, str, Any], headers: dict[str, str]) -> httpx.Response:
    method, path, body = call
    return await site.http.request(method, path, json=body, headers=headers | {"Idempotency-Key": "k"})


async def test_another_tenant_finds_nothing(each_site: Site) -> None:
    site = each_site
    meeting = await site.held()
    _, other = await site.another_tenant()
    before = await site.rows()
    for call in vendor_calls(meeting)[1:5]:
        theirs = await request(site, call, bearer(other))
        assert_problem(theirs, 404, "not-found")
        unknown = tuple(
            part.replace(meeting.id, "ses_none").replace(meeting.episode, "epi_none") for part in call[:2]
        )
        nobodys = await request(site, (*unknown, call[2]), bearer(other))  # type: ignore[arg-type]
        assert nobodys.content == theirs.content, "the answer tells that it exists"
    assert await site.rows() == before
    mine = await site.session(external_id="shared")
    theirs_too = await site.session(external_id="shared", key=other)
    assert mine.id != theirs_too.id
    series = (await site.get(f"/v1/episodes/{theirs_too.episode}", key=other)).json()
    assert [one["id"] for one in series["sessions"]] == [theirs_too.id]


async def test_without_a_valid_key_nothing_is_done(site: Site) -> None:
    meeting = await site.held()
    key_id, revoked = await site.service.database.write(lambda conn: tenants.add_key(conn, site.tenant, 0.0))
    assert (await site.get(f"/v1/sessions/{meeting.id}", key=revoked)).status_code == 200
    await site.service.database.write(lambda conn: tenants.revoke(conn, site.tenant, key_id, 1.0))
    before = await site.rows()
    basic = {"Authorization": "Basic " + site.key}
    headers = [{}, basic, bearer(""), bearer("ak_unknown"), bearer(revoked), bearer(meeting.client.token)]
    for call in vendor_calls(meeting):
        for one in headers:
            reply = await request(site, call, one)
            assert_problem(reply, 401, "not-signed-in")
            assert reply.headers["www-authenticate"] == "Bearer"
    assert await site.rows() == before


async def test_without_a_valid_token_no_page_is_served(site: Site) -> None:
    meeting = await site.held()
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    tokens = site.app.backend.tokens
    claims = ParticipantClaims(
        tenant=site.tenant, session=meeting.id, participant=meeting.client.id, role="client"
    )
    expired = tokens.issue(claims, lifetime=60, at=time.time() - 120)
    head, body, signature = meeting.client.token.split(".")
    altered = ".".join([head, body, ("A" if signature[0] != "A" else "B") + signature[1:]])
    link = meeting.client.rating_url.rpartition("/")[2]
    before = await site.rows()
    for call in page_calls(prompt["id"]):
        for token in ("", "nonsense", "ü" * 9, "." * 9, expired, altered, link, site.key):
            headers = {"Authorization": f"Bearer {token}".encode()}
            reply = await request(site, call, headers)  # type: ignore[arg-type]
            assert_problem(reply, 401)
    assert await site.rows() == before


async def test_a_token_of_somebody_who_is_not_known_is_refused(site: Site) -> None:
    tokens = site.app.backend.tokens
    claims = ParticipantClaims(tenant=site.tenant, session="ses_x", participant="par_x", role="client")
    for call in page_calls("prm_x"):
        assert_problem(await request(site, call, bearer(tokens.issue(claims))), 404, "not-found")


async def test_unknown_addresses_and_methods_are_problems(site: Site) -> None:
    assert_problem(await site.get("/v1/nothing"), 404, "not-found")
    assert_problem(await site.http.delete("/v1/responses"), 405)
    assert_problem(await site.get("/v1/sessions/" + "x" * 65), 422, "invalid-request")


@pytest.mark.parametrize("path", ["/v1/sessions/ses_%00", "/v1/episodes/epi_%00"])
async def test_an_id_with_a_control_character_is_refused(each_site: Site, path: str) -> None:
    assert_problem(await each_site.get(path), 422, "invalid-request")


# when something breaks ----------------------------------------------------------------------------


class Leaky(AllianceHooks):
    """Adds a route that fails with a client's words."""

    async def fail(self, _: Any) -> Any:
        raise ValueError(SECRET)

    @hookimpl
    def register_routes(self) -> Any:
        from alliancekit.adapters import Route

        return [Route(method="GET", path="fail", handler=self.fail, auth="none")]


async def test_an_internal_error_says_nothing_of_its_cause(
    make_site: MakeSite, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.services import on_network

    site = await make_site(extra=[("leaky", Leaky())])
    async with on_network(site) as address, httpx.AsyncClient(trust_env=False) as http:
        reply = await http.get(f"http://{address}/v1/plugins/leaky/fail")
    assert_problem(reply, 500, "internal")
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


async def test_facts_about_nobody_of_the_session_are_left_out(site: Site) -> None:
    meeting = await site.session()
    await site.service.report(
        site.tenant, meeting.id, [Present(connection="x", participant="par_x", at=site.clock())]
    )
    assert (await site.get(f"/v1/sessions/{meeting.id}")).json()["status"] == "waiting"


# OpenAPI ------------------------------------------------------------------------------------------


async def test_the_openapi_document_has_every_route_with_its_refusals(site: Site) -> None:
    document = (await site.get("/openapi.json")).json()
    assert document == json.loads(json.dumps(openapi(site.app)))
    assert document["openapi"].startswith("3.")
    operations = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    refusals = {
        ("POST", "/v1/sessions"): {"401", "409", "413", "422"},
        ("GET", "/v1/sessions/{session}"): {"401", "404", "422"},
        ("POST", "/v1/sessions/{session}/end"): {"401", "404", "422"},
        ("POST", "/v1/sessions/{session}/prompts"): {"401", "404", "409", "413", "422"},
        ("GET", "/v1/episodes/{episode}"): {"401", "404", "422"},
        ("GET", "/v1/episodes/{episode}/export"): {"401", "404", "422"},
        ("DELETE", "/v1/episodes/{episode}"): {"401", "404", "409", "422"},
        ("POST", "/v1/prompts/{prompt}/send"): {"401", "404", "409", "413", "422", "502"},
        ("POST", "/v1/launches"): {"401", "413", "422"},
        ("GET", "/v1/webhooks"): {"401"},
        ("POST", "/v1/webhooks"): {"401", "409", "413", "422"},
        ("DELETE", "/v1/webhooks/{webhook}"): {"401", "404", "422"},
        ("POST", "/v1/webhooks/{webhook}/secret"): {"401", "404", "422"},
        ("POST", "/v1/webhooks/{webhook}/enable"): {"401", "404", "422"},
        ("POST", "/v1/webhooks/{webhook}/replay"): {"401", "404", "409", "413", "422"},
        ("GET", "/v1/prompts/{prompt}"): {"401", "404", "422"},
        ("POST", "/v1/prompts/{prompt}/seen"): {"401", "404", "413", "422"},
        ("GET", "/v1/prompts/current"): {"401", "404"},
        ("POST", "/v1/prompts/{prompt}/dismiss"): {"401", "404", "413", "422"},
        ("POST", "/v1/responses"): {"400", "401", "404", "409", "413", "422"},
        ("GET", "/v1/adapters"): {"401"},
        ("GET", "/v1/tenant"): {"401"},
        ("PATCH", "/v1/tenant"): {"401", "413", "422"},
        ("GET", "/v1/therapists/{therapist}/settings"): {"401", "422"},
        ("PATCH", "/v1/therapists/{therapist}/settings"): {"401", "413", "422"},
        ("POST", "/v1/adapters/{name}/events"): {"400", "401", "404", "413", "503"},
    }
    assert set(operations) == set(refusals)
    for where, expected in refusals.items():
        operation = operations[where]
        assert operation["summary"], where
        answers = operation["responses"]
        assert expected <= set(answers), where
        for status, answer in answers.items():
            assert answer["description"], (where, status)
            if status[0] in "45":
                assert list(answer["content"]) == ["application/problem+json"], (where, status)
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)


async def test_every_reference_of_the_openapi_document_leads_somewhere(site: Site) -> None:
    document = openapi(site.app)

    def check(node: Any) -> int:
        if isinstance(node, list):
            return sum(check(one) for one in node)
        if not isinstance(node, dict):
            return 0
        found = sum(check(one) for one in node.values())
        if isinstance(node.get("$ref"), str):
            target: Any = document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found += 1
        return found

    assert check(document) > 5
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
