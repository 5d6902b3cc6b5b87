"""Whatever the files of `examples/deploy` would run is run here: their commands as they stand, in a shell.

There is no container engine: the Dockerfile's steps are done one after the other in a folder, with the paths
of the image mapped into it, and the service is started by the image's, Compose's and systemd's own commands,
on a real PostgreSQL, with secrets as files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.examples import deployment_files as files
from tests.fresh_environment import clean
from tests.postgres import Server, binaries, new_database

pytestmark = [pytest.mark.timeout(900), pytest.mark.postgres]

SITE = "feedback.clinic.example"
PATIENCE = 120.0
SYSTEM_PACKAGES = re.compile(r"apt-get update && apt-get install .* postgresql-client && rm -rf \S+")
"""The one step that is not run: it would change this machine, where PostgreSQL's clients are already."""


@dataclass(frozen=True)
class Place:
    """Where the paths of a deployment are on this machine, and the variables of its processes."""

    folder: Path
    paths: Mapping[str, str]
    env: Mapping[str, str]

    def here(self, text: str) -> str:
        """A command, or a variable's value, with its paths on this machine."""
        for theirs, ours in self.paths.items():
            text = text.replace(theirs, ours)
        return text

    def with_env(self, more: Mapping[str, Any]) -> Place:
        """The same place with further variables."""
        return replace(
            self, env={**self.env, **{name: self.here(str(value)) for name, value in more.items()}}
        )

    def run(self, command: str | Sequence[str], *, code: int = 0) -> str:
        """Run a command to its end: a string in a shell, a list as it is; returns what it printed."""
        shell = (
            ["bash", "-eu", "-o", "pipefail", "-c", command] if isinstance(command, str) else list(command)
        )
        done = subprocess.run(
            shell, cwd=self.folder, env=dict(self.env), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The image, as its Dockerfile makes it, in a folder."""
    build, final = files.dockerfile()
    home = tmp_path_factory.mktemp("image")
    source, prefix, data = home / "src", home / "prefix", home / "data"
    source.mkdir()
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    args = build.pairs("ARG")
    assert args == {"PREFIX": "/opt/alliancekit", "DATA": "/var/lib/alliancekit"}
    building = Place(source, {}, clean(PATH=tools, PREFIX=str(prefix), DATA=str(data)))
    for step, text in build.steps:
        if step == "COPY":
            *sources, target = text.split(" ")
            for one in sources:
                files.copied(one, source / (one if target == "./" else target))
        elif step == "RUN":
            building.run(text)
    assert {text.split(" ")[-2] for text in final.all("COPY")} == set(args.values())
    assert all(text.split(" ")[-1] == text.split(" ")[-2] for text in final.all("COPY")), "same place in both"
    for text in final.all("RUN"):
        assert SYSTEM_PACKAGES.fullmatch(text), "a step that no test runs"
    paths = {args["PREFIX"]: str(prefix), args["DATA"]: str(data)}
    place = Place(data, paths, clean(HOME=str(home)))
    programs = binaries()
    assert programs is not None
    variables = final.pairs("ENV")
    variables["PATH"] = f"{variables['PATH']}:{programs}"
    return place.with_env(variables)


@dataclass(frozen=True)
class Secrets:
    """The files with a deployment's secrets."""

    folder: Path

    def read(self, name: str) -> str:
        """What is in one of them."""
        return (self.folder / name).read_text().strip()


@pytest.fixture
def site(image: Place, tmp_path: Path, postgres_server: Server) -> tuple[Place, Secrets]:
    """An empty place for one deployment: secrets as the page makes them, a new database, a free port."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    here = Place(data, {**image.paths, "/var/lib/alliancekit": str(data)}, image.env)
    replace(here, folder=tmp_path).run(files.blocks()[0])
    secrets = Secrets(tmp_path / "secrets")
    assert re.fullmatch(
        r"postgresql\+psycopg://alliancekit:[0-9a-f]{48}@database/alliancekit", secrets.read("database-url")
    )
    # The host `database` is a name inside Compose; here the server listens on a socket.
    (secrets.folder / "database-url").write_text(new_database(postgres_server))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mine = {"ALLIANCEKIT_HOST": "127.0.0.1", "ALLIANCEKIT_PORT": port, "ALLIANCEKIT_DATA_DIR": str(data)}
    return here.with_env(mine), secrets


def new_key(place: Place) -> str:
    """A tenant key, made beside the running service as the page says."""
    assert "alliancekit keys create" in " ".join(paragraph("Start").split())
    command = [
        shutil.which("alliancekit", path=place.env["PATH"]) or "alliancekit",
        "keys",
        "create",
        "--json",
    ]
    done = subprocess.run(command, cwd=place.folder, env=dict(place.env), capture_output=True, check=True)
    key: str = json.loads(done.stdout)["key"]
    return key


@contextmanager
def started(place: Place, command: Sequence[str], ready: Sequence[str]) -> Iterator[httpx.Client]:
    """Run a service while the block runs, once its health check says that it is well; a vendor's client."""
    log = place.folder / "log.txt"
    with log.open("w") as said:
        process = subprocess.Popen(
            [shutil.which(command[0], path=place.env["PATH"]) or command[0], *command[1:]],
            cwd=place.folder,
            env=dict(place.env),
            stdout=said,
            stderr=said,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(ready, env=dict(place.env), capture_output=True, check=False).returncode:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        url = f"http://127.0.0.1:{place.env['ALLIANCEKIT_PORT']}"
        headers = {"Authorization": f"Bearer {new_key(place)}"}
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as vendor:
            yield vendor
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text()
        assert subprocess.run(ready, env=dict(place.env), capture_output=True, check=False).returncode
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()


def ready_check(place: Place) -> list[str]:
    """The image's own health check."""
    command = files.healthcheck(files.dockerfile()[1])
    return [shutil.which(command[0], path=place.env["PATH"]) or command[0], *command[1:]]


def assert_works(vendor: httpx.Client, address: str) -> None:
    """It is ready, and a session can be made."""
    ready = vendor.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    people = [{"role": "therapist", "external_id": "t-1"}, {"role": "client", "external_id": "c-1"}]
    body = {"external_id": "visit-1", "episode": "course-1", "participants": people}
    made = vendor.post("/v1/sessions", json=body)
    assert made.status_code == 201, made.text
    assert all(one["rating_url"].startswith(f"{address}/r/") for one in made.json()["participants"])


def image_command() -> list[str]:
    final = files.dockerfile()[1]
    command: list[str] = json.loads(final.one("ENTRYPOINT")) + json.loads(final.one("CMD"))
    return command


def test_the_image_runs_by_itself(site: tuple[Place, Secrets]) -> None:
    place, _ = site
    with started(place, image_command(), ready_check(place)) as vendor:
        assert_works(vendor, f"http://127.0.0.1:{place.env['ALLIANCEKIT_PORT']}")
    assert (place.folder / "alliancekit.db").is_file()


def test_what_compose_starts_works(site: tuple[Place, Secrets], postgres_server: Server) -> None:
    place, secrets = site
    whole = files.compose(SITE=SITE)
    app, database = whole["services"]["app"], whole["services"]["database"]
    used = {name for one in whole["services"].values() for name in one.get("secrets", ())}
    assert set(whole["secrets"]) == used == {path.name for path in secrets.folder.iterdir()}
    for name, one in whole["secrets"].items():
        assert one["file"] == f"./secrets/{name}"
    place = replace(place, paths={**place.paths, "/run/secrets": str(secrets.folder)})
    place = place.with_env(app["environment"]).with_env({"PGHOST": postgres_server.directory})

    kind, *check = database["healthcheck"]["test"]
    assert kind == "CMD"
    place.run(check)

    assert "command" not in app, "the image's own"
    with started(place, image_command(), ready_check(place)) as vendor:
        assert_works(vendor, f"https://{SITE}")
        token = {"Authorization": f"Bearer {secrets.read('metrics-token')}"}
        assert vendor.get("/metrics", headers=token).status_code == 200
        assert vendor.get("/metrics").status_code == 401
    lines = (place.folder / "log.txt").read_text().splitlines()
    assert any(json.loads(line).get("route") == "/v1/sessions" for line in lines if line.startswith("{"))
    assert not (place.folder / "alliancekit.db").exists(), "PostgreSQL was meant"


def test_compose_and_the_image_fit_together_and_are_closed() -> None:
    whole = files.compose(SITE=SITE)
    services, final = whole["services"], files.dockerfile()[1]
    app = services["app"]
    assert (files.DEPLOY / app["build"]["context"]).resolve() == files.ROOT
    assert (files.ROOT / app["build"]["dockerfile"]).samefile(files.DEPLOY / "Dockerfile")
    for one in services.values():
        for waits_for, how in one.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[waits_for] or waits_for == "app"
    assert set(services["app"]["depends_on"]) == {"database"}
    assert set(services["proxy"]["depends_on"]) == {"app"}
    named = {v.partition(":")[0] for one in services.values() for v in one["volumes"] if v[0] not in "./"}
    assert named == set(whole["volumes"])
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert app["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in app, "only the proxy is reached from outside"
    assert final.one("USER") == "10001:10001"
    subnet = whole["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert json.loads(app["environment"]["ALLIANCEKIT_TRUSTED_PROXIES"]) == [subnet]
    tags = [stage.base for stage in files.dockerfile()] + [
        services[n]["image"] for n in ("database", "proxy")
    ]
    assert [tag for tag in tags if not re.search(r":\d+\.\d+", tag)] == [], "pinned"
    port = final.pairs("ENV")["ALLIANCEKIT_PORT"]
    assert final.one("EXPOSE") == port
    assert f"reverse_proxy app:{port}" in (files.DEPLOY / "Caddyfile").read_text()


def test_what_systemd_starts_works(site: tuple[Place, Secrets]) -> None:
    place, secrets = site
    unit = files.unit()
    credentials = dict(one.split(":", 1) for one in unit["LoadCredential"])
    assert credentials == {name: f"/etc/alliancekit/{name}" for name in credentials}
    assert set(credentials) == {path.name for path in secrets.folder.iterdir()} - {"database-password"}
    place = replace(place, paths={**place.paths, "%d": str(secrets.folder)})
    variables = dict(one.split("=", 1) for one in unit["Environment"])
    place = place.with_env(variables)
    assert unit["WorkingDirectory"] == ["/var/lib/" + unit["StateDirectory"][0]]
    for command in unit["ExecStartPre"]:
        assert "The settings can be used." in place.run(place.here(command).split(" "))
    [start] = unit["ExecStart"]
    with started(place, place.here(start).split(" "), ready_check(place)) as vendor:
        assert_works(vendor, variables["ALLIANCEKIT_PUBLIC_URL"])


HARDENED = {
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "StateDirectoryMode": "0700",
    "UMask": "0077",
}


def test_the_unit_is_hardened_and_systemd_takes_it(image: Place, tmp_path: Path) -> None:
    unit = files.unit()
    assert {key: unit[key] for key in HARDENED} == {key: [value] for key, value in HARDENED.items()}
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        return
    copy = tmp_path / "alliancekit.service"
    text = (files.DEPLOY / copy.name).read_text()
    copy.write_text(text.replace("/opt/alliancekit", image.paths["/opt/alliancekit"]))
    done = subprocess.run(
        [systemd, "verify", "--man=no", copy], capture_output=True, text=True, check=False, env=clean()
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_page_is_true(site: tuple[Place, Secrets], postgres_server: Server) -> None:
    """Its commands run in its order; the service runs between the first ones and the others."""
    place, secrets = site
    whole = files.compose(SITE=SITE)
    place = replace(place, paths={**place.paths, "/run/secrets": str(secrets.folder)})
    place = replace(place.with_env(whole["services"]["app"]["environment"]), folder=secrets.folder.parent)
    _, *others = files.blocks()
    said = []
    with started(place, image_command(), ready_check(place)) as vendor:
        assert_works(vendor, f"https://{SITE}")
        said = [place.run(block) for block in others]
    told = "\n".join(said)
    for words in ("The settings can be used.", "checked", "Whole, at revision", '"status":"ready"'):
        assert words in told
    assert not [one for one in secrets.folder.iterdir() if one.read_text().strip() in told], (
        "a secret was shown"
    )

    for name in re.findall(r"`(?:increase\()?([a-z]+(?:_[a-z]+)+)", paragraph("Alerts worth having")):
        assert f"alliancekit_{name}" in told, "a metric that is not there"

    [restore] = re.findall(r"`(alliancekit db restore \S+)`", files.page())
    (secrets.folder / "database-url").write_text(new_database(postgres_server))
    assert "is restored" in place.run(restore)
    with started(place, image_command(), ready_check(place)) as again:
        assert again.get("/readyz").status_code == 200


def paragraph(title: str) -> str:
    """A paragraph of the page that begins with its title."""
    return files.page().partition(f"**{title}**")[2].partition("\n\n")[0]


def test_the_page_is_short_and_names_what_readyz_says() -> None:
    page = files.page()
    assert len(page.splitlines()) <= 100, "two screens"
    source = (files.ROOT / "core/alliancekit/server/health.py").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| ", page, re.MULTILINE)
    assert len(rows) == 5
    for row in rows:
        for part in re.split(r"…|3|\"dead_work\": ", row):
            assert part.strip() in source, row
    for link in re.findall(r"\]\(([^)]+)\)", page):
        assert (files.DEPLOY / link).exists(), link
    known = (files.ROOT / "core/SETTINGS.md").read_text()
    for setting in re.findall(r"`((?:limits|health|log)\.[a-z_]+)", page):
        assert f"`{setting}`" in known


def test_the_proxy_in_front_of_systemd_lets_sockets_pass_and_keeps_no_paths() -> None:
    nginx = (files.DEPLOY / "nginx.conf").read_text()
    for line in ("proxy_set_header Upgrade $http_upgrade;", "proxy_buffering off;", "access_log off;"):
        assert line in nginx
    assert "proxy_pass http://127.0.0.1:8420;" in nginx
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx, (
        "what a client says by itself is not kept"
    )
