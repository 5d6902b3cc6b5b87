"""A channel that writes each message as a file, for a gateway of the site's own to send as SMS or e-mail."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from alliancekit.channels import Channel, Message
from alliancekit.hookspecs import AllianceHooks, hookimpl

__all__ = ["OutboxFolder", "Settings"]


class Settings(BaseModel):
    """Where the files go.

    Attributes:
        folder: made when the first message comes; only its owner may read what is in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Path("outbox")


class OutboxFolder(AllianceHooks):
    """Offers the channel `outbox_folder`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    def register_channels(self) -> Sequence[Channel]:
        return [Channel(name="outbox_folder", send=self.send)]

    async def send(self, message: Message) -> None:
        """Write one file; it appears whole, under its final name."""
        await asyncio.to_thread(self._write, message)

    def _write(self, message: Message) -> None:
        folder = self.settings.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{message.prompt}-{secrets.token_hex(4)}"
        draft = folder / f".{name}.part"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(message), file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / f"{name}.json")
