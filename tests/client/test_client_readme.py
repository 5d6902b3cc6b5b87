"""The client's page: its code runs as it stands, and it names every operation."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest
from tests.services import Site, on_network

import alliancekit.client
from alliancekit import webhooks
from alliancekit.client import AllianceKit
from alliancekit.client.calls import Group, operation
from alliancekit.store.webhooks import Message

PAGE = Path(alliancekit.client.__file__).with_name("README.md").read_text(encoding="utf-8")
WAITING, AWAITED, TOLD = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
SECRET = "whsec_" + "a2tr" * 11


async def test_the_code_runs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCEKIT_KEY", site.key)
    scope: dict[str, Any] = {}
    async with on_network(site) as address:
        waiting, awaited = (code.replace("127.0.0.1:8420", address) for code in (WAITING, AWAITED))
        await asyncio.to_thread(exec, waiting, scope)
        exec(awaited, scope)
        assert await scope["worth_a_look"](scope["session"].episode) == []
        assert await scope["worth_a_look"]("epi_none") != []
    assert scope["token"]
    assert (await site.http.get(scope["link"])).status_code == 303


def test_a_message_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, Any] = {}
    exec(TOLD, scope)
    data = '{"session":"s","external_id":"visit-1","episode":"e","kind":"drop","rule":"a fall"}'
    body = f'{{"type":"signal.raised","timestamp":"2026-09-21T14:13:20Z","data":{data}}}'
    message = Message(id="msg_1", tenant="t", type="signal.raised", body=body, at=0)
    headers = webhooks.headers(message, [SECRET], time.time())
    assert scope["told"](SECRET, headers, body.encode()) == 204
    assert capsys.readouterr().out == "visit-1 is worth a look: a fall\n"
    assert scope["told"](SECRET, headers, b"") == 400


def test_it_names_every_operation_and_fits_a_screen() -> None:
    with AllianceKit("http://kit.test", "ak_x") as alliance:
        for group, held in vars(alliance).items():
            if isinstance(held, Group):
                names = [name for name, one in vars(type(held)).items() if isinstance(one, operation)]
                (listed,) = re.findall(rf"`{group}`\s+([\w,\s]+)", PAGE)
                assert sorted(re.findall(r"\w+", listed)) == sorted(names), group
    assert PAGE.count("\n") <= 80
