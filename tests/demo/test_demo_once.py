"""`alliancekit demo` as people run it: what it prints, where it listens, how it ends, and all five styles."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.programs import PATIENCE, Program, run, running

from alliancekit.demo.peers import RECORDINGS
from alliancekit.demo.run import embedded
from alliancekit.demo.vendor import Vendor
from alliancekit.plugins import DEFAULT_PLUGINS
from alliancekit.service import Service
from alliancekit.sessions import Present
from alliancekit.store.sessions import read_participant

STYLES = {"directive": 2, "nondirective": 3, "facilitative": 2, "supportive": 4, "task_oriented": 1}
"""Each style, and every how many sessions it asks its own items."""

POINTS = 0.05
ENDS_WITHIN = 10
LISTENING = "0A"
"""TCP_LISTEN in /proc/net/tcp."""

Addresses = set[IPv4Address | IPv6Address]


def true_shares() -> dict[str, float]:
    """Each role's part of all speech, by the recordings' own timeline."""
    timeline = json.loads((RECORDINGS / "timeline.json").read_text(encoding="utf-8"))
    seconds = {role: sum(end - start for start, end in spans) for role, spans in timeline["speaking"].items()}
    return {role: one / sum(seconds.values()) for role, one in seconds.items()}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = run("demo", "--once", "--json", folder=tmp_path_factory.mktemp("once"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "A real call of" in done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.mark.webrtc
def test_the_object_has_the_documented_keys(result: dict[str, Any]) -> None:
    assert set(result) == {
        "session",
        "call",
        "talk_balance",
        "responses",
        "signals",
        "guidance",
        "plugins",
        "database",
        "seconds",
    }
    assert set(result["call"]) == {"segments", "seconds", "ended"}
    assert set(result["talk_balance"]) == {"client", "therapist", "overlap", "silence"}
    for role in ("client", "therapist"):
        assert set(result["talk_balance"][role]) == {"share", "turns"}
    for response in result["responses"]:
        assert set(response) == {"role", "moment", "instrument", "scores"}
        assert response["scores"] != []
        for score in response["scores"]:
            assert set(score) == {"scale", "value", "minimum", "maximum", "percent"}
    assert all(set(one) == {"style", "text"} for one in result["guidance"])
    assert all(set(one) == {"name", "status"} for one in result["plugins"])


@pytest.mark.webrtc
def test_the_call_was_held_and_ended_on_purpose(result: dict[str, Any]) -> None:
    assert result["session"].startswith("ses_")
    assert result["call"]["ended"] == "explicit"
    assert result["call"]["segments"] == 2
    assert 0 < result["call"]["seconds"] <= result["seconds"]
    assert result["database"].startswith("sqlite:")


@pytest.mark.webrtc
def test_the_talk_shares_are_the_recordings(result: dict[str, Any]) -> None:
    balance = result["talk_balance"]
    for role, share in true_shares().items():
        assert balance[role]["share"] == pytest.approx(share, abs=POINTS)
        assert balance[role]["turns"] > 0


@pytest.mark.webrtc
def test_both_answered_at_both_moments(result: dict[str, Any]) -> None:
    answered = {(one["role"], one["moment"], one["instrument"]) for one in result["responses"]}
    assert answered == {
        ("client", "in_call", "pulse"),
        ("client", "end_of_call", "check-in"),
        ("client", "end_of_call", "fit-task-oriented"),
        ("therapist", "end_of_call", "check-in"),
    }
    for response in result["responses"]:
        for score in response["scores"]:
            assert score["minimum"] <= score["value"] <= score["maximum"]
            width = score["maximum"] - score["minimum"]
            assert score["percent"] == pytest.approx(100 * (score["value"] - score["minimum"]) / width)


@pytest.mark.webrtc
def test_the_guidance_is_the_styles_and_every_plugin_runs(result: dict[str, Any]) -> None:
    assert {one["style"] for one in result["guidance"]} == {"task_oriented"}
    loaded = {one["name"] for one in result["plugins"] if one["status"] == "loaded"}
    assert loaded == set(DEFAULT_PLUGINS)
    assert {one["status"] for one in result["plugins"] if one["name"] not in loaded} <= {"disabled"}


# where it listens, how it ends


def bound(pid: int) -> tuple[Addresses, Addresses]:
    """The addresses on which a process listens (TCP) and receives (UDP)."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:  # closed meanwhile
            continue
    found: dict[str, Addresses] = {"tcp": set(), "udp": set()}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[9] in sockets and (table.startswith("udp") or columns[3] == LISTENING):
                found[table[:3]].add(address(columns[1].partition(":")[0]))
    return found["tcp"], found["udp"]


