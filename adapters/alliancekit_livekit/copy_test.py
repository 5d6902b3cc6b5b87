"""What the adapter promises: a whole call as the platform posts it, the test that a copy of it starts with.

Whoever can sign as the platform does inherits `WebhookContract` instead, which asks more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from typing import ClassVar

from typing_extensions import override

from alliancekit.adapters import WebhookAdapter
from alliancekit.events import Role
from alliancekit.testing import Alliance, Recorded, RecordedContract, read_recorded
from alliancekit_livekit import (
    LiveKit,
    LiveKitSettings,
    LiveKitWebhooks,
)


class TestRecordedCall(RecordedContract):
    """What every adapter of a platform that posts is held to."""

    secret = "ssssssssssssssssssssssssssssssssssssssss"
    other_secret = "tttttttttttttttttttttttttttttttttttttttt"
    signed_headers = ("authorization",)
    people: ClassVar[Mapping[str, Role]] = {"c1": "client", "t1": "therapist"}
    names = ("Ana", "ana@clinic.example")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return LiveKitWebhooks(LiveKitSettings.model_validate({"secrets": list(secrets)}))

    @override
    def recorded(self) -> Sequence[Recorded]:
        with as_file(files("alliancekit_livekit") / "call.jsonl") as file:
            return read_recorded(file)


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=LiveKit).adapters
    assert isinstance(adapter, LiveKitWebhooks)
