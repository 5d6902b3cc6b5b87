"""The five styles and the base they share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from alliancekit.errors import InstrumentError
from alliancekit.events import (
    Guidance,
    GuidanceWanted,
    PromptsWanted,
    Response,
    Score,
    Signal,
    SignalKind,
    TalkBalance,
    TalkShare,
)
from alliancekit.instruments.catalogue import languages_of, scales_of
from alliancekit.styles import URGENCY, StylePlugin, StyleSettings
from alliancekit_directive import Directive
from alliancekit_facilitative import Facilitative
from alliancekit_nondirective import NonDirective
from alliancekit_supportive import Supportive
from alliancekit_task_oriented import TaskOriented

STYLES: dict[str, type[StylePlugin]] = {
    "directive": Directive,
    "nondirective": NonDirective,
    "facilitative": Facilitative,
    "supportive": Supportive,
    "task_oriented": TaskOriented,
}
EVERY = pytest.mark.parametrize("name", STYLES)
HOST = {"tenant": "ten_1", "episode": "epi_1", "session": "ses_1", "at": 0.0}


def style(name: str, **settings) -> StylePlugin:
    return STYLES[name](StyleSettings(**settings))


def wanted(name: str, moment="end_of_call", number: int = 1, *, manual: bool = False) -> PromptsWanted:
    return PromptsWanted(**HOST, style=name, moment=moment, number=number, manual=manual)


def rated(*, at: float = 1.0, role="client", moment="end_of_call", **percents: float) -> Response:
    return Response(
        id=f"rsp_{at}",
        participant=f"par_{role}",
        role=role,
        moment=moment,
        instrument="check-in",
        instrument_version="1",
        visibility="therapist_now",
        at=at,
        scores=tuple(
            Score(scale=s, value=p, minimum=0, maximum=100, percent=p, answered=1, items=1)
            for s, p in percents.items()
        ),
    )


def signal(kind, level="notice") -> Signal:
    return Signal(kind=kind, rule="", level=level, sentence="", sessions_needed=1)


TALK = TalkBalance(
    client=TalkShare(seconds=60, share=0.6, turns=5),
    therapist=TalkShare(seconds=40, share=0.4, turns=6),
    overlap=0.05,
    silence=0.25,
    observed_seconds=130,
)


async def guidance(name: str, *responses: Response, kinds=(), talk=None, **more) -> list[Guidance]:
    event = GuidanceWanted(
        **HOST,
        style=more.pop("of", name),
        number=1,
        responses=responses,
        signals=tuple(kind if isinstance(kind, Signal) else signal(kind) for kind in kinds),
        talk_balance=talk,
        **more,
    )
    return list(await style(name).suggest_guidance(event))


def steps(found: list[Guidance]) -> list[str]:
    return [g.about for g in found if g.kind == "next_step"]


@EVERY
def test_it_registers_itself_and_its_fit_items(name: str):
    [made] = style(name).register_styles()
    [fit] = style(name).register_instruments()
    assert made.name == name
    assert made.title
    assert made.description
    assert made.fit_instrument == fit.name == "fit-" + name.replace("_", "-")
    assert fit.form == "client"
    # On top of the ten items of the check-in: a card of thirteen is still answered in half a minute.
    assert len(fit.items) == 3
    assert fit.scales[0].items == tuple(item.id for item in fit.items)
    assert [info.scale for info in scales_of(fit)] == ["fit"]
    assert (fit.validated, fit.licence) == (False, "CC0-1.0")
    assert languages_of(fit) == ("ar", "en", "es", "it", "zh")
    assert [option.value for option in fit.options] == [0, 1, 2, 3, 4]


@EVERY
def test_its_book_answers_every_signal_and_scale_with_words_to_say(name: str):
    book = style(name).book
    assert set(book.reading) == {"bond", "goal", "task", "fit"}
    assert set(URGENCY) == set(get_args(SignalKind))
    assert set(URGENCY) <= set(book.next_step)
    assert {"bond", "goal", "task", "fit", "steady"} <= set(book.next_step)
    for text in book.next_step.values():
        quotes = text["en"].split('"')
        assert len(quotes) == 3, "exactly one sentence to say, in quotes"
        assert quotes[1].strip()


def test_the_styles_share_no_sentence():
    texts: list[str] = []
    for name in STYLES:
        book = style(name).book
        texts += [text["en"] for text in book.next_step.values()]
        texts += [text["en"] for reading in book.reading.values() for text in (reading.high, reading.low)]
        texts += [book.talk["en"], book.description["en"]]
        [fit] = style(name).register_instruments()
        texts += [item.text["en"] for item in fit.items]
    assert len(set(texts)) == len(texts)


@EVERY
async def test_it_is_silent_for_other_styles(name: str):
    other = next(known for known in STYLES if known != name)
    assert await style(name).plan_prompts(wanted(other)) is None
    assert await guidance(name, rated(bond=10), kinds=("possible_strain",), talk=TALK, of=other) == []


@pytest.mark.parametrize(
    ("name", "sessions"),
    [
        ("task_oriented", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("directive", [2, 4, 6, 8]),
        ("facilitative", [2, 4, 6, 8]),
        ("nondirective", [3, 6]),
        ("supportive", [4, 8]),
    ],
)
async def test_how_often_it_asks_its_fit_items(name: str, sessions: list[int]):
    asked = []
    for number in range(1, 9):
        plan = await style(name).plan_prompts(wanted(name, number=number))
        assert plan is not None
        client, therapist = plan.requests
        assert (client.role, client.instruments[0]) == ("client", "check-in")
        assert (therapist.role, therapist.instruments) == ("therapist", ("check-in",))
        if len(client.instruments) == 2:
            asked.append(number)
    assert asked == sessions


async def test_a_site_sets_how_often_and_whether_the_therapist_is_asked():
    never = style("task_oriented", fit_every=0, therapist=False)
    plan = await never.plan_prompts(wanted("task_oriented"))
    assert plan is not None
    assert [request.instruments for request in plan.requests] == [("check-in",)]
    with pytest.raises(ValidationError):
        StyleSettings(fit_every=-1)
    with pytest.raises(ValidationError):
        StyleSettings.model_validate({"fit_evry": 1})


@EVERY
async def test_the_pulse_in_the_call(name: str):
    async def pulse(*, manual: bool, **settings):
        plan = await style(name, **settings).plan_prompts(wanted(name, "in_call", manual=manual))
        assert plan is not None
        return [(r.role, r.instruments, r.after_seconds) for r in plan.requests]

    assert await pulse(manual=False) == []
    assert await pulse(manual=True) == [("client", ("pulse",), 0.0)]
    assert await pulse(manual=False, pulse_after_minutes=20) == [("client", ("pulse",), 1200.0)]
    assert await pulse(manual=True, pulse_after_minutes=20) == [("client", ("pulse",), 0.0)]


@EVERY
@pytest.mark.parametrize("moment", ["pre_session", "follow_up"])
async def test_other_moments_are_left_to_the_next_plugin(name: str, moment):
    assert await style(name).plan_prompts(wanted(name, moment)) is None


@EVERY
async def test_readings_turn_with_the_score(name: str):
    def readings(found):
        return {g.about: g.text for g in found if g.kind == "reading"}

    low = readings(await guidance(name, rated(bond=74.9, goal=40, task=0, total=50)))
    high = readings(await guidance(name, rated(bond=75, goal=80, task=100, total=90)))
    assert set(low) == set(high) == {"bond", "goal", "task"}
    assert all(low[scale] != high[scale] for scale in low)


async def test_the_step_answers_the_most_urgent_signal_and_the_lowest_scale():
    found = await guidance(
        "directive", rated(bond=70, goal=30, task=90), kinds=("flat_maximum", "possible_strain")
    )
    assert steps(found) == ["possible_strain", "goal"]
    assert steps(await guidance("directive", rated(bond=90, goal=95, task=90), kinds=("repair",))) == [
        "repair"
    ]
    assert steps(await guidance("directive", rated(bond=90, goal=80), rated(at=2, fit=50))) == ["fit"]


async def test_three_rules_of_one_kind_give_one_step_and_mere_information_waits():
    good = rated(bond=90, goal=95, task=90)
    assert steps(await guidance("directive", good, kinds=["possible_strain"] * 3)) == ["possible_strain"]
    better = signal("reliable_change", level="info")
    assert steps(await guidance("directive", good, kinds=[better, "divergence"])) == ["divergence"]
    assert steps(await guidance("directive", good, kinds=[better])) == ["reliable_change"]
    assert steps(await guidance("directive", good, kinds=["something else"])) == []


async def test_a_good_session_gets_the_step_for_steady_work_and_no_data_gets_none():
    assert steps(await guidance("supportive", rated(bond=90, goal=90, task=90))) == ["steady"]
    assert await guidance("supportive") == []
    assert await guidance("supportive", rated(role="therapist", bond=10)) == []


async def test_only_the_newest_client_response_after_the_call_counts():
    old, new = rated(at=1, bond=10), rated(at=2, bond=90)
    pulse = rated(at=3, moment="in_call", bond=5)
    assert steps(await guidance("facilitative", new, old, pulse)) == ["steady"]


async def test_a_scale_that_was_not_scored_is_not_read_as_low():
    unscored = Score(scale="bond", value=None, minimum=0, maximum=24, percent=None, answered=2, items=6)
    response = rated(goal=90, task=90)
    event_response = Response(
        **{f: getattr(response, f) for f in response.__dataclass_fields__ if f != "scores"},
        scores=(*response.scores, unscored),
    )
    found = await guidance("supportive", event_response)
    assert steps(found) == ["steady"]
    assert "bond" not in {g.about for g in found}


@EVERY
async def test_talk_is_described_not_judged(name: str):
    [remark] = await guidance(name, talk=TALK)
    assert (remark.kind, remark.style) == ("talk_balance", name)
    assert "60 %" in remark.text
    assert "40 %" in remark.text
    assert "25 %" in remark.text
    for verdict in ("too much", "too little", "should", "better", "worse", "good", "bad"):
        assert verdict not in remark.text


async def test_an_unknown_language_falls_back_to_english():
    assert await guidance("directive", rated(bond=10), language="fi") == await guidance(
        "directive", rated(bond=10)
    )


BOOK = {
    "name": "mine",
    "title": {"en": "Mine"},
    "description": {"en": "…"},
    "reading": {},
    "next_step": {"steady": {"en": "Go on.", "es": "Siga."}},
}


def mine(folder: Path, **changes: object) -> StylePlugin:
    (folder / "style.json").write_text(json.dumps(BOOK | changes), encoding="utf-8")

    class Mine(StylePlugin):
        pass

    Mine.folder = folder
    return Mine(StyleSettings())


async def test_a_third_partys_style_needs_a_book_and_nothing_else(tmp_path: Path):
    made = mine(tmp_path)
    assert list(made.register_instruments()) == []
    assert made.register_styles()[0].fit_instrument == ""
    plan = await made.plan_prompts(wanted("mine", number=6))
    assert plan is not None
    assert plan.requests[0].instruments == ("check-in",)
    event = GuidanceWanted(**HOST, style="mine", number=1, language="es-MX", responses=(rated(bond=90),))
    assert [g.text for g in await made.suggest_guidance(event)] == ["Siga."]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"next_step": {}}, "'steady' is required"),
        ({"talk": {"en": "{cleint} %"}}, "unknown places"),
        ({"fit_evry": 1}, "fit_evry"),
        ({"low_below": 0}, "low_below"),
    ],
)
def test_a_mistake_in_a_book_is_told_with_its_place(
    tmp_path: Path, changes: dict[str, object], expected: str
):
    with pytest.raises(InstrumentError, match=expected) as caught:
        mine(tmp_path, **changes)
    assert str(tmp_path / "style.json") in str(caught.value)


def test_a_missing_book_is_told(tmp_path: Path):
    class Empty(StylePlugin):
        folder = tmp_path

    with pytest.raises(InstrumentError, match=r"style\.json cannot be read"):
        Empty(StyleSettings())