def address(digits: str) -> IPv4Address | IPv6Address:
    """An address of /proc/net: 32-bit words in the machine's byte order."""
    words = b"".join(bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8))
    return IPv4Address(words) if len(words) == 4 else IPv6Address(words)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    with running("demo", "--port", "0", folder=tmp_path, settings={"TMPDIR": str(tmp_path)}) as program:
        yield program


def ended_well(demo: Program, number: int, folder: Path) -> None:
    assert demo.end(number, within=ENDS_WITHIN) == 0
    assert "Traceback" not in demo.err.read_text()
    assert list(folder.glob("alliancekit-demo-*")) == []


@pytest.mark.webrtc
def test_it_never_listens_beyond_loopback_and_serves_until_it_is_interrupted(
    demo: Program, tmp_path: Path
) -> None:
    listening: Addresses = set()
    receiving: Addresses = set()
    deadline = time.monotonic() + PATIENCE
    while "Ctrl-C ends the demo" not in demo.err.read_text():
        assert time.monotonic() < deadline, demo.err.read_text()
        tcp, udp = bound(demo.process.pid)
        listening, receiving = listening | tcp, receiving | udp
        time.sleep(0.1)
    assert listening == {IPv4Address("127.0.0.1")}
    assert receiving == {IPv4Address("127.0.0.1")}
    url = demo.said(r"Now try it yourself: (\S+)")
    page = httpx.get(url, trust_env=False)
    assert page.status_code == 200
    assert "Join as therapist" in page.text
    ended_well(demo, signal.SIGINT, tmp_path)


@pytest.mark.webrtc
def test_it_ends_in_the_middle_of_the_scripted_call(demo: Program, tmp_path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while bound(demo.process.pid)[1] == set():
        assert time.monotonic() < deadline, demo.err.read_text()
        time.sleep(0.05)
    ended_well(demo, signal.SIGTERM, tmp_path)


# the styles, without a call


async def met(service: Service, created: dict[str, Any], seconds: float = 60.0) -> None:
    """Report that everybody has been there for a while, as an adapter would."""
    now = service.clock()
    for one in created["participants"]:
        person = await service.database.read(lambda conn, who=one["id"]: read_participant(conn, who))
        assert person is not None
        here = Present(connection=person.id, participant=person.id, at=now, joined_at=now - seconds)
        await service.report(person.tenant, created["id"], [here])


async def asked(http: httpx.AsyncClient) -> dict[str, Any]:
    """What a participant is asked, as soon as it is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            prompt = (await http.get("/v1/prompts/current")).raise_for_status().json()["prompt"]
            if prompt is not None:
                return dict(prompt)
            await asyncio.sleep(0.05)


async def answer(url: str, token: str) -> set[str]:
    """Answer what is asked by the first option everywhere; return the instruments."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as http:
        prompt = await asked(http)
        answers = {
            form["name"]: {item["id"]: item["options"][0]["value"] for item in form["items"]}
            for form in prompt["instruments"]
        }
        (
            await http.post("/v1/responses", json={"prompt": prompt["id"], "answers": answers})
        ).raise_for_status()
    return set(answers)


async def settled(vendor: Vendor, created: dict[str, Any]) -> dict[str, Any]:
    """The session in its series, once everything that follows the answers has happened."""
    async with asyncio.timeout(PATIENCE):
        while True:
            point: dict[str, Any] = (await vendor.episode(created["episode"]))["sessions"][-1]
            if point["id"] == created["id"] and point["settled"]:
                return point
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("style", STYLES)
async def test_each_style_asks_its_own_items_and_gives_its_own_guidance(style: str, tmp_path: Path) -> None:
    async with embedded(port=0, data_dir=tmp_path, style=style) as (service, vendor, url):
        created = await vendor.create_session("visit-1")
        assert created["style"] == style
        await met(service, created)
        await vendor.end_session(created["id"])
        instruments = {one["role"]: await answer(url, one["token"]) for one in created["participants"]}
        number = (await vendor.session(created["id"]))["number"]
        own = {f"fit-{style.replace('_', '-')}"} if number % STYLES[style] == 0 else set()
        assert instruments == {"client": {"check-in"} | own, "therapist": {"check-in"}}
        point = await settled(vendor, created)
        assert {one["style"] for one in point["guidance"]} == {style}
        assert point["not_computed"] == []
