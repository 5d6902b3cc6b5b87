"""The README's code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx

from alliancekit.config import load
from alliancekit.plugins import PluginHost
from alliancekit.server.app import create_app
from alliancekit.server.run import bind, running_on
from alliancekit.service import Service, first_key

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


async def test_the_vendors_request_creates_a_session(tmp_path: Path) -> None:
    (code,) = [block for block in BLOCKS if "/v1/sessions" in block]
    settings = load(data_dir=tmp_path, plugins={"disabled": ["webrtc"]})
    key = await first_key(settings)
    sock = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with running_on(create_app(Service(settings), base_url=url), sock):
        code = code.replace("http://127.0.0.1:8420", url).replace("httpx.post(", "await client.post(")
        body = "".join(f"    {line}\n" for line in code.splitlines())
        scope: dict[str, Any] = {}
        exec(f"async def ask(client, key):\n{body}    return reply\n", scope)
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await scope["ask"](client, key)
    assert reply.status_code == 201
    people = reply.json()["participants"]
    assert {one["role"] for one in people} == {"client", "therapist"}
    assert all(one["token"] and one["rating_url"].startswith(url) for one in people)


def test_the_plugin_loads() -> None:
    (code,) = [block for block in BLOCKS if "AllianceHooks" in block]
    scope: dict[str, Any] = {"__name__": "readme_plugin"}
    exec(code, scope)
    host = PluginHost(extra=[("long_silences", scope["LongSilences"])], discover=False)
    assert host.load()["long_silences"].status == "loaded"
