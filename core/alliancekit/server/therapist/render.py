"""Renders the therapist's pages: a view and its reader's words in, a whole HTML document out. No I/O.

In a template `say("key", …)` is a text of the page's section in the reader's language, `words` are its
numbers, dates and lists, `told` the sentences about a course; `base.html` says its own with `frame("key")`.
Send every page with `HEADERS`; serve `STATIC_DIR` under `STATIC_PATH`. Everything that is shown is escaped, a
name that a template does not know raises, and no page holds inline style or script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages.pages import Words
from alliancekit.server.therapist import agreement, chart, panels, sentences, series, settings, talk_chart
from alliancekit.server.therapist import course as between
from alliancekit.server.therapist.platforms import PlatformsView
from alliancekit.server.therapist.settings import RatingsLine, SettingsView
from alliancekit.server.therapist.views import CaseloadView, EpisodeView, Link, ShownPanel

STATIC_DIR = Path(__file__).parent / "static"
"""The directory with `therapist.css`, `therapist.js` and the icon."""

STATIC_PATH = "/therapist/static"
"""Where the server mounts `STATIC_DIR`."""

HOME_PATH = "/therapist"
"""The path of Today."""


PLATFORMS_PATH = f"{HOME_PATH}/platforms"
"""The path of the page about the connections to video platforms."""


def content_security_policy(*frame_ancestors: str) -> str:
    """The pages' policy; `frame_ancestors` are the origins that may embed them, by default none.

    `trusted-types 'none'` forbids every policy: the script uses no sink that would need one.
    """
    ancestors = " ".join(frame_ancestors) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


CSP = content_security_policy()
"""The value of `Content-Security-Policy` where no other origin embeds the pages."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    # Under `no-referrer` a form's `Origin` is null, and over plain HTTP nothing else says whose it is.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What every page is sent with."""


def _version() -> str:
    digest = hashlib.sha256()
    for path in sorted(STATIC_DIR.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_environment = Environment(
    loader=PackageLoader("alliancekit.server.therapist"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    agreement=agreement,
    between=between,
    chart=chart,
    panels=panels,
    series=series,
    talk_chart=talk_chart,
    told=sentences,
    static=STATIC_PATH,
    version=_version(),
    home=HOME_PATH,
    settings_path=settings.PATH,
    ratings_path=settings.RATINGS_PATH,
)


def page(template: str, words: Words, **context: Any) -> str:
    """A whole page from a template that extends `base.html`; `words` are those of its section."""
    return _environment.get_template(template).render(
        {"live": None, "navigation": ()} | context,
        words=words,
        say=words.say,
        frame=words.section_of(sentences.SECTION).say,
        texts=words.section_of("course"),
    )


def platforms_link(words: Words) -> Link:
    """The page about the connections to video platforms."""
    return Link(title=words.say("frame.platforms"), url=PLATFORMS_PATH)


def account_link(words: Words) -> Link:
    """The page about the own account, where one signs out."""
    return Link(title=words.section_of("sign_in").say("account.title"), url=f"{HOME_PATH}/account")


def settings_link(words: Words) -> Link:
    """The therapist's settings."""
    return Link(title=words.section_of(settings.SECTION).say("title"), url=settings.PATH)


def render_caseload(
    view: CaseloadView,
    words: Words,
    *,
    navigation: Sequence[Link] = (),
    ratings: RatingsLine | None = None,
) -> str:
    """Today: the therapist's clients, the most recent session first, and a line while ratings are off."""
    return page(
        "caseload.html",
        words,
        view=view,
        live=view.live,
        navigation=navigation,
        ratings=ratings,
        ratings_say=words.section_of(settings.SECTION).say,
    )


def render_settings(view: SettingsView, words: Words, *, navigation: Sequence[Link] = ()) -> str:
    """What the therapist switches and chooses; `words` are those of the section `settings`."""
    return page("settings.html", words, view=view, here=settings.PATH, live=view.live, navigation=navigation)


def render_episode(view: EpisodeView, words: Words, *, navigation: Sequence[Link] = ()) -> str:
    """One client's page."""
    return page("episode.html", words, view=view, live=view.live, navigation=navigation)


def render_plugin_page(
    here: Link, items: Sequence[ShownPanel], words: Words, *, navigation: Sequence[Link] = ()
) -> str:
    """A page of a plugin."""
    return page(
        "plugin_page.html", words, title=here.title, here=here.url, items=items, navigation=navigation
    )


def render_platforms(view: PlatformsView, words: Words, *, navigation: Sequence[Link] = ()) -> str:
    """How the connections to video platforms are doing."""
    return page("platforms.html", words, view=view, here=PLATFORMS_PATH, navigation=navigation)


def render_sign_in(words: Words, *, refused: bool = False, local: bool = False) -> str:
    """The page for somebody without a valid link; `refused` says that they came with one that is none.

    `local` says that people sign in here with a password too.
    """
    own = words.section_of("sign_in").say("local") if local else ""
    return page("sign_in.html", words, refused=refused, local=own)


def render_error(words: Words, *, title: str, detail: str, fix: str = "") -> str:
    """The page for what went wrong: what happened, what it means, what to do."""
    return page("error.html", words, title=title, detail=detail, fix=fix)
