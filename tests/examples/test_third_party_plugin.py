"""The third-party distribution, installed from its wheel beside AllianceKit's own, in a session over HTTP."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fresh_environment import ROOT, Environment, built, clean, output

pytestmark = pytest.mark.timeout(600)

EXAMPLE = ROOT / "examples" / "third_party_plugin"
SETTINGS = '[plugins]\nalso = ["motivational"]\n'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A vendor's client of a service in an environment that has the two wheels and what they need."""
    home = tmp_path_factory.mktemp("third_party")
    env = Environment(home / "venv", home)
    output(sys.executable, "-m", "venv", env.prefix, folder=home)
    env.run("python", "-m", "pip", "install", "-q", built(home))
    output(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", home, folder=EXAMPLE)
    env.install(next(home.glob("alliancekit_motivational-*.whl")))
    (home / "alliancekit.toml").write_text(SETTINGS)
    log = home / "log.txt"
    with log.open("w") as said:
        command = [env.prefix / "bin/alliancekit", "serve", "--port", "0", "--json"]
        process = subprocess.Popen(command, cwd=home, env=clean(), stdout=said, stderr=said)
    try:
        url, key = (heard(process, log, words) for words in (r'"url": "([^"]+)"', r'"key": "([^"]+)"'))
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as vendor:
            yield vendor
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def heard(process: subprocess.Popen[bytes], log: Path, words: str) -> str:
    """What the service said."""
    deadline = time.monotonic() + 120
    while not (found := re.search(words, log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return found[1]


def ok(reply: httpx.Response) -> Any:
    assert reply.is_success, reply.text
    return reply.json()


def test_a_session_in_a_style_that_somebody_else_wrote(service: httpx.Client) -> None:
    people = [{"role": "therapist", "external_id": "dr-3"}, {"role": "client", "external_id": "client-17"}]
    body = {"external_id": "visit-1", "episode": "course-1", "style": "motivational", "participants": people}
    session = ok(service.post("/v1/sessions", json=body))
    client = next(one for one in session["participants"] if one["role"] == "client")
    ok(service.post(f"/v1/sessions/{session['id']}/end"))
    ok(service.post(f"/v1/sessions/{session['id']}/prompts", json={"moment": "end_of_call"}))

    token = {"Authorization": f"Bearer {client['token']}"}
    prompt = ok(service.get("/v1/prompts/current", headers=token))["prompt"]
    assert [one["name"] for one in prompt["instruments"]] == ["check-in", "motivational-change"]
    answers = {
        "check-in": {item["id"]: 4 for item in prompt["instruments"][0]["items"]},
        "motivational-change": {"matters": 9, "able": 2},
    }
    stored = service.post(
        "/v1/responses",
        headers=token | {"Idempotency-Key": "visit-1-client"},
        json={"prompt": prompt["id"], "visibility": "therapist_now", "answers": answers},
    )
    assert stored.status_code == 201, stored.text

    point = reviewed(service, session["episode"])
    scores = {
        score["scale"]: score["percent"]
        for response in point["responses"]
        if response["instrument"] == "motivational-change"
        for score in response["scores"]
    }
    assert scores == {"matters": 90, "able": 20}
    said = [one["text"] for one in point["guidance"] if one["style"] == "motivational"]
    assert any("more than they trust themselves" in text for text in said)

    page = therapists_page(service, session["episode"])
    assert 'id="panel-motivational-0"' in page
    panel = page.partition('id="panel-motivational-0"')[2].partition("</section>")[0]
    for told in ("The change", "from motivational", "It matters", "90 %", "I could do it", "20 %"):
        assert told in panel, f"{told} is not in the panel"


def therapists_page(service: httpx.Client, episode: str) -> str:
    """The page of one client, as the browser of their therapist gets it."""
    landing = ok(service.post("/v1/launches", json={"therapist": "dr-3"}))["url"]
    with httpx.Client(base_url=service.base_url, timeout=30, follow_redirects=True) as browser:
        assert browser.get(landing).status_code == 200
        page = browser.get(f"/therapist/episodes/{episode}")
        assert page.status_code == 200
    return " ".join(page.text.split())


def reviewed(service: httpx.Client, episode: str) -> Any:
    """The one session of an episode, once plugins have said what they have to say."""
    deadline = time.monotonic() + 60
    while True:
        [point] = ok(service.get(f"/v1/episodes/{episode}"))["sessions"]
        if point["guidance"]:
            return point
        assert time.monotonic() < deadline, point
        time.sleep(0.1)
