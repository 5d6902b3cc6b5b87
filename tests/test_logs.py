"""The log: allowed fields only, in text and in JSON, and nobody's words whoever logs them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alliancekit import logs, service
from alliancekit.adapters import RawRequest
from tests.bad_plugins import CLIENTS_WORDS, bad_plugins
from tests.services import MakeSite, bearer, full

CANARY = "Anna Canary"
HERE = Path(__file__)


@pytest.fixture(params=["text", "json"])
def style(request: pytest.FixtureRequest) -> logs.Format:
    found: logs.Format = request.param
    return found


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where the log goes; loggers are as before afterwards."""
    root = logging.getLogger()
    names = ["", "alliancekit", *logs._packages()]
    before = root.handlers[:], {name: logging.getLogger(name).level for name in names}
    yield io.StringIO()
    root.handlers[:] = before[0]
    for name, level in before[1].items():
        logging.getLogger(name).setLevel(level)


def record(
    message: Any, *args: Any, ours: bool = True, error: BaseException | None = None, **extra: Any
) -> logging.LogRecord:
    """A record as a call in the host's, or in somebody else's, source makes it."""
    source = service.__file__ if ours else __file__
    raised = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("alliancekit.x", logging.WARNING, source, 7, message, args, raised)
    made.__dict__.update(extra)
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(logs.JsonLines().format(made))
    return found


def test_a_line_of_ours_in_json() -> None:
    found = as_json(record("the task %s ended", "relay", plugin="strain", seconds=0.5, status=201))
    time = datetime.fromisoformat(found.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert found == {
        "level": "WARNING",
        "logger": "alliancekit.x",
        "message": "the task relay ended",
        "plugin": "strain",
        "status": 201,
        "seconds": 0.5,
    }


def test_a_line_of_ours_in_text() -> None:
    line = logs.TextLines().format(record("the task %s ended", "relay", plugin="strain"))
    assert line.endswith(" WARNING alliancekit.x: the task relay ended plugin=strain")


def test_fields_that_nobody_allowed_are_dropped() -> None:
    made = record("request", event="request", answer=CANARY, body=CANARY, path=CANARY, stack_info=CANARY)
    made.session = {"name": CANARY}
    found = as_json(made)
    assert CANARY not in str(found)
    assert set(found) == {"time", "level", "logger", "message", "event"}
    assert CANARY not in logs.TextLines().format(made)


def raised() -> BaseException:
    try:
        raise LookupError(CANARY)
    except LookupError as error:
        return error


def test_of_an_exception_only_class_and_place_are_shown() -> None:
    for ours in (True, False):
        made = record("it failed", error=raised(), ours=ours)
        found = as_json(made)
        assert found["error"] == "LookupError"
        assert found["at"].startswith(f"{HERE}:")
        for formatter in (logs.JsonLines(), logs.TextLines()):
            said = formatter.format(made)
            assert CANARY not in said
            assert "Traceback" not in said


def test_nobody_writes_a_line_of_ours() -> None:
    for formatter in (logs.JsonLines(), logs.TextLines()):
        said = formatter.format(record("a\nb %s", "c\r\n2026 INFO forged\x1b[0m\u2028", plugin="x\ny"))
        assert said.splitlines() == [said]
        assert "\x1b" not in said


def test_of_others_the_words_of_their_source_are_shown_and_nothing_filled_in() -> None:
    shown = record("Task exception was never retrieved", CANARY, ours=False)
    assert as_json(shown)["message"] == "Task exception was never retrieved"
    filled = record("somebody said %s to us", CANARY, ours=False)
    assert as_json(filled)["message"] == "somebody said %s to us"
    for hidden in (f"somebody said {CANARY} to us", CANARY, ValueError(CANARY), 7, "7"):
        made = record(hidden, ours=False, plugin=CANARY)
        found = as_json(made)
        assert found["message"] == "(message not shown)"
        assert CANARY not in str(found)
        assert found["at"] == f"{HERE}:7"


def test_the_level_is_ours_libraries_are_heard_from_warning(out: io.StringIO, style: logs.Format) -> None:
    logs.set_up(style, "debug", stream=out)
    assert logging.getLogger("alliancekit.service").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("alliancekit_janus.client").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("alliancekit_somebody_elses").isEnabledFor(logging.INFO)
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    logs.set_up(style, "error", stream=out)
    assert not logging.getLogger("alliancekit.service").isEnabledFor(logging.WARNING)
    assert not logging.getLogger("httpx").isEnabledFor(logging.WARNING)


PROGRAM = """
import asyncio, sys, threading, warnings
from alliancekit import logs
logs.set_up(sys.argv[1], process=True)
words = "Anna" + " Canary"
warnings.warn(words)
class Bad:
    def __del__(self): raise ValueError(words)
Bad()
def fails(): raise ValueError(words)
thread = threading.Thread(target=fails); thread.start(); thread.join()
async def main():
    task = asyncio.create_task(asyncio.to_thread(fails))
    await asyncio.wait([task])
    del task
    import gc; gc.collect()
asyncio.run(main())
fails()
"""


def test_what_python_itself_would_print_has_no_words_either(style: logs.Format) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, style], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "Canary" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.count("an exception was not caught") == 3
    assert done.stdout.count("ValueError") >= 4


