"""Why the therapist sees a finding: each rule that looked for it, what it saw, and how often it is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from alliancekit.events import RuleInfo, RuleRecord, Signal
from alliancekit.server.therapist import words
from alliancekit.server.therapist.views import Link, RuleState, RuleView, SignalView

_INPUT_WORDS: Mapping[str, str] = {
    "before": "Level before",
    "now": "Latest",
    "sd": "Usual ups and downs (SD)",
    "magnitude": "Fall, in SDs",
    "length": "Sessions it took",
    "centre": "Average of earlier ratings",
    "sigma": "Spread of the chart (σ)",
    "lower": "Control limit",
    "bottom": "Lowest",
    "sessions": "Sessions",
    "value": "Value",
    "cut_off": "Cut-off",
    "maximum": "Highest possible",
    "threshold": "Threshold",
    "index": "Change in standard errors (RC)",
    "client": "Client",
    "therapist": "You",
    "low_items": "Low answers",
    "items": "Answers",
    "question": "First low question",
    "percent": "Low means within, in % of the range",
    "missed": "Missed",
    "in_a_row": "In a row",
}


def rules_of(
    signals: Sequence[Signal], known: Sequence[RuleInfo], have: Mapping[str, int]
) -> tuple[RuleView, ...]:
    """The rules behind signals of one kind about one course: those that spoke, and where rules vote the rest.

    Args:
        signals: of one kind, course and session; not empty.
        known: what the plugins registered.
        have: how many sessions there were by then, as `RuleInfo.counts` names them.
    """
    said = {signal.rule: signal for signal in signals}
    kind = signals[0].kind
    listed = [rule for rule in known if rule.kind == kind and (rule.votes or rule.name in said)]
    inputs = {name: value for signal in signals for name, value in signal.inputs.items()}
    shown = []
    for rule in listed:
        sessions = have[rule.counts]
        state: RuleState = (
            "agreed" if rule.name in said else "too_few" if sessions < rule.sessions_needed else "disagreed"
        )
        own = said[rule.name].inputs if rule.name in said else inputs
        shown.append(
            RuleView(
                name=rule.name,
                state=state,
                meaning=rule.meaning,
                numbers=_numbers({name: own[name] for name in rule.inputs or own if name in own}),
                needed=rule.sessions_needed,
                have=sessions,
                source=said[rule.name].source if rule.name in said else rule.source,
                record=_record(rule.records, sessions),
                votes=rule.votes,
            )
        )
    names = {rule.name for rule in listed}
    return (*shown, *(unregistered(one) for one in signals if one.rule not in names))


def unregistered(signal: Signal) -> RuleView:
    """A rule of which only its signal is known."""
    return RuleView(
        name=words.plain(signal.rule),
        state="agreed",
        numbers=_numbers(signal.inputs),
        needed=signal.sessions_needed,
        source=signal.source,
    )


def why(view: SignalView) -> tuple[RuleView, ...]:
    """The rules behind a finding; where none are given, those of its signals."""
    return view.rules or tuple(unregistered(signal) for signal in view.signals)


def pages(view: SignalView, by_rule: Mapping[str, Link]) -> tuple[Link, ...]:
    """The pages that explain the rules behind a finding, each once."""
    return tuple(dict.fromkeys(by_rule[one.name] for one in why(view) if one.name in by_rule))


def headline(view: SignalView) -> str:
    """How many rules agree, in a sentence; empty where one rule alone looks for it."""
    voting = [rule for rule in why(view) if rule.votes and rule.state != "too_few"]
    if len(voting) < 2:
        return ""
    agreed = sum(rule.state == "agreed" for rule in voting)
    return f"{_USUAL.get(view.signal.kind, _others)(view.signal)}: {agreed} of {len(voting)} rules agree."


def sentences(view: SignalView) -> tuple[str, ...]:
    """What the rules say, each sentence once; of rules that look for the same thing the weightiest one's."""
    if headline(view):
        return (view.signal.sentence,)
    return tuple(dict.fromkeys(signal.sentence for signal in view.signals))


def _lower(signal: Signal) -> str:
    whose = "your own" if signal.role == "therapist" else "this client’s"
    return f"Lower than {whose} usual range"


def _others(signal: Signal) -> str:
    return words.KIND_WORDS[signal.kind]


_USUAL: Mapping[str, Callable[[Signal], str]] = {"possible_strain": _lower}


def _numbers(inputs: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (_INPUT_WORDS.get(name) or words.plain(name).capitalize(), words.figure(value))
        for name, value in inputs.items()
    )


def _record(records: Sequence[RuleRecord], sessions: int) -> str:
    """What the longest simulated courses that are not longer than this one say of a rule."""
    if not records:
        return ""
    fits = [one for one in records if one.sessions <= sessions] or [min(records, key=lambda r: r.sessions)]
    one = max(fits, key=lambda record: record.sessions)
    return (
        f"In simulated courses of {one.sessions} sessions it found {words.whole(one.hits)} % of the falls; "
        f"it also spoke in {words.whole(one.false_alarms)} % of the sessions without one."
    )
