"""The instrument: it is offered, asked and scored."""

from __future__ import annotations

from typing import Any

from examples.weather import Weather

from alliancekit.scoring.scales import score
from alliancekit.testing import Alliance


def test_it_is_scored(alliance: type[Alliance]) -> None:
    weather = alliance(Weather).instruments.get("weather")
    assert [one.percent for one in score(weather, {"today": 2, "next_time": 1})] == [75.0]
    (half,) = score(weather, {"today": 2})
    assert (half.percent, half.prorated) == (100.0, True)
    assert [one.percent for one in score(weather, {})] == [None]


async def test_a_client_answers_it(client: Any) -> None:
    async with client(Weather) as site:
        meeting = await site.held(measure="weather", style="")
        prompt = await site.current(meeting.client.token)
        assert [one["name"] for one in prompt["instruments"]] == ["weather"]
        reply = await site.answer(meeting.client.token, value=2)
    assert reply["status"] == "stored"
