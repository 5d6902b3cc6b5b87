"""`alliancekit adapters`: what is connected, and what becomes of one message or of a recorded call."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alliancekit.adapters import RawRequest
from alliancekit.config import Settings
from alliancekit.service import prepared_database
from alliancekit.store import tenants
from alliancekit.testing.recorded import Recorded, written
from tests.adapters.test_push import CALL, NOW, OTHER, SECRET, happening, message, signed
from tests.commands import call
from tests.services import MakeSite, on_network
from tests.toy_platform import ToyPlatform

URL = "https://feedback.example/v1/adapters/push/events"


def verify(
    folder: Path, request: RawRequest, *more: str, secret: str = SECRET, now: float = NOW
) -> tuple[int, dict[str, Any]]:
    (folder / "body").write_bytes(request.body)
    headers = [
        part for name, (value,) in request.headers.items() for part in ("--header", f"{name}: {value}")
    ]
    given = ["--url", URL, "--body", "body", "--secret", secret, "--now", str(now), *headers, *more]
    done = call("adapters", "verify", "push", *given, folder=folder)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_genuine_message_shows_its_events_with_exact_times(tmp_path: Path) -> None:
    at = NOW + 0.125
    code, said = verify(tmp_path, signed(message(happening("joined", at, person="c1")), NOW))
    assert (code, said["verified"]) == (0, True)
    (event,) = said["events"]
    assert (event["kind"], event["room"], event["person"], event["at"]) == ("joined", "meeting-1", "c1", at)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret": OTHER}, "bad_signature"),
        ({"now": NOW + 301}, "stale"),
        ({"now": NOW - 301}, "from_the_future"),
    ],
)
def test_a_refusal_says_why(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    code, said = verify(tmp_path, signed(message(happening("started", NOW)), NOW), **change)
    assert (code, said) == (3, {"verified": False, "reason": reason})


def test_the_old_and_the_new_secret_and_a_body_that_says_nothing(tmp_path: Path) -> None:
    request = signed(message(happening("started", NOW)), NOW)
    assert verify(tmp_path, request, "--secret", SECRET, secret=OTHER)[0] == 0
    assert verify(tmp_path, signed(b"{}", NOW)) == (3, {"verified": False, "reason": "malformed"})
    assert verify(tmp_path, signed(b" " * 300_000, NOW)) == (3, {"verified": False, "reason": "too_large"})


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["verify", "nobody", "--url", URL, "--body", "body"], 3, "No adapter 'nobody' is installed"),
        (["verify", "webrtc", "--url", URL, "--body", "body"], 3, "takes nothing that a platform posts"),
        (["verify", "push", "--url", URL, "--body", "none"], 3, "cannot be read"),
        (["verify", "push", "--url", URL, "--body", "body", "--header", "x"], 2, "a header is 'Name: value'"),
        (["verify", "push", "--url", URL, "--body", "body", "--set", "x"], 2, "a setting is FIELD=VALUE"),
        (["verify", "push", "--url", URL, "--body", "body", "--set", "colour=red"], 3, "colour"),
        (["verify", "push", "--url", URL, "--body", "body", "--secret", "hush-hush"], 3, "secrets.0"),
        (["verify", "push", "--body", "body"], 2, "--url"),
        (["replay", "none"], 3, "cannot be read"),
        (["replay", "body"], 3, "line 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "body").write_text("{}")
    done = call("adapters", *arguments, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "hush-hush" not in done.stderr


def test_the_list_shows_what_runs_and_what_is_only_installed(tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text(
        'public_url = "https://feedback.example"\n[plugins]\nenabled = ["push"]\n'
    )
    done = call("adapters", "list", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    (push,) = shown["adapters"]
    assert (push["name"], push["title"], push["events_url"]) == ("push", "Your own system", URL)
    assert push["capabilities"]["trust"] == "signed"
    assert "webrtc" in shown["not_enabled"]
    table = call("adapters", "list", folder=tmp_path)
    assert "Your own system" in table.stdout
    assert "webrtc" in table.stderr


def recorded(folder: Path, calls: list[tuple[float, bytes]]) -> Path:
    lines = [written(Recorded(request=signed(body, at), at=at)) for at, body in calls]
    file = folder / "call.jsonl"
    file.write_text("\n".join(lines))
    return file


def test_a_recorded_call_is_read_each_message_at_its_time(tmp_path: Path) -> None:
    recorded(tmp_path, CALL)
    done = call("adapters", "replay", "call.jsonl", "--secret", SECRET, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["received_at"] for line in lines] == [at for at, _ in CALL]
    assert {line["adapter"] for line in lines} == {"push"}
    assert lines[-1]["events"][-1]["kind"] == "over"
    refused = call("adapters", "replay", "call.jsonl", "--secret", OTHER, folder=tmp_path)
    assert refused.returncode == 3
    assert json.loads(refused.stdout.splitlines()[0])["reason"] == "bad_signature"


async def test_a_recorded_call_is_posted_to_a_running_service(
    make_site: MakeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH_SECRET", SECRET)
    plugins = {
        "enabled": ["supportive", "measures", "push"],
        "settings": {"push": {"secrets": [{"env": "PUSH_SECRET"}]}},
    }
    site = await make_site(plugins=plugins)
    site.clock.now = NOW + 200
    meeting = await site.session(adapter="push", room="visit-1")
    recorded(tmp_path, CALL[:2])
    async with on_network(site) as address:
        done = await _in_a_thread(
            "adapters", "replay", "call.jsonl", "--to", f"http://{address}", folder=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == [200, 200]
        site.clock.now = NOW + 2000
        late = await _in_a_thread(
            "adapters", "replay", "call.jsonl", "--to", f"http://{address}", folder=tmp_path
        )
    assert late.returncode == 3
    assert json.loads(late.stdout.splitlines()[0])["status"] == 401
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert [one["joined_at"] for one in state["segments"]] == [NOW + 10]


async def _in_a_thread(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    import asyncio

    return await asyncio.to_thread(call, *arguments, folder=folder)


def test_a_service_that_does_not_answer_is_said(tmp_path: Path) -> None:
    recorded(tmp_path, CALL[:1])
    done = call("adapters", "replay", "call.jsonl", "--to", "http://127.0.0.1:9", folder=tmp_path)
    assert done.returncode == 3
    assert "does not answer" in done.stderr


# hostile files, and every adapter ---------------------------------------------------------------------

HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "ten megabytes": b'{"a":"' + b"x" * 10_000_000 + b'"}',
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "keys twice": b'{"happenings":[],"happenings":[]}',
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_in_words_for_programs(tmp_path: Path, what: str) -> None:
    code, said = verify(tmp_path, signed(HOSTILE[what], NOW))
    assert code == 3
    assert said["verified"] is False
    assert said["reason"] in {"malformed", "too_large"}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_recording_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    (tmp_path / "call.jsonl").write_bytes(HOSTILE[what])
    done = call("adapters", "replay", "call.jsonl", "--secret", SECRET, folder=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert len(done.stderr) < 500


@pytest.mark.parametrize("way", ["env", "file"])
def test_a_secret_can_be_referred_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setenv("PUSH_SECRET", SECRET)
    (tmp_path / "secret").write_text(SECRET + "\n")
    request = signed(message(happening("started", NOW)), NOW)
    reference = "env:PUSH_SECRET" if way == "env" else "file:secret"
    assert verify(tmp_path, request, secret=reference)[0] == 0
    done = call("adapters", "replay", str(CALLS / "push"), "--secret", f"{way}:nowhere", folder=tmp_path)
    assert done.returncode == 3


CALLS = Path(__file__).parents[1] / "adapters"
POSTING = sorted(file.parent.name.removeprefix("alliancekit_") for file in CALLS.glob("*/call.jsonl"))


@pytest.mark.parametrize("name", POSTING)
def test_every_adapters_recorded_call_can_be_read_and_tells_nobodys_name(tmp_path: Path, name: str) -> None:
    contract = importlib.import_module(f"alliancekit_{name}.copy_test").TestRecordedCall()
    file = CALLS / f"alliancekit_{name}" / "call.jsonl"
    done = call("adapters", "replay", str(file), "--secret", contract.secret, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["verified"] for line in lines] == [True] * len(contract.recorded())
    assert {event["kind"] for line in lines for event in line["events"]} >= {"joined", "left"}
    assert [name for name in contract.names if name in done.stdout] == []
    wrong = call("adapters", "replay", str(file), "--secret", contract.other_secret, folder=tmp_path)
    assert wrong.returncode == 3
    assert {json.loads(line)["reason"] for line in wrong.stdout.splitlines()} == {"bad_signature"}


@pytest.mark.parametrize("name", POSTING)
def test_one_message_of_every_adapter_is_verified_by_the_issues_words(tmp_path: Path, name: str) -> None:
    contract = importlib.import_module(f"alliancekit_{name}.copy_test").TestRecordedCall()
    one = contract.recorded()[1]
    (tmp_path / "body").write_bytes(one.request.body)
    headers = [
        part for key, (value,) in one.request.headers.items() for part in ("--header", f"{key}: {value}")
    ]
    options = ["--url", one.request.url, *headers, "--body", "body", "--secret", contract.secret]
    done = call("adapters", "verify", name, *options, "--now", str(one.at), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["verified"], set(said)) == (True, {"verified", "events"})


# what a service noted ---------------------------------------------------------------------------------


async def test_the_list_shows_what_a_running_service_noted(make_site: MakeSite, tmp_path: Path) -> None:
    site = await make_site(extra=[("toy", ToyPlatform())])
    settings = f'data_dir = "{site.service.settings.data_dir}"\n[plugins]\nenabled = ["push"]\n'
    (tmp_path / "alliancekit.toml").write_text(settings)
    for _ in range(3):
        site.service.inbound.counts.refused("push", "bad_signature")
    site.service.inbound.counts.add("push", "unknown_rooms", times=2)
    site.service.inbound.counts.add("push", "taken", tenant=site.tenant)
    await site.service.inbound.counts.save()
    done = await asyncio.to_thread(call, "adapters", "list", "--json", folder=tmp_path)
    (push,) = json.loads(done.stdout)["adapters"]
    assert (push["taken"], push["refused"], push["unknown_rooms"]) == (1, {"bad_signature": 3}, 2)
    assert push["since"] == site.clock()
    table = await asyncio.to_thread(call, "adapters", "list", folder=tmp_path)
    assert "bad signature" in " ".join(table.stdout.split())


def test_a_list_makes_no_database(tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text('[plugins]\nenabled = ["push"]\n')
    done = call("adapters", "list", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["adapters"][0]["last_at"] is None
    assert [file.name for file in tmp_path.rglob("*.db")] == []


def test_a_tenants_demand_is_set_and_shown(tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text('data_dir = "data"\n')

    def tenant(count: int) -> list[str]:
        async def work() -> list[str]:
            database = await prepared_database(Settings(data_dir=tmp_path / "data"))
            made = [
                (await database.write(lambda conn: tenants.create_tenant(conn, "Clinic", 1.0)))[0]
                for _ in range(count)
            ]
            await database.close()
            return made

        return asyncio.run(work())

    nobody = call("adapters", "require-signed", "on", folder=tmp_path)
    assert (nobody.returncode, nobody.stdout) == (3, "")
    first, *_ = tenant(1)
    for arguments, shown in [((), "off"), (("on",), "on"), ((), "on"), (("off",), "off")]:
        done = call("adapters", "require-signed", *arguments, folder=tmp_path)
        assert (done.returncode, done.stdout.strip()) == (0, shown), done.stderr
    tenant(1)
    several = call("adapters", "require-signed", "on", folder=tmp_path)
    assert several.returncode == 3
    assert "Name one" in several.stderr
    assert call("adapters", "require-signed", "on", "--tenant", first, folder=tmp_path).returncode == 0
    assert call("adapters", "require-signed", "maybe", folder=tmp_path).returncode == 2
