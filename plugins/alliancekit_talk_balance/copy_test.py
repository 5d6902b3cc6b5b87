"""What the plugin promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

import pytest

from alliancekit.events import TalkBalance
from alliancekit.testing import Alliance, FakeSession
from alliancekit_talk_balance import TalkBalancePlugin


async def described(client: float, therapist: float, **settings: object) -> TalkBalance | None:
    """What it says of a call in which the client spoke first, then the therapist; seconds."""
    event = FakeSession().heard(("client", 0.0, client), ("therapist", client, client + therapist))
    host = Alliance(it=(TalkBalancePlugin, settings))
    balance: TalkBalance | None = await host.call("describe_talk", event)
    return balance


async def test_it_says_who_spoke_how_much() -> None:
    balance = await described(60, 20)
    assert balance is not None
    assert balance.client.seconds == pytest.approx(60)
    assert balance.client.share == pytest.approx(0.75)
    assert balance.therapist.seconds == pytest.approx(20)
    assert balance.overlap == pytest.approx(0)
    assert balance.silence == pytest.approx(0)


async def test_too_little_speech_is_not_described() -> None:
    assert await described(1, 1) is None
    assert await described(1, 1, least_speech=1) is not None


def test_it_asks_for_speech_and_nothing_else() -> None:
    assert TalkBalancePlugin.needs == {"speech"}
