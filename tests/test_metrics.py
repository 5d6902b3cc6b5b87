"""Metrics: cheap to count, true on the page, and without an id or a word of anybody in any label."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alliancekit.metrics import BOUNDS, MOST_SERIES, OTHER, Metrics, State, Tally, Timing, shown
from tests.bad_plugins import bad_plugins
from tests.services import MakeSite, Site, bearer, full

TOKEN = "metrics-token-of-32-bytes-or-more"
LIMITS = {"call": 1.5, "block": 0.2, "plugins": dict.fromkeys(("hanging", "swallowing"), 0.1)}


def parsed(page: bytes | str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Value by name and labels, as another reader of the format takes it."""
    text = page if isinstance(page, str) else page.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_tally_counts_by_its_labels() -> None:
    tally = Tally("things", "Things.", "kind")
    tally.add("one")
    tally.add("one", times=2)
    tally.add("two")
    assert tally.values == {("one",): 3, ("two",): 1}


@pytest.mark.parametrize(
    "label",
    [
        "ses_8J3kQ0aHc1n2bV7xT5mZ9g",
        "Anna Miller",
        "anna@clinic.example",
        "10.11.12.13 ",
        "1790000000",
        "x" * 81,
        "/r/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJ",
        "",
        "ünïcode",
        'quote"',
        "line\nbreak",
    ],
)
def test_what_looks_like_data_is_no_label(label: str) -> None:
    assert shown(label) == OTHER


@pytest.mark.parametrize(
    "label",
    [
        "/v1/sessions/{session}/prompts",
        "POST",
        "2xx",
        "end_of_call",
        "bad_signature",
        "task_oriented",
        "a.b:c-d",
    ],
)
def test_what_programmers_write_is_a_label(label: str) -> None:
    assert shown(label) == label


def test_the_number_of_series_is_bounded() -> None:
    tally, timing = Tally("things", "Things.", "kind"), Timing("things_seconds", "Things.", "kind")
    letters = "abcdefghijklmnopqrstuvwxyz"
    kinds = [a + b for a in letters for b in letters]
    assert len(kinds) > MOST_SERIES
    for kind in kinds:
        tally.add(kind)
        timing.take(0.1, kind)
    assert len(tally.values) == len(timing.buckets) == MOST_SERIES + 1
    assert tally.values[OTHER,] == len(kinds) - MOST_SERIES
    tally.add(kinds[0])
    assert tally.values[kinds[0],] == 2


def test_a_timing_is_a_histogram_that_another_reader_understands() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.3, 99.0):
        metrics.requests.take(seconds, "/v1/responses", "POST", "2xx")
    found = parsed(metrics.page((), ()))
    labels = (("method", "POST"), ("route", "/v1/responses"), ("status", "2xx"))
    name = "alliancekit_http_request_seconds"
    assert found[f"{name}_count", labels] == 4
    assert found[f"{name}_sum", labels] == pytest.approx(99.3015)

    def up_to(bound: str) -> float:
        return found[f"{name}_bucket", tuple(sorted((*labels, ("le", bound))))]

    assert [up_to("0.001"), up_to("0.25"), up_to("0.5"), up_to("10.0"), up_to("+Inf")] == [2, 2, 3, 3, 4]
    assert list(BOUNDS) == sorted(BOUNDS)


def test_states_are_gauges_or_counters() -> None:
    page = Metrics().page(
        (),
        [
            State("live_connections", "Pages.", (), {(): 3}),
            State("plugin_calls", "Calls.", ("plugin", "outcome"), {("strain", "ok"): 2}, counts=True),
        ],
    )
    found = parsed(page)
    assert found["alliancekit_live_connections", ()] == 3
    assert found["alliancekit_plugin_calls_total", (("outcome", "ok"), ("plugin", "strain"))] == 2


async def test_work_is_counted_once_it_is_done() -> None:
    metrics = Metrics()
    fails = True

    async def handler(tenant: str, kind: str, payload: Any) -> None:
        if fails:
            raise ZeroDivisionError

    handlers = metrics.counted(
        dict.fromkeys(("session_started", "feedback_requested", "feedback_captured", "describe"), handler)
    )
    assert handlers["describe"] is handler
    with pytest.raises(ZeroDivisionError):
        await handlers["session_started"]("t", "session_started", {})
    fails = False
    await handlers["session_started"]("t", "session_started", {})
    await handlers["feedback_requested"]("t", "feedback_requested", {"moment": "in_call"})
    await handlers["feedback_captured"]("t", "feedback_captured", {"prompt": "of an older release"})
    assert metrics.sessions.values == {("started",): 1}
    assert metrics.prompts.values == {("in_call", "asked"): 1, (OTHER, "answered"): 1}


