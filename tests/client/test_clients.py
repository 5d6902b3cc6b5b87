"""What the clients do when things go wrong: errors, second attempts, and what is never shown."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.services import Site

from alliancekit import client
from alliancekit.client import AllianceKit, AsyncAllianceKit, Participant

KEY = "ak_the-secret-key"
PEOPLE = [Participant(role="client", external_id="the-secret-pseudonym")]
MEETING: dict[str, Any] = {"external_id": "v-1", "episode": "e-1", "participants": PEOPLE}
CREATED = {"id": "ses_1", "episode": "epi_1", "style": "s", "measure": "m", "participants": []}
PROBLEM = {"content-type": "application/problem+json"}

Answer = Callable[[httpx.Request], httpx.Response]


class Both:
    """The same call by either client, against answers that the test makes."""

    def __init__(self, waits: bool) -> None:
        self.waits = waits
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    async def __call__(self, group: str, name: str, *answers: Any, **kwargs: Any) -> Any:
        """Ask; the answers are given one after the other, exceptions among them raised."""
        left = list(answers)

        def handle(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, httpx.Response)
            return answer

        transport = httpx.MockTransport(handle)
        arguments = [kwargs.pop("id")] if "id" in kwargs else []
        if self.waits:
            with AllianceKit("http://kit.test/alliance/", KEY, transport=transport) as waiting:
                return await asyncio.to_thread(getattr(getattr(waiting, group), name), *arguments, **kwargs)
        async with AsyncAllianceKit("http://kit.test/alliance/", KEY, transport=transport) as awaited:
            return await getattr(getattr(awaited, group), name)(*arguments, **kwargs)


@pytest.fixture(params=[True, False], ids=["blocking", "awaited"])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Both:
    both = Both(request.param)

    async def sleep(seconds: float) -> None:
        both.slept.append(seconds)

    monkeypatch.setattr("alliancekit.client.clients.time.sleep", both.slept.append)
    monkeypatch.setattr("alliancekit.client.clients.asyncio.sleep", sleep)
    return both


def created() -> httpx.Response:
    return httpx.Response(201, json=CREATED)


async def test_the_service_may_live_below_a_path_and_ids_cannot_leave_theirs(ask: Both) -> None:
    with pytest.raises(client.NotFoundError):
        await ask("sessions", "get", httpx.Response(404), id="../tenant?x=1")
    assert str(ask.asked[0].url) == "http://kit.test/alliance/v1/sessions/..%2Ftenant%3Fx%3D1"
    assert ask.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client.ApiError),
        (401, client.KeyRefusedError),
        (403, client.KeyRefusedError),
        (404, client.NotFoundError),
        (409, client.ConflictError),
        (413, client.InvalidRequestError),
        (422, client.InvalidRequestError),
        (500, client.UnavailableError),
        (502, client.UnavailableError),
    ],
)
async def test_a_refusal_is_an_error_of_its_kind(ask: Both, status: int, kind: type[client.ApiError]) -> None:
    problem = {"type": "https://x/problems/odd-thing", "title": "t", "status": status}
    problem |= {"detail": "It did not go. Do this.", "fix": "Do this."}
    with pytest.raises(kind) as refused:
        await ask("sessions", "create", httpx.Response(status, json=problem, headers=PROBLEM), **MEETING)
    error = refused.value
    assert type(error) is kind
    assert (error.status, error.slug, error.message, error.fix) == (
        status,
        "odd-thing",
        "It did not go.",
        "Do this.",
    )
    assert str(error) == "It did not go. Do this."
    assert len(ask.asked) == 1


@pytest.mark.parametrize("body", [b"<html>the-secret-page", b"[1]", b"{"])
@pytest.mark.parametrize("kind", ["text/html", "application/problem+json"])
async def test_a_proxy_that_answers_is_no_riddle(ask: Both, body: bytes, kind: str) -> None:
    answer = httpx.Response(502, content=body, headers={"content-type": kind})
    with pytest.raises(client.UnavailableError, match="status 502") as refused:
        await ask("tenant", "get", answer)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("body", [b"{}", b"the-secret-page", b""])
async def test_an_answer_that_is_none_is_an_error_that_does_not_quote_it(ask: Both, body: bytes) -> None:
    with pytest.raises(client.UnexpectedAnswerError) as refused:
        await ask("tenant", "get", httpx.Response(200, content=body))
    assert "secret" not in str(refused.value)


async def test_what_is_done_once_however_often_it_is_sent_is_sent_again(ask: Both) -> None:
    lost = httpx.ReadTimeout("the-secret-cause")
    made = await ask("sessions", "create", lost, httpx.ReadError("away"), created(), **MEETING)
    assert made.id == "ses_1"
    assert len({request.content for request in ask.asked}) == 1
    first, second = ask.slept
    assert 0 < first < second < 2


async def test_it_gives_up_and_says_why(ask: Both) -> None:
    lost = [httpx.ConnectError("the-secret-cause") for _ in range(3)]
    with pytest.raises(client.NoAnswerError, match="cannot be reached") as failed:
        await ask("sessions", "create", *lost, **MEETING)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    assert "secret" not in str(failed.value)
    with pytest.raises(client.NoAnswerError, match="did not answer in time"):
        await ask("sessions", "create", *[httpx.ReadTimeout("slow") for _ in range(3)], **MEETING)


@pytest.mark.parametrize(
    ("group", "name", "arguments"),
    [
        ("webhooks", "add", {"url": "https://x.example"}),
        ("webhooks", "new_secret", {"id": "whk_1"}),
        ("webhooks", "replay", {"id": "whk_1"}),
        ("prompts", "send", {"id": "prm_1", "channel": "letter"}),
        ("sessions", "ask", {"id": "ses_1", "moment": "in_call"}),
        ("episodes", "erase", {"id": "epi_1"}),
    ],
)
async def test_what_might_be_done_twice_is_sent_again_only_if_it_was_not_sent(
    ask: Both, group: str, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(client.NoAnswerError):
        await ask(group, name, httpx.ReadTimeout("slow"), **arguments)
    with pytest.raises(client.UnavailableError):
        await ask(group, name, httpx.Response(503, headers={"retry-after": "1"}), **arguments)
    assert len(ask.asked) == 2
    with pytest.raises(client.ConflictError):
        await ask(group, name, httpx.ConnectError("away"), httpx.Response(409), **arguments)
    assert len(ask.asked) == 4


async def test_a_busy_service_says_when(ask: Both) -> None:
    busy = [
        httpx.Response(429, headers={"retry-after": "3"}),
        httpx.Response(503, headers={"retry-after": "7"}),
    ]
    assert (await ask("sessions", "create", *busy, created(), **MEETING)).id == "ses_1"
    assert ask.slept == [3.0, 7.0]

    date = {"date": "Sun, 22 Nov 2026 10:00:00 GMT", "retry-after": "Sun, 22 Nov 2026 10:00:05 GMT"}
    await ask("sessions", "create", httpx.Response(503, headers=date), created(), **MEETING)
    assert ask.slept[2:] == [5.0]

    with pytest.raises(client.TooManyRequestsError) as later:
        await ask("sessions", "create", httpx.Response(429, headers={"retry-after": "600"}), **MEETING)
    assert later.value.retry_after == 600.0
    assert len(ask.slept) == 3


async def test_a_retry_after_that_is_none_is_left_out(ask: Both) -> None:
    odd = httpx.Response(429, headers={"retry-after": "soon"})
    assert (await ask("sessions", "create", odd, created(), **MEETING)).id == "ses_1"
    assert 0 < ask.slept[0] < 1


async def test_neither_the_key_nor_what_is_sent_is_logged_or_shown(
    ask: Both, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await ask("sessions", "create", created(), **MEETING)
    assert b"the-secret-pseudonym" in ask.asked[0].content
    for kind in (AllianceKit, AsyncAllianceKit):
        assert "secret" not in repr(kind("http://kit.test", KEY))
    assert "secret" not in caplog.text


@pytest.mark.parametrize("url", ["", "kit.test", "ftp://kit.test", "https://", "https://a:b@kit.test"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(client.ClientError, match="address"):
        AllianceKit(url, KEY)


@pytest.mark.parametrize("key", ["", "ak_the-secret\n", "ak_the secret", "ak_thé-secret"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(client.ClientError, match="key") as refused:
        AllianceKit("http://kit.test", key)
    assert "secret" not in str(refused.value)


async def test_an_unknown_key_is_refused_by_the_service(site: Site) -> None:
    transport = httpx.ASGITransport(site.app)
    async with AsyncAllianceKit("http://alliancekit.test", "ak_no", transport=transport) as alliance:
        with pytest.raises(client.KeyRefusedError) as refused:
            await alliance.tenant.get()
    assert (refused.value.slug, refused.value.fix) == (
        "not-signed-in",
        "Use the key that was shown at the first start, or make one: alliancekit keys create.",
    )


def test_it_is_imported_without_the_service() -> None:
    script = "import sys, alliancekit.client, alliancekit.client.webhooks; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    service = {"fastapi", "starlette", "sqlalchemy", "uvicorn", "alembic", "pluggy", "jinja2", "typer"}
    assert loaded & service == set()
    assert {"alliancekit.client", "httpx"} <= loaded
    assert loaded & {"alliancekit.server", "alliancekit.store", "alliancekit.service"} == set()
