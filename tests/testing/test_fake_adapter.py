"""The fake platform and the host that records."""

from __future__ import annotations

import pytest

from alliancekit.testing import FakeAdapter, RecordingHost
from alliancekit.testing.fake_adapter import NotConnectedError, a_hint


async def test_it_tells_what_the_test_says(fake_clock) -> None:
    adapter, host = FakeAdapter(clock=fake_clock, session="ses_7"), RecordingHost()
    await adapter.start(host)
    await adapter.join("par_c")
    joined = fake_clock()
    await adapter.join("par_t")
    fake_clock.forward(60)
    await adapter.still_there()
    await adapter.drop("par_c")
    await adapter.leave("par_t")
    await adapter.end()
    assert {(tenant, session) for tenant, session, _ in host.facts} == {("ten_1", "ses_7")}
    assert [(one.participant, one.at - joined) for one in host.present()] == [
        ("par_c", 0), ("par_t", 0), ("par_c", 60), ("par_t", 60),
    ]  # fmt: skip
    assert [(one.participant, one.how, one.joined_at) for one in host.gone()] == [
        ("par_c", "dropped", joined),
        ("par_t", "left", joined),
    ]
    assert host.gone("par_c")[0].connection == host.present("par_c")[0].connection
    assert len(host.over()) == 1


async def test_prompts_reach_who_is_there(fake_adapter) -> None:
    host = RecordingHost()
    await fake_adapter.start(host)
    await fake_adapter.join("par_client")
    assert await fake_adapter.deliver(a_hint("prm_1")) is True
    assert await fake_adapter.deliver(a_hint("prm_2", participant="par_x")) is False
    await fake_adapter.withdraw("prm_1")
    assert [hint.prompt for hint in fake_adapter.hints] == ["prm_1", "prm_2"]
    assert fake_adapter.withdrawn == ["prm_1"]


async def test_a_test_s_own_mistakes_are_said(fake_adapter) -> None:
    with pytest.raises(NotConnectedError, match="not running"):
        await fake_adapter.join("par_c")
    await fake_adapter.start(RecordingHost())
    with pytest.raises(NotConnectedError, match="not in the fake call"):
        await fake_adapter.leave("par_x")
