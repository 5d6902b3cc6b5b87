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
from alliancekit_daily import (
    Daily,
    DailySettings,
    DailyWebhooks,
)


class TestRecordedCall(RecordedContract):
    """What every adapter of a platform that posts is held to."""

    secret = "Zmlyc3Qtc2VjcmV0LTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
    other_secret = "b3RoZXItc2VjcmV0LTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"
    signed_headers = ("x-webhook-timestamp", "x-webhook-signature")
    people: ClassVar[Mapping[str, Role]] = {"par_client": "client", "par_therapist": "therapist"}
    names = ("Ada Lovelace",)

    @override
    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        return DailyWebhooks(DailySettings.model_validate({"secrets": list(secrets)}))

    @override
    def recorded(self) -> Sequence[Recorded]:
        with as_file(files("alliancekit_daily") / "call.jsonl") as file:
            return read_recorded(file)


def test_the_plugin_brings_the_adapter() -> None:
    [adapter] = Alliance(it=Daily).adapters
    assert isinstance(adapter, DailyWebhooks)
