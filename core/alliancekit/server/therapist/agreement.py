"""Why the therapist sees a finding: each rule that looked for it, what it saw, and how often it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alliancekit.events import RuleInfo, RuleRecord, Signal
from alliancekit.languages.pages import Words
from alliancekit.server.therapist.measure import own
from alliancekit.server.therapist.sentences import known as named
from alliancekit.server.therapist.sentences import plain, whole
from alliancekit.server.therapist.views import Link, RuleState, RuleView, SignalView


def rules_of(
    signals: Sequence[Signal], known: Sequence[RuleInfo], have: Mapping[str, int], words: Words
) -> tuple[RuleView, ...]:
    """The rules behind signals of one kind about one course: those that spoke, and where rules vote the rest.

    Args:
        signals: of one kind, course and session; not empty.
        known: what the plugins registered.
        have: how many sessions there were by then, as `RuleInfo.counts` names them.
        words: the reader's.
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
        seen = said[rule.name].inputs if rule.name in said else inputs
        texts = rule.in_language(words.language.tag)
        source = said[rule.name].source if rule.name in said else rule.source
        numbers = {name: seen[name] for name in rule.inputs or seen if name in seen}
        shown.append(
            RuleView(
                name=rule.name,
                title=texts.title,
                state=state,
                meaning=texts.meaning,
                numbers=_numbers(numbers, words, texts.inputs),
                needed=rule.sessions_needed,
                have=sessions,
                source=texts.source
                if source == rule.source
                else own(f"{signals[0].instrument}.source", source, words),
                record=_record(rule.records, sessions, words),
                votes=rule.votes,
            )
        )
    names = {rule.name for rule in listed}
    return (*shown, *(unregistered(one, words) for one in signals if one.rule not in names))


def unregistered(signal: Signal, words: Words) -> RuleView:
    """A rule of which only its signal is known."""
    return RuleView(
        name=signal.rule,
        title=plain(signal.rule),
        state="agreed",
        numbers=_numbers(signal.inputs, words),
        needed=signal.sessions_needed,
        source=signal.source,
    )


def why(view: SignalView, words: Words) -> tuple[RuleView, ...]:
    """The rules behind a finding; where none are given, those of its signals."""
    return view.rules or tuple(unregistered(signal, words) for signal in view.signals)


def pages(view: SignalView, by_rule: Mapping[str, Link]) -> tuple[Link, ...]:
    """The pages that explain the rules behind a finding, each once."""
    names = [one.name for one in view.rules] or [one.rule for one in view.signals]
    return tuple(dict.fromkeys(by_rule[name] for name in names if name in by_rule))


def headline(view: SignalView, words: Words) -> str:
    """How many rules agree, in a sentence; empty where one rule alone looks for it."""
    voting = _voting(view)
    if len(voting) < 2:
        return ""
    agreed = sum(rule.state == "agreed" for rule in voting)
    if view.signal.kind == "possible_strain":
        whose = "therapist" if view.signal.role == "therapist" else "client"
        return words.say(f"agree.{whose}", n=len(voting), agreed=agreed)
    return words.say("agree.kind", n=len(voting), agreed=agreed, kind=words.say(f"kind.{view.signal.kind}"))


def sentences(view: SignalView) -> tuple[str, ...]:
    """What the rules say, each sentence once; of rules that look for the same thing the weightiest one's.

    Of a finding without its rules too: whether they look for the same thing is told with them.
    """
    if not view.rules or len(_voting(view)) > 1:
        return (view.signal.sentence,)
    return tuple(dict.fromkeys(signal.sentence for signal in view.signals))


def _voting(view: SignalView) -> list[RuleView]:
    return [rule for rule in view.rules if rule.votes and rule.state != "too_few"]


def _numbers(
    inputs: Mapping[str, float], words: Words, labels: Mapping[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """Each number with its label: the rule's own one, else ours, else its name in words."""
    return tuple(
        ((labels or {}).get(name) or named(words, "input", name), words.number(value, decimals=2))
        for name, value in inputs.items()
    )


def _record(records: Sequence[RuleRecord], sessions: int, words: Words) -> str:
    """What the longest simulated courses that are not longer than this one say of a rule."""
    if not records:
        return ""
    fits = [one for one in records if one.sessions <= sessions] or [min(records, key=lambda r: r.sessions)]
    one = max(fits, key=lambda record: record.sessions)
    hits, false_alarms = (words.percent(whole(part) / 100) for part in (one.hits, one.false_alarms))
    return words.say("rule.record", n=one.sessions, hits=hits, false_alarms=false_alarms)