async def test_a_service_under_strain_says_nobodys_words(
    make_site: MakeSite, out: io.StringIO, style: logs.Format
) -> None:
    """Canaries in bodies, headers, paths, tokens, names, plugins' exceptions and libraries' messages."""
    limits = {"call": 1.5, "block": 0.2, "plugins": dict.fromkeys(("hanging", "swallowing"), 0.1)}
    site = await make_site(extra=bad_plugins(), plugins={"disabled": ["webrtc"], "limits": limits})
    logs.set_up(style, "debug", stream=out)
    secret = "canary-0-secret"
    people = [{"role": r, "external_id": f"canary-{r}"} for r in ("client", "therapist")]
    meeting = await site.held(episode="canary-episode", external_id="canary-visit", participants=people)
    client = bearer(meeting.client.token)
    prompt = (await site.http.get("/v1/prompts/current", headers=client)).json()["prompt"]
    headers = {**client, "Idempotency-Key": secret, "X-Name": CANARY, "Cookie": f"ak_therapist={secret}"}
    answers = full(prompt, 3)
    for body in (
        {"prompt": prompt["id"], "answers": {secret: {secret: 3}}, "visibility": secret},
        {"prompt": prompt["id"], "answers": answers, secret: CANARY},
        {"prompt": prompt["id"], "answers": answers},
        {"prompt": prompt["id"], "answers": answers, "visibility": "therapist_later"},
    ):
        await site.http.post("/v1/responses", json=body, headers=headers)
    for path in (
        f"/r/{secret}",
        f"/{secret}?{secret}",
        f"/v1/sessions/{secret}",
        "/therapist",
        f"/v1/{secret}/x",
    ):
        await site.http.get(path, headers=headers)
        await site.http.post(path, content=secret.encode(), headers={**headers, "Host": f"{secret}.example"})
    await site.http.get(meeting.client.rating_url)
    await site.get("/v1/adapters", key=f"ak_{secret}")
    await site.http.post("/v1/adapters/push/events", content=secret.encode(), headers={"X-Signature": secret})
    for name in ("uvicorn.error", "sqlalchemy.engine", "httpx", "alliancekit_somebody_elses", "asyncio"):
        logger = logging.getLogger(name)
        logger.warning(f"{CANARY} said {secret}")
        logger.error("it says: %s", secret, exc_info=raised())
        logger.warning(RawRequest(method="POST", url=secret, headers={}, body=secret.encode()))
    await site.settle()
    said = out.getvalue()
    tokens = {one.token for one in meeting.people} | {one.rating_url for one in meeting.people}
    forbidden = {"canary", CANARY, CLIENTS_WORDS, site.key, *tokens}
    assert [word for word in forbidden if word.lower() in said.lower()] == []
    assert said.count("\n") > 20
    assert "raised ValueError in session_ended" in said, "and yet the operator sees what happened"
    if style == "json":
        allowed = {"time", "level", "logger", "message", "error", "at", *logs.FIELDS}
        assert {name for line in said.splitlines() for name in json.loads(line)} <= allowed
