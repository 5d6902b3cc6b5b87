"""The page "How the rules work": what each rule looks for, where it comes from, how often it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from alliancekit.events import RuleInfo, RuleRecord, SignalKind
from alliancekit.pages import Page, PageWanted
from alliancekit.panels import Panel, PanelList, PanelTable, PanelText

TITLES: Final[Mapping[str, tuple[SignalKind, ...]]] = {
    "Low ratings": ("low_score", "low_item"),
    "Falls": ("possible_strain", "drop"),
    "Repair": ("repair",),
    "Change beyond measurement error": ("reliable_change",),
    "Answers that say little": ("flat_maximum", "straightlining"),
    "Two views": ("divergence",),
    "Missed sessions": ("missed_sessions",),
}

INTRO: Final = (
    "The rules read your own answers and those that the client shares with you, never the pulses in the "
    "call. One that speaks is a reason for a conversation. It diagnoses nothing, and silence does not mean "
    "that all is well."
)
RECORD: Final = (
    "Counted in simulated courses with known falls, not in real ones; percent. The first number is the share "
    "of the falls that a rule found, the second that of sessions without a fall in which it spoke as well."
)


def page(rules: Sequence[RuleInfo], records: Mapping[str, Sequence[RuleRecord]]) -> Page:
    """The page about these rules and what simulated courses say of them."""
    shown = tuple(explained(rules, records))

    async def panels(wanted: PageWanted) -> Sequence[Panel]:
        return shown

    return Page(path="rules", title="How the rules work", panels=panels, explains_rules=True)


def explained(rules: Sequence[RuleInfo], records: Mapping[str, Sequence[RuleRecord]]) -> list[Panel]:
    """What the page shows."""
    found = [Panel("What the rules are for", (PanelText(INTRO),))]
    for title, kinds in TITLES.items():
        if lines := tuple(_line(rule) for rule in rules if rule.kind in kinds):
            found.append(Panel(title, (PanelList(lines),)))
    names = {rule.name for rule in rules}
    if table := _table({name: row for name, row in records.items() if name in names or " agree" in name}):
        found.append(Panel("How often they are right", (PanelText(RECORD), table)))
    return found


def _line(rule: RuleInfo) -> str:
    sessions = "1 session" if rule.sessions_needed == 1 else f"{rule.sessions_needed} sessions"
    name = rule.name[:1].upper() + rule.name[1:]
    source = rule.source[:1].upper() + rule.source[1:]
    return f"{name}. {rule.meaning} Needs at least {sessions}. Source: {source}."


def _table(records: Mapping[str, Sequence[RuleRecord]]) -> PanelTable | None:
    lengths = sorted({one.sessions for row in records.values() for one in row})
    if not lengths:
        return None
    rows = []
    for name, row in records.items():
        by_length = {one.sessions: f"{one.hits:.0f} / {one.false_alarms:.0f}" for one in row}
        rows.append((name, *(by_length.get(length, "–") for length in lengths)))
    columns = ("Rule; sessions:", *(str(length) for length in lengths))
    return PanelTable("Falls found and false alarms, by the length of the course", columns, tuple(rows))
