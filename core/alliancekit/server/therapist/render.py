"""Renders the therapist's pages: a view in, a whole HTML document out. No I/O beside the templates.

Send every page with `HEADERS`; serve `STATIC_DIR` under `STATIC_PATH`. Everything that is shown is escaped, a
name that a template does not know raises, and no page holds inline style or script.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages import Language, own_languages
from alliancekit.languages.pages import Words
from alliancekit.server.therapist import agreement, chart, panels, series, talk_chart, words
from alliancekit.server.therapist import course as between
from alliancekit.server.therapist.platforms import PlatformsView
from alliancekit.server.therapist.printed import Sheet
from alliancekit.server.therapist.views import CaseloadView, EpisodeView, Link, ShownPanel

STATIC_DIR = Path(__file__).parent / "static"
"""The directory with `therapist.css`, `therapist.js` and the icon."""

STATIC_PATH = "/therapist/static"
"""Where the server mounts `STATIC_DIR`."""

HOME_PATH = "/therapist"
"""The path of Today."""


PLATFORMS = Link(title="Video platforms", url=f"{HOME_PATH}/platforms")
"""The page about the connections to video platforms."""


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
    words=words,
    static=STATIC_PATH,
    version=_version(),
    home=HOME_PATH,
)


def render_caseload(view: CaseloadView, *, navigation: Sequence[Link] = ()) -> str:
    """Today: the therapist's clients, the most recent session first."""
    return _environment.get_template("caseload.html").render(view=view, live=view.live, navigation=navigation)


def render_episode(
    view: EpisodeView, *, navigation: Sequence[Link] = (), language: Language | None = None
) -> str:
    """One client's page."""
    texts = Words(language or own_languages()[0], "course", timezone=view.timezone)
    return _environment.get_template("episode.html").render(
        view=view, live=view.live, navigation=navigation, texts=texts
    )


def render_print(
    view: EpisodeView,
    *,
    now: float,
    name: bool = False,
    dates: bool = False,
    notes: bool = False,
    language: Language | None = None,
) -> str:
    """One client's page for supervision; see `printed.Sheet`."""
    texts = Words(language or own_languages()[0], "course", timezone=view.timezone)
    sheet = Sheet(view=view, texts=texts, name=name, dates=dates, notes=notes)
    return _environment.get_template("print.html").render(view=view, sheet=sheet, texts=texts, now=now)


def render_plugin_page(here: Link, items: Sequence[ShownPanel], *, navigation: Sequence[Link] = ()) -> str:
    """A page of a plugin."""
    return _environment.get_template("plugin_page.html").render(
        title=here.title, here=here.url, items=items, live=None, navigation=navigation
    )


def render_platforms(view: PlatformsView, *, navigation: Sequence[Link] = ()) -> str:
    """How the connections to video platforms are doing."""
    return _environment.get_template("platforms.html").render(
        view=view, here=PLATFORMS.url, live=None, navigation=navigation
    )


def render_sign_in(*, reason: str = "") -> str:
    """The page for somebody without a valid link; `reason` says what happened, in a sentence."""
    return _environment.get_template("sign_in.html").render(live=None, reason=reason)


def render_error(*, title: str, detail: str, fix: str = "") -> str:
    """The page for what went wrong: what happened, what it means, what to do."""
    return _environment.get_template("error.html").render(live=None, title=title, detail=detail, fix=fix)
