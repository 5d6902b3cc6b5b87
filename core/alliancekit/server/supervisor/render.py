"""Renders the supervisor's pages: a view and the reader's words in, a whole HTML document out. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages.pages import Words
from alliancekit.server.client import render as client
from alliancekit.server.supervisor import trend, views
from alliancekit.server.therapist import agreement

HOME: Final = "/supervisor"

HEADERS: Final = client.HEADERS
"""What every page is sent with: as the client's, which have no script either."""

_environment = Environment(
    loader=PackageLoader("alliancekit.server.supervisor"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    home=HOME, trend=trend, agreement=agreement, style=f"{client.HOME}/static/client.css?v={client.VERSION}"
)


def cases(words: Words, view: views.CasesView) -> str:
    """All cases."""
    return _render("cases", words, view=view)


def case(words: Words, view: views.CaseView) -> str:
    """One case."""
    return _render("case", words, view=view)


def rules(words: Words, lessons: Sequence[views.Lesson]) -> str:
    """What the findings mean."""
    return _render("rules", words, lessons=lessons)


def closed(words: Words, *, reason: str = "") -> str:
    """The page for somebody without a valid link or cookie; `reason` is `used`, `link` or nothing."""
    lead = words.say(f"closed.{reason or 'lead'}")
    return _render("message", words, title=words.say("closed.title"), lead=lead, fix=words.say("closed.fix"))


def gone(words: Words) -> str:
    """The page of a case that is not shown."""
    lead = words.say("case.gone_means")
    return _render("message", words, title=words.say("case.gone"), lead=lead, fix="", here="gone")


def _render(name: str, words: Words, **given: Any) -> str:
    shown = {
        "here": name,
        "words": words,
        "say": words.say,
        "therapists": words.section_of("therapist"),
        "account": words.section_of("sign_in").say("account.title"),
    }
    return _environment.get_template(f"{name}.html").render(shown | given)
