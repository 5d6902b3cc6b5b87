"""Renders the client's pages: a view and the reader's words in, a whole HTML document out. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages.pages import Words
from alliancekit.server.client import consent, trend, views

STATIC_DIR: Final = Path(__file__).parent / "static"
"""The directory with `client.css`."""

HOME: Final = "/client"

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What every page is sent with. There is no script. The referrer stays on this site, where forms need it."""

DONE: Final = ("shared", "asked", "agreed", "disagreed", "erasure", "kept")
"""What a page may be told was done."""

VERSION: Final = hashlib.sha256((STATIC_DIR / "client.css").read_bytes()).hexdigest()[:12]
"""Of the style: browsers keep it until it changes."""

_environment = Environment(
    loader=PackageLoader("alliancekit.server.client"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    home=HOME,
    trend=trend,
    consent=consent,
    version=VERSION,
)


def page(
    name: str,
    words: Words,
    view: views.HomeView | views.AnswersView | views.ChoicesView | views.DataView,
    *,
    done: str = "",
    error: str = "",
) -> str:
    """A page by its name: `home`, `answers`, `choices` or `data`.

    Args:
        name: which page.
        words: the reader's words of the section `client`.
        view: what it shows.
        done: one of `DONE`, said at the top; anything else is not said.
        error: a text's key, said at the top.
    """
    said = words.say(f"done.{done}") if done in DONE else ""
    return _render(name, words, view=view, done=said, error=words.say(error) if error else "")


def closed(words: Words, *, reason: str = "") -> str:
    """The page for somebody without a valid link or cookie.

    Args:
        words: the reader's words of the section `client`.
        reason: `used`, `link`, `out` after they closed it themselves, or nothing.
    """
    return _render(
        "message",
        words,
        title=words.say("closed.out_title" if reason == "out" else "closed.title"),
        lead=words.say(f"closed.{reason or 'lead'}"),
        fix=words.say("closed.fix"),
    )


def gone(words: Words) -> str:
    """The page of a course that was erased."""
    return _render("message", words, title=words.say("gone.title"), lead=words.say("gone.lead"), fix="")


def _render(name: str, words: Words, **given: Any) -> str:
    template = _environment.get_template(f"{name}.html")
    return template.render(here=name, words=words, say=words.say, element=words.language.element, **given)
