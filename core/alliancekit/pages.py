"""Pages of plugins among the therapist's pages: a title over panels, which the host draws.

The host answers `/therapist/plugins/<plugin>/<path>`: below `/therapist`, because the therapist's session
cookie is sent nowhere else, so that no route of a plugin ever sees it. Whoever has no session is asked to
sign in, and a page that fails says so without its exception's text.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alliancekit.panels import LONGEST_TITLE, Panel

MOST_PANELS: Final = 12
"""Panels of one page."""

_PATH: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWanted:
    """Who opens a page: a therapist (the vendor's pseudonymous id) of a tenant, and the page's language."""

    tenant: str
    therapist: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; `panels` is asked each time it is opened and has two seconds.

    With `navigation` every page of the therapist links to it. With `explains_rules` it is linked from "Why am
    I seeing this?" beside the rules of its plugin. A path is small letters and digits with hyphens between,
    up to 40 characters. `titles` says the title in further languages, by language tag.
    """

    path: str
    title: str
    panels: Callable[[PageWanted], Awaitable[Sequence[Panel]]]
    navigation: bool = False
    explains_rules: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.path) > 40 or not _PATH.fullmatch(self.path):
            raise ValueError("a page's path is not small letters and digits with hyphens between")
        if not all(0 < len(title) <= LONGEST_TITLE for title in (self.title, *self.titles.values())):
            raise ValueError(f"a page's title has not 1 to {LONGEST_TITLE} characters")

    def title_in(self, tag: str) -> str:
        """The title in a language (`es-MX` finds `es`), else `title`."""
        return self.titles.get(tag) or self.titles.get(tag.partition("-")[0]) or self.title
