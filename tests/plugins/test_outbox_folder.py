from __future__ import annotations

import json
import os
from pathlib import Path

from tests.services import MakeSite

from alliancekit.channels import Message
from alliancekit.store import prompts
from alliancekit_outbox_folder import OutboxFolder, Settings


async def test_a_sent_prompt_becomes_a_file_whose_link_opens_the_questions(
    make_site: MakeSite, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "outbox"
    plugins = {"enabled": ["measures", "supportive", "outbox_folder"]}
    plugins["settings"] = {"outbox_folder": {"folder": str(folder)}}  # type: ignore[assignment]
    site = await make_site(plugins=plugins)
    meeting = await site.held(
        participants=[
            {"role": "client", "external_id": "c-17", "language": "es"},
            {"role": "therapist", "external_id": "t1"},
        ]
    )
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    reply = await site.post(f"/v1/prompts/{prompt['id']}/send", {"channel": "outbox_folder"})
    assert (reply.status_code, reply.json()) == (200, {"status": "sent"})
    [file] = folder.iterdir()
    assert (file.suffix, file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (
        ".json",
        0o600,
        0o700,
    )
    body = json.loads(file.read_text())
    link = body.pop("link")
    assert body == {
        "prompt": prompt["id"],
        "tenant": site.tenant,
        "to": "c-17",
        "role": "client",
        "moment": "end_of_call",
        "language": "es",
    }
    page = await site.http.get(link)
    assert page.status_code == 200
    assert 'lang="es"' in page.text
    made = await site.service.database.read(lambda conn: prompts.deliveries(conn, prompt["id"]))
    assert [one.status for one in made if one.channel == "outbox_folder"] == ["sent"]


async def test_two_messages_of_one_prompt_are_two_files(tmp_path: Path) -> None:
    plugin = OutboxFolder(Settings(folder=tmp_path))
    message = Message(
        prompt="prm_1", tenant="ten_1", to="c1", role="client", moment="follow_up", language="ar", link="x"
    )
    for _ in range(2):
        await plugin.send(message)
    written = os.listdir(tmp_path)
    assert len(written) == 2
    assert all(name.startswith("prm_1-") and name.endswith(".json") for name in written)
