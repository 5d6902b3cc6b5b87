"""What the plugin promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from alliancekit.channels import Message
from alliancekit.testing import Alliance
from alliancekit_outbox_folder import OutboxFolder, Settings


async def test_each_message_is_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    told: dict[str, Any] = {field.name: field.name for field in fields(Message)}
    [channel] = OutboxFolder(Settings(folder=folder)).register_channels()
    await channel.send(Message(**told))
    await channel.send(Message(**told))
    written = sorted(folder.iterdir())
    assert [json.loads(file.read_text(encoding="utf-8")) for file in written] == [told, told]
    assert {file.suffix for file in written} == {".json"}
    assert {file.stat().st_mode & 0o077 for file in (folder, *written)} == {0}


def test_it_offers_one_channel() -> None:
    assert Alliance(it=OutboxFolder).report["it"].hooks == ("register_channels",)