# a busy service ---------------------------------------------------------------------------------

ID = re.compile(r"(ten|ses|epi|par|prm|rsp|whk|msg)_[A-Za-z0-9_-]{8,}|[A-Za-z0-9]{17,}|\d{4,}|@|\s")


@pytest.fixture
async def busy(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A service that did a bit of everything, with canaries wherever a client or a stranger may put words."""
    monkeypatch.setenv("METRICS", TOKEN)
    site = await make_site(
        extra=[*bad_plugins()],
        metrics={"token": {"env": "METRICS"}},
        limits={"address": "20/minute"},
        plugins={"disabled": ["webrtc"], "limits": LIMITS},
    )
    meeting = await site.held(episode="canary-episode", external_id="canary-visit")
    client = bearer(meeting.client.token)
    prompt = (await site.http.get("/v1/prompts/current", headers=client)).json()["prompt"]
    await site.http.post(
        "/v1/responses",
        json={"prompt": prompt["id"], "answers": full(prompt, 3)},
        headers={**client, "Idempotency-Key": "canary-key"},
    )
    therapist = bearer(meeting.therapist.token)
    theirs = (await site.http.get("/v1/prompts/current", headers=therapist)).json()["prompt"]
    await site.http.post(f"/v1/prompts/{theirs['id']}/dismiss", json={"reason": "skip"}, headers=therapist)
    await site.settle()
    await site.http.get(meeting.client.rating_url)
    await site.http.get(f"/v1/sessions/{meeting.id}")
    await site.get("/v1/sessions/canary-session")
    await site.http.get("/canary-path?canary=query")
    await site.http.request("CANARY", "/v1/canary")
    await site.http.post("/v1/adapters/canary/events", content=b"canary")
    await site.http.post("/v1/adapters/push/events", content=b"canary")
    for _ in range(25):
        await site.http.get("/v1/canary", headers=bearer("canary"))
    return site


async def test_a_busy_service_counts_and_tells_nobodys_words(busy: Site) -> None:
    reply = await busy.http.get("/metrics", headers=bearer(TOKEN))
    assert reply.status_code == 200
    found = parsed(reply.text)
    labels = {word for _, pairs in found for pair in pairs if pair[0] != "le" for word in pair}
    assert labels, "nothing was counted"
    assert [one for one in labels if "canary" in one.lower()] == []
    assert [one for one in labels if ID.search(one)] == []
    assert busy.tenant not in reply.text

    def value(name: str, **wanted: str) -> float:
        return found[f"alliancekit_{name}", tuple(sorted(wanted.items()))]

    assert value("sessions_total", what="started") == 1
    assert value("sessions_total", what="ended") == 1
    assert value("prompts_total", moment="end_of_call", what="asked") == 2
    assert value("prompts_total", moment="end_of_call", what="answered") == 1
    assert value("prompts_total", moment="end_of_call", what="dismissed") == 1
    answered = {"route": "/v1/responses", "method": "POST", "status": "2xx"}
    assert value("http_request_seconds_count", **answered) == 1
    assert value("http_request_seconds_count", route="none", method="other", status="4xx") == 1
    assert value("requests_limited_total", whose="address") > 0
    assert value("database_write_seconds_count") > 5
    assert value("outbox_dead") == 0
    assert value("live_connections") == 0
    assert value("database_up") == 1
    failed = [pairs for (name, pairs), count in found.items() if "plugin_calls" in name and count]
    assert {dict(pairs)["outcome"] for pairs in failed} >= {"ok", "error", "timeout"}


async def test_messages_of_platforms_are_counted_by_reason(site: Site) -> None:
    counts = site.service.inbound.counts
    counts.add("push", "taken")
    counts.add("push", "heard")
    counts.refused("push", "bad_signature", times=2)
    assert site.service.metrics.messages.values == {("push", "taken"): 1, ("push", "bad_signature"): 2}
