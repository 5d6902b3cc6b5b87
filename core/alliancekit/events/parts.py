"""What events carry and what plugins return: people, presence, scores, series, signals, guidance, plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

Role = Literal["client", "therapist", "observer"]
"""Who somebody is in a session."""

Moment = Literal["pre_session", "in_call", "end_of_call", "follow_up"]
"""When feedback is asked."""

Visibility = Literal["therapist_now", "therapist_later", "aggregate_only"]
"""Who may see a response; the client chooses for each one."""

EndReason = Literal["explicit", "everybody_left", "timed_out"]
"""How the end of a session was known."""

SignalKind = Literal[
    "low_score",
    "low_item",
    "drop",
    "reliable_change",
    "possible_strain",
    "repair",
    "flat_maximum",
    "straightlining",
    "divergence",
    "missed_sessions",
]
"""What a rule can find."""

Level = Literal["info", "notice", "strong"]
"""How much a signal asks for attention: to know, to look at, to talk about."""

DataNeed = Literal["answers", "speech", "series", "hidden"]
"""What the host fills in only for plugins that declare it in `needs`; `hidden` are the scores (and with
`answers` the answers) of responses that their client does not show to the therapist at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a session. `id` is the host's own; names and e-mail addresses are never passed on."""

    id: str
    role: Role
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One unbroken presence of a participant in the call; times in seconds since 1970 UTC."""

    participant: str
    role: Role
    joined_at: float
    left_at: float
    how: Literal["left", "dropped", "ended"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSpan:
    """One stretch in which a participant was heard; seconds since 1970 UTC. Declared need: `speech`."""

    role: Role
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechTotal:
    """How long a participant was heard in all, by a platform that does not say when. Declared need: `speech`.

    `seconds` as the platform counts: some count only the one who is in the foreground.
    """

    role: Role
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkShare:
    """How much one side spoke: `seconds` heard, `share` of all speech (0–1), number of `turns`.

    `turns` is None where only totals are known.
    """

    seconds: float
    share: float
    turns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkBalance:
    """Who spoke how much: a description of the call, never a score.

    `overlap` and `silence` are shares (0–1) of `observed_seconds`, the time in which both sides were heard or
    could have been heard. Both are None where only totals are known: nobody can tell then.
    """

    client: TalkShare
    therapist: TalkShare
    overlap: float | None
    silence: float | None
    observed_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A scale's value with its range; `percent` is the 0–100 equivalent.

    `value` is None when too few items were answered; then `percent` is None as well. `plugin` names who
    computed it, empty for the instrument's own key.
    """

    scale: str
    value: float | None
    minimum: float
    maximum: float
    percent: float | None
    answered: int
    items: int
    prorated: bool = False
    plugin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One participant's answers to one instrument at one moment; empty where the client hides them.

    `answers` (item id → value) is empty unless the plugin declares the need `answers`. A new response
    that its client does not show to the therapist at once has neither without the need `hidden`.
    """

    id: str
    participant: str
    role: Role
    moment: Moment
    instrument: str
    instrument_version: str
    visibility: Visibility
    at: float
    scores: tuple[Score, ...] = ()
    answers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """One session in an episode's series, oldest first; `number` counts from 1. Declared need: `series`."""

    session: str
    number: int
    at: float
    attended: bool = True
    responses: tuple[Response, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemInfo:
    """Where the answers to one item of a scale lie: `minimum` to `maximum`, as they are stored.

    `low_is_worse` tells which end is the less favourable one for the scale; a reversed item and a scale on
    which higher is worse each turn it. `number` is the item's place in the instrument, from 1.
    """

    id: str
    number: int
    minimum: int
    maximum: int
    low_is_worse: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleInfo:
    """What an instrument says about one of its scales: its direction and its cut-off, if it has one.

    `main` marks the scale that rules read first: the one named `total`, or every scale of an instrument
    without a total. A value calls for a conversation when it is `when` the `cut_off`, for example below it.
    `directed` is false where neither end is the more favourable one: rules leave such a scale alone. `sd` and
    `reliability` are published values of the scale, in its units, for reliable change; None where there are
    none, `precision_source` cites them. `items` are the items it is made of.
    """

    instrument: str
    form: Role
    scale: str
    main: bool = False
    higher_is_better: bool = True
    cut_off: float | None = None
    when: Literal["<", "<=", ">", ">="] = "<"
    provisional: bool = False
    source: str = ""
    directed: bool = True
    sd: float | None = None
    reliability: float | None = None
    precision_source: str = ""
    items: tuple[ItemInfo, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a rule found.

    `rule` names the rule in words a reader can look up; `inputs` holds the numbers it used;
    `sessions_needed` is the least number of sessions the rule needs to speak; `source` cites it.
    `scale` and `role` say which series it read. `sentence` is the plain wording for the therapist.

    Where the finding is a fall: `magnitude` in the standard deviations it was measured against, `length` in
    sessions from the level before to the bottom, `pattern` its shape (`v` sudden, `decline` over several
    sessions). `item` names the item of a finding about one answer.
    """

    kind: SignalKind
    rule: str
    level: Level
    sentence: str
    sessions_needed: int
    instrument: str = ""
    scale: str = ""
    role: Role = "client"
    inputs: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    magnitude: float | None = None
    length: int | None = None
    pattern: Literal["", "v", "decline"] = ""
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """How often a rule was right in simulated courses of `sessions` sessions; both in percent.

    `hits` is the share of the falls put in that the rule found, `false_alarms` the share of the sessions
    without one in which it spoke. Synthetic: real courses differ.
    """

    sessions: int
    hits: float
    false_alarms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTexts:
    """What people read of a rule in one language; what is empty there is said in English.

    `inputs` labels entries of `Signal.inputs`; the usual ones have labels of AllianceKit's own.
    """

    title: str = ""
    meaning: str = ""
    source: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """A rule that a plugin's `detect_signals` follows: what can be said of it before it speaks.

    `name` and `kind` are those of its signals, `meaning` is one plain sentence, `source` cites the rule.
    `sessions_needed` counts sessions that were `rated`, or all `held` ones, missed ones included. `inputs`
    names the entries of `Signal.inputs` that belong to it. `votes` is true where several rules look for the
    same thing, so that it means something how many of them agree. `records` come from simulated courses.
    `texts` says all that people read in further languages, by language tag.
    """

    name: str
    kind: SignalKind
    meaning: str
    sessions_needed: int
    counts: Literal["rated", "held"] = "rated"
    source: str = ""
    inputs: tuple[str, ...] = ()
    votes: bool = False
    records: tuple[RuleRecord, ...] = ()
    texts: Mapping[str, RuleTexts] = field(default_factory=dict)

    def in_language(self, tag: str) -> RuleTexts:
        """What people read in a language (`es-MX` finds `es`); where a text is missing, the English one."""
        there = _in_language(self.texts, tag) or RuleTexts()
        english = self.texts.get("en") or RuleTexts()
        return RuleTexts(
            title=there.title or english.title or self.name,
            meaning=there.meaning or self.meaning,
            source=there.source or self.source,
            inputs={**english.inputs, **there.inputs},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What the therapist might read, do or say next, in the words of a style.

    `kind` tells the three apart: `reading` (how to read the scores in this style), `next_step` (what to do or
    say), `talk_balance` (a remark on who spoke, description only). `about` names a signal kind or a scale.
    """

    style: str
    text: str
    kind: Literal["reading", "next_step", "talk_balance"] = "next_step"
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the therapist works; `fit_instrument` names the instrument with the style's own fit items.

    `titles` and `descriptions` say both in further languages, by language tag.
    """

    name: str
    title: str
    description: str
    fit_instrument: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def title_in(self, tag: str) -> str:
        """The title in a language (`es-MX` finds `es`), else `title`."""
        return _in_language(self.titles, tag) or self.title

    def description_in(self, tag: str) -> str:
        """The description in a language (`es-MX` finds `es`), else `description`."""
        return _in_language(self.descriptions, tag) or self.description


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRequest:
    """Ask one role, at one moment, the named instruments in this order, on one card.

    `after_seconds` counts from the moment's beginning (the call's start for `in_call`).
    """

    role: Role
    moment: Moment
    instruments: tuple[str, ...]
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPlan:
    """What to ask at a moment; an empty plan means: ask nothing."""

    requests: tuple[PromptRequest, ...] = ()


_Said = TypeVar("_Said", str, RuleTexts)


def _in_language(texts: Mapping[str, _Said], tag: str) -> _Said | None:
    return texts.get(tag) or texts.get(tag.partition("-")[0])
