"""The page "How the rules work": what each rule looks for, where it comes from, how often it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from alliancekit.events import RuleInfo, RuleRecord, SignalKind
from alliancekit.pages import Page, PageWanted
from alliancekit.panels import Panel, PanelList, PanelTable, PanelText
from alliancekit_strain.sentences import TEXTS

if TYPE_CHECKING:
    from alliancekit.languages.pages import Words

TITLES: Final[Mapping[str, tuple[SignalKind, ...]]] = {
    "low": ("low_score", "low_item"),
    "falls": ("possible_strain", "drop"),
    "repair": ("repair",),
    "change": ("reliable_change",),
    "little": ("flat_maximum", "straightlining"),
    "views": ("divergence",),
    "missed": ("missed_sessions",),
}
"""Which rules stand together, by the key of their title."""

AGREE: Final = re.compile(r"(\d+) of (\d+) agree")
"""The name of a record about several rules."""


def page(rules: Sequence[RuleInfo], records: Mapping[str, Sequence[RuleRecord]]) -> Page:
    """The page about these rules and what simulated courses say of them."""

    async def panels(wanted: PageWanted) -> Sequence[Panel]:
        return explained(rules, records, wanted.language)

    title = TEXTS.words("en").say("page.title")
    titles = TEXTS.everywhere("page.title")
    return Page(path="rules", title=title, titles=titles, panels=panels, explains_rules=True)


def explained(
    rules: Sequence[RuleInfo], records: Mapping[str, Sequence[RuleRecord]], language: str = "en"
) -> list[Panel]:
    """What the page shows."""
    words = TEXTS.words(language)
    found = [Panel(words.say("page.for"), (PanelText(words.say("page.intro")),))]
    for title, kinds in TITLES.items():
        if lines := tuple(_line(words, rule) for rule in rules if rule.kind in kinds):
            found.append(Panel(words.say(f"page.{title}"), (PanelList(lines),)))
    names = {rule.name: rule.in_language(language).title for rule in rules}
    known = {}
    for name, row in records.items():
        if agree := AGREE.fullmatch(name):
            known[words.say("page.agree", least=agree[1], all=agree[2])] = row
        elif name in names:
            known[names[name]] = row
    if table := _table(words, known):
        found.append(Panel(words.say("page.right"), (PanelText(words.say("page.record")), table)))
    return found


def _line(words: Words, rule: RuleInfo) -> str:
    texts = rule.in_language(words.language.tag)
    name, source = (text[:1].upper() + text[1:] for text in (texts.title, texts.source))
    return words.say(
        "page.line", name=name, meaning=texts.meaning, sessions=rule.sessions_needed, source=source
    )


def _table(words: Words, records: Mapping[str, Sequence[RuleRecord]]) -> PanelTable | None:
    lengths = sorted({one.sessions for row in records.values() for one in row})
    if not lengths:
        return None
    rows = []
    for name, row in records.items():
        by_length = {one.sessions: f"{one.hits:.0f}\u00a0/\u00a0{one.false_alarms:.0f}" for one in row}
        rows.append((name, *(by_length.get(length, "–") for length in lengths)))
    columns = (words.say("page.column"), *(str(length) for length in lengths))
    return PanelTable(words.say("page.table"), columns, tuple(rows))
