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
from alliancekit_bigbluebutton import (
    BigBlueButton,
    BigBlueButtonSettings,
    BigBlueButtonWebhooks,
)


class TestRecordedCall(RecordedContract):
    """What every adapter of a platform that posts is held to."""

    secret = "first-secret-0123456789abcdef0123456789abcdef"
    other_secret = "other-secret-0123456789abcdef0123456789abcdef"
    signs_url = True
    late = 259200.0
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names = ("Ada+Lovelace", "Grace+Hopper", "ada%40example.org", "Hour+of")

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return BigBlueButtonWebhooks(BigBlueButtonSettings.model_validate({"secrets": list(secrets)}))

    @override
    def recorded(self) -> Sequence[Recorded]:
        with as_file(files("alliancekit_bigbluebutton") / "call.jsonl") as file:
            return read_recorded(file)


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=BigBlueButton).adapters
    assert isinstance(adapter, BigBlueButtonWebhooks)
