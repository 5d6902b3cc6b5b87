"""`alliancekit tenants`, `keys` and `users`, with the service stopped and while it runs."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from alliancekit.errors import AllianceKitError
from alliancekit.server import control
from alliancekit.store import audit
from tests.commands import call
from tests.services import MakeSite, Site

pytestmark = pytest.mark.usefixtures("cheap_passwords")

PASSWORD = "tin lamp seven orchard"

Ask = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# nothing runs ---------------------------------------------------------------------------------------


def test_tenants_from_the_first_to_the_last(tmp_path: Path) -> None:
    assert "No tenants yet" in call("tenants", "list", folder=tmp_path).stdout
    made = told(call("tenants", "create", "North clinic", "--json", folder=tmp_path))
    shown = call("tenants", "create", "South clinic", folder=tmp_path).stdout
    assert shown.count("ak_") == 1
    assert "shown only now" in shown
    told(call("tenants", "rename", "South clinic", "West clinic", "--json", folder=tmp_path))
    listed = call("tenants", "list", folder=tmp_path).stdout
    assert "West clinic" in listed
    assert "ak_" not in listed
    assert made["key"] not in json.dumps(told(call("tenants", "list", "--json", folder=tmp_path)))
    told(
        call("users", "create", "sam", "--person", "t1", "--tenant", "West clinic", "--json", folder=tmp_path)
    )
    refused = call("tenants", "delete-if-empty", "West clinic", folder=tmp_path)
    assert refused.returncode == 3
    assert "1 accounts" in refused.stderr
    told(call("users", "remove", "sam", "--json", folder=tmp_path))
    assert told(call("tenants", "delete-if-empty", "West clinic", "--json", folder=tmp_path))["deleted"]
    left = told(call("tenants", "list", "--json", folder=tmp_path))["tenants"]
    assert [one["id"] for one in left] == [made["id"]]
    assert call("keys", "create", "--tenant", "West clinic", folder=tmp_path).returncode == 3
    assert call("keys", "list", "--json", folder=tmp_path).stdout.count('"id"') == 1, "its keys went with it"


def test_keys_are_shown_once_and_listed_by_their_dates(tmp_path: Path) -> None:
    first = told(call("tenants", "create", "Clinic", "--json", folder=tmp_path))["key"]
    made = told(call("keys", "create", "--json", folder=tmp_path))
    for listed in (call("keys", "list", folder=tmp_path), call("keys", "list", "--json", folder=tmp_path)):
        for key in (first, made["key"]):
            assert key not in listed.stdout
            assert key[-4:] not in listed.stdout.replace(made["id"], "")
    assert told(call("keys", "revoke", made["id"], "--json", folder=tmp_path))["keys_left"] == 1
    again = call("keys", "revoke", made["id"], folder=tmp_path)
    assert (again.returncode, "before" in again.stderr) == (3, True)
    assert call("keys", "revoke", made["key"], folder=tmp_path).returncode == 3
    assert made["key"] not in call("keys", "revoke", made["key"], folder=tmp_path).stderr
    ours = {
        one["id"]: one["revoked_at"] for one in told(call("keys", "list", "--json", folder=tmp_path))["keys"]
    }
    assert ours[made["id"]] is not None
    assert list(ours.values()).count(None) == 1


def test_users_with_a_link_or_a_password_from_a_file(tmp_path: Path) -> None:
    told(call("tenants", "create", "Clinic", "--json", folder=tmp_path))
    linked = told(call("users", "create", "Sam@Clinic.example", "--person", "t1", "--json", folder=tmp_path))
    assert (linked["login"], linked["role"], linked["password"]) == ("sam@clinic.example", "therapist", False)
    assert "/sign-in/password?link=" in linked["link"]
    (tmp_path / "password.txt").write_text(f"{PASSWORD}\nanother line\n")
    given = call(
        *("users", "create", "kim", "--person", "s1", "--role", "supervisor"),
        *("--password-file", "password.txt", "--json"),
        folder=tmp_path,
    )
    assert (told(given)["password"], "link" in told(given)) == (True, False)
    assert PASSWORD not in given.stdout + given.stderr
    totp = call("users", "totp", "kim", folder=tmp_path)
    assert "otpauth://totp/AllianceKit%3Akim?secret=" in totp.stdout
    assert "█" in totp.stdout
    secret = totp.stdout.split("secret=")[1][:32]
    listed = call("users", "list", "--json", folder=tmp_path).stdout
    assert secret not in listed
    assert "argon2" not in listed
    by_login = {one["login"]: one for one in json.loads(listed)["users"]}
    assert (by_login["kim"]["totp"], by_login["kim"]["role"]) == (True, "supervisor")
    assert "+ code" in call("users", "list", folder=tmp_path).stdout
    assert "disabled" in call("users", "disable", "kim", folder=tmp_path).stdout
    assert told(call("users", "enable", "kim", "--json", folder=tmp_path))["disabled_at"] is None
    assert not told(call("users", "totp", "kim", "--off", "--json", folder=tmp_path))["totp"]
    assert "link" in told(call("users", "password", "kim", "--json", folder=tmp_path))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("keys", "create"), 3),  # there is no tenant
        (("keys", "revoke", "key_nothing"), 3),
        (("tenants", "create", ""), 3),
        (("tenants", "create", "two\nlines"), 3),
        (("tenants", "rename", "ten_nothing", "New"), 3),
        (("users", "create", "sam", "--person", "t1"), 3),
        (("users", "password", "nobody"), 3),
        (("users", "create", "sam"), 2),
        (("users", "create", "sam", "--person", "t1", "--role", "client"), 2),
        (("users", "create", "sam", "--person", "t1", "--prompt", "--password-file", "x"), 2),
        (("users", "create", "sam", "--person", "t1", "--password-file", "missing.txt"), 3),
        (("users", "create", "sam", "--person", "t1", "--prompt"), 3),
        (("users", "nothing"), 2),
    ],
)
def test_refusals_are_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    done = call(*arguments, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 3:
        assert len(done.stderr.splitlines()) == 1


def test_a_weak_password_and_a_taken_login_are_refused(tmp_path: Path) -> None:
    told(call("tenants", "create", "Clinic", "--json", folder=tmp_path))
    (tmp_path / "weak.txt").write_text("password1234")
    weak = call("users", "create", "sam", "--person", "t1", "--password-file", "weak.txt", folder=tmp_path)
    assert (weak.returncode, "password1234" in weak.stderr) == (3, False)
    told(call("users", "create", "sam", "--person", "t1", "--json", folder=tmp_path))
    taken = call("users", "create", "SAM", "--person", "t2", folder=tmp_path)
    assert (taken.returncode, "login already" in taken.stderr) == (3, True)


# while the service runs -----------------------------------------------------------------------------


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site()


@pytest.fixture
async def ask(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("ALLIANCEKIT_DATA_DIR", str(site.service.settings.data_dir))

    async def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(call, *arguments, folder=tmp_path)

    return run


async def test_the_running_service_does_it_and_at_once(site: Site, ask: Ask) -> None:
    key = told(await ask("keys", "create", "--json"))
    assert (await site.get("/v1/tenant", key=key["key"])).status_code == 200
    told(await ask("keys", "revoke", key["id"], "--json"))
    assert (await site.get("/v1/tenant", key=key["key"])).status_code == 401
    made = told(await ask("users", "create", "sam", "--person", "t1", "--json"))
    assert made["link"].startswith(f"{site.app.backend.base_url}/sign-in/password?link=")  # type: ignore[attr-defined]
    refused = await ask("users", "password", "nobody")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (3, 1)
    assert "users list" in refused.stderr
    entries = await site.service.database.read(lambda conn: audit.entries(conn, site.tenant))
    done = [(one.actor, one.action, one.object) for one in entries]
    assert done == [
        ("operator", "key.created", key["id"]),
        ("operator", "key.revoked", key["id"]),
        ("operator", "account.created", made["id"]),
    ]
    assert "sam" not in str(entries), "a login may be somebody's name"


async def test_every_change_leaves_an_audit_entry_without_secrets(site: Site, ask: Ask) -> None:
    key = told(await ask("keys", "create", "--json"))["key"]
    secrets = [key]
    secrets += [told(await ask("users", "create", "sam", "--person", "t1", "--json"))["link"]]
    secrets += [told(await ask("users", "totp", "sam", "--json"))["secret"]]
    for step in (("password",), ("disable",), ("enable",), ("totp", "--off"), ("remove",)):
        told(await ask("users", step[0], "sam", *step[1:], "--json"))
    entries = await site.service.database.read(lambda conn: audit.entries(conn, site.tenant))
    assert [one.action for one in entries] == [
        "key.created",
        "account.created",
        "account.totp_set",
        "account.password_reset",
        "account.disabled",
        "account.enabled",
        "account.totp_removed",
        "account.removed",
    ]
    assert {one.actor for one in entries} == {"operator"}
    assert not any(secret in str(entries) for secret in secrets)


async def test_the_socket_is_for_one_user_and_goes_with_the_service(site: Site) -> None:
    path = site.service.settings.data_dir / control.NAME
    found = path.stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == os.geteuid()


async def test_another_user_is_not_answered(site: Site, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "user_of", lambda peer: os.geteuid() + 1)
    refused = await ask("tenants", "list")
    assert refused.returncode == 3
    assert "Clinic" not in refused.stdout + refused.stderr


def test_the_kernel_names_the_peers_user() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert control.user_of(here) == os.geteuid()
        assert control.may_ask(here)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b'{"do": "tenants.list"}\n',
        b'{"do": "nothing.at_all", "with": {}}\n',
        b'{"do": "tenants.list", "with": {"more": 1}}\n',
        b'{"do": "tenants.create", "with": {"name": 7}}\n',
        b'{"do": "users.create", "with": {"login": "sam", "role": "client", "person": "x"}}\n',
        b'{"do": "do", "with": {"what": "tenants.list"}}\n',
        b"\xff\xfe\n",
        b"[" * 20_000 + b"\n",
        b"x" * 200_000 + b"\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_nonsense_changes_nothing_and_the_next_is_served(site: Site, line: bytes) -> None:
    before = await site.rows()
    reader, writer = await asyncio.open_unix_connection(sock=connected(site.service.settings.data_dir))
    writer.write(line)
    answer = await reader.read()
    writer.close()
    assert b"done" not in answer
    assert b"Traceback" not in answer
    assert await site.rows() == before
    listed = await asyncio.to_thread(control.ask, site.service.settings.data_dir, "tenants.list", {})
    assert [one["id"] for one in listed["tenants"]] == [site.tenant]


def connected(folder: Path) -> socket.socket:
    one = socket.socket(socket.AF_UNIX)
    with control._address(folder) as address:
        one.connect(address)
    return one


async def test_a_long_path_has_a_socket_too(make_site: MakeSite, tmp_path: Path) -> None:
    site = await make_site()
    folder = site.service.settings.data_dir
    deep = folder / ("deep" * 30)
    deep.mkdir()
    held = control.ControlSocket(deep, site.app.backend.operator)  # type: ignore[attr-defined]
    await held.start()
    try:
        assert (await asyncio.to_thread(control.ask, deep, "keys.list", {}))["keys"]
    finally:
        await held.close()
    with pytest.raises(FileNotFoundError):
        await asyncio.to_thread(control.ask, deep, "keys.list", {})


def test_what_a_killed_service_left_is_no_hindrance(tmp_path: Path) -> None:
    told(call("tenants", "create", "Clinic", "--json", folder=tmp_path))
    left = socket.socket(socket.AF_UNIX)
    with control._address(tmp_path / ".alliancekit") as address:
        left.bind(address)
    left.close()
    assert "Clinic" in call("tenants", "list", folder=tmp_path).stdout


async def test_what_fails_in_the_service_is_said_without_its_words(site: Site) -> None:
    async def broken(what: str, given: object) -> None:
        raise ValueError("a client's words")

    operator = site.app.backend.operator  # type: ignore[attr-defined]
    operator.do = broken
    with pytest.raises(AllianceKitError) as caught:
        await asyncio.to_thread(control.ask, site.service.settings.data_dir, "tenants.list", {})
    assert "ValueError" in str(caught.value)
    assert "words" not in str(caught.value)


@pytest.mark.postgres
async def test_on_postgresql_the_database_itself_is_used(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCEKIT_DATABASE_URL", postgres_url)
    monkeypatch.setenv("ALLIANCEKIT_SIGNING_KEY", "k" * 64)
    told(await asyncio.to_thread(call, "tenants", "create", "Clinic", "--json", folder=tmp_path))
    made = told(
        await asyncio.to_thread(call, "users", "create", "sam", "--person", "t1", "--json", folder=tmp_path)
    )
    assert "link" in made
    assert not (tmp_path / ".alliancekit" / control.NAME).exists()
