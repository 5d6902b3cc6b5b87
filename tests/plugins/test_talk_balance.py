"""The talk-balance plugin."""

from __future__ import annotations

from alliancekit.events import (
    PanelsWanted,
    Segment,
    SpeechSpan,
    SpeechTotal,
    TalkBalance,
    TalkHeard,
    TalkShare,
)
from alliancekit.panels import PanelSeries, PanelTable
from alliancekit_talk_balance import Settings, TalkBalancePlugin

HOST = {"tenant": "ten_1", "episode": "epi_1", "session": "ses_1", "at": 0.0}


async def described(spans, segments=(), **settings: float):
    speech = tuple(SpeechSpan(role=role, start=start, end=end) for role, start, end in spans)
    event = TalkHeard(**HOST, speech=speech, segments=tuple(segments))
    return await TalkBalancePlugin(Settings(**settings)).describe_talk(event)


async def test_it_describes_a_call():
    there = [Segment(participant=r, role=r, joined_at=0, left_at=20) for r in ("client", "therapist")]
    got = await described([("client", 0, 9), ("therapist", 10, 13)], there)
    assert got is not None
    assert (got.client.share, got.therapist.share) == (0.75, 0.25)
    assert (got.silence, got.observed_seconds) == (0.4, 20)


async def test_totals_count_only_where_nobody_tells_who_spoke_when():
    totals = (SpeechTotal(role="client", seconds=30), SpeechTotal(role="therapist", seconds=10))
    plugin = TalkBalancePlugin(Settings())
    got = await plugin.describe_talk(TalkHeard(**HOST, totals=totals))
    assert got is not None
    assert (got.client.share, got.client.turns, got.silence) == (0.75, None, None)
    spans = (
        SpeechSpan(role="client", start=0, end=2),
        SpeechSpan(role="therapist", start=2, end=8),
    )
    got = await plugin.describe_talk(TalkHeard(**HOST, speech=spans, totals=totals))
    assert got is not None
    assert (got.client.share, got.client.turns) == (0.25, 1)
    little = (SpeechTotal(role="client", seconds=1), SpeechTotal(role="therapist", seconds=1))
    assert await plugin.describe_talk(TalkHeard(**HOST, totals=little)) is None


async def test_too_little_or_one_sided_speech_is_not_described():
    assert await described([("client", 0, 1.4), ("therapist", 2, 3.5)]) is None
    assert await described([("client", 0, 1.5), ("therapist", 2, 3.5)]) is not None
    assert await described([("client", 0, 60)]) is None
    assert await described([]) is None


async def test_settings_reach_the_rule():
    spans = [("client", 0, 2), ("client", 3, 5), ("therapist", 5, 5.2)]
    usual, patient = await described(spans), await described(spans, pause=2, back_channel=0.1)
    assert usual is not None
    assert patient is not None
    assert (usual.client.turns, usual.therapist.turns) == (2, 0)
    assert (patient.client.turns, patient.therapist.turns) == (1, 1)


def test_it_asks_for_speech_only():
    assert TalkBalancePlugin.needs == {"speech"}


def balance(share: float) -> TalkBalance:
    return TalkBalance(
        client=TalkShare(seconds=60 * share, share=share, turns=4),
        therapist=TalkShare(seconds=60 * (1 - share), share=1 - share, turns=5),
        overlap=0.1,
        silence=0.25,
        observed_seconds=80.0,
    )


async def panels(balances: dict[int, TalkBalance]):
    event = PanelsWanted(**HOST, style="supportive", talk_balances=balances)
    return await TalkBalancePlugin(Settings()).render_panels(event)


async def test_the_course_is_shown_from_the_second_observed_session_on():
    assert await panels({1: balance(0.5)}) == ()
    [panel] = await panels({5: balance(0.25), 2: balance(0.5)})
    [series] = [part for part in panel.parts if isinstance(part, PanelSeries)]
    [table] = [part for part in panel.parts if isinstance(part, PanelTable)]
    assert series.points == ((2, 50.0), (5, 25.0))
    assert table.rows == (("5", "4", "5", "10%", "25%"), ("2", "4", "5", "10%", "25%"))


async def test_a_long_course_shows_its_latest_sessions():
    [panel] = await panels({number: balance(0.5) for number in range(1, 80)})
    [series] = [part for part in panel.parts if isinstance(part, PanelSeries)]
    assert (series.points[0][0], series.points[-1][0], len(series.points)) == (30, 79, 50)


async def test_what_only_totals_tell_is_a_dash_in_the_table():
    total = TalkBalance(
        client=TalkShare(seconds=30, share=0.5, turns=None),
        therapist=TalkShare(seconds=30, share=0.5, turns=None),
        overlap=None,
        silence=None,
        observed_seconds=80.0,
    )
    [panel] = await panels({1: balance(0.4), 2: total})
    [table] = [part for part in panel.parts if isinstance(part, PanelTable)]
    assert table.rows[0] == ("2", "–", "–", "–", "–")
    assert table.rows[1][1:] == ("4", "5", "10%", "25%")
