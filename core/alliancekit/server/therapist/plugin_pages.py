"""Pages of plugins: where they are, who links to them, what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from alliancekit.isolation import alone
from alliancekit.languages.pages import Words
from alliancekit.pages import MOST_PANELS, Page, PageWanted
from alliancekit.panels import Panel
from alliancekit.plugins import PluginHost
from alliancekit.server.therapist.views import Link, ShownPanel

PATH: Final = "/therapist/plugins"

LIMIT: Final = 2.0
"""Seconds that a page gets."""


def navigation(plugins: PluginHost, words: Words) -> tuple[Link, ...]:
    """The pages that every page links to, in configured order."""
    return tuple(link(plugin, one, words) for (plugin, _), one in plugins.pages.items() if one.navigation)


def of_rules(plugins: PluginHost, words: Words) -> Mapping[str, Link]:
    """Rule → the page of its plugin that explains it."""
    pages = {
        plugin: link(plugin, one, words) for (plugin, _), one in plugins.pages.items() if one.explains_rules
    }
    return {rule: pages[plugin] for rule, plugin in plugins.rule_owners.items() if plugin in pages}


async def shown(plugin: str, page: Page, wanted: PageWanted) -> tuple[tuple[ShownPanel, ...], str]:
    """The panels of a page, or why there are none: an exception's type and reference."""
    given, failure = await alone(plugin, f"page {page.path}", _panels(page, wanted), LIMIT)
    panels = tuple(
        ShownPanel(id=f"panel-{plugin}-{number}", plugin=plugin, panel=panel)
        for number, panel in enumerate(given or ())
    )
    return panels, failure


async def _panels(page: Page, wanted: PageWanted) -> Sequence[Panel]:
    given = list(await page.panels(wanted))
    if len(given) > MOST_PANELS or not all(isinstance(one, Panel) for one in given):
        raise TypeError(f"a page is up to {MOST_PANELS} panels")
    return given


def link(plugin: str, page: Page, words: Words) -> Link:
    """A page of a plugin and where it is."""
    return Link(title=page.title_in(words.language.tag), url=f"{PATH}/{plugin}/{page.path}")
