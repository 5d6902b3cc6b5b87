"""Takes pictures of the therapist's pages into tests/output/therapist/.

Arguments: languages such as `es zh` instead of English, and pages to take only those. What is read from right
to left is pictured in Arabic.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.tools import therapist_examples as examples  # noqa: E402
from tests.tools.looks import LOOKS  # noqa: E402

from alliancekit.choices import TherapistSettings  # noqa: E402
from alliancekit.languages import OWN_TAGS, Languages  # noqa: E402
from alliancekit.languages.pages import Words  # noqa: E402
from alliancekit.server.choosing import Practice  # noqa: E402
from alliancekit.server.therapist import render, settings  # noqa: E402
from alliancekit.server.therapist.printed import SheetWords  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "therapist"
ORIGIN = "http://therapist.test"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


NOW = examples.START + 90 * 86400


def settings_pages(words: Words) -> dict[str, str]:
    """The settings as they are at first, with something wrong, saved; and Today while ratings are off."""
    own, link = words.section_of("settings"), render.settings_link(words)
    chosen = TherapistSettings(ratings="off", pulses="on", style="supportive", timezone="Europe/Rome")
    practice = Practice(ratings="on", style="facilitative", measure="check-in")
    sent = settings.shown(chosen) | {"pulse_after": "900", "measure": "gone"}
    errors = {name: settings.wrong(name, own) for name in ("measure", "pulse_after")}
    views = {
        "settings": settings.view(examples.OFFER, TherapistSettings(), practice, own),
        "settings-wrong": settings.view(examples.OFFER, chosen, practice, own, sent=sent, errors=errors),
        "settings-saved": settings.view(examples.OFFER, chosen, practice, own, saved="settings"),
    }
    ratings = {"off": settings.ratings_line(chosen, practice)}
    ratings["on"] = settings.ratings_line(TherapistSettings(), practice, saved="ratings-on")
    return {name: render.render_settings(view, own, navigation=(link,)) for name, view in views.items()} | {
        f"today-ratings-{state}": render.render_caseload(
            examples.caseload(), words, navigation=(link,), ratings=line
        )
        for state, line in ratings.items()
    }


def pages_of(words: Words) -> dict[str, str]:
    """Every page in a language, by name."""
    others = SheetWords(words.language, words.section, timezone=words.timezone)
    made = {
        f"sessions-{n}": render.render_episode(examples.episode(n, words=words), words)
        for n in (0, 1, 3, 10, 12, 42)
    }
    return made | {
        "today": render.render_caseload(examples.caseload(), words),
        "today-empty": render.render_caseload(examples.CaseloadView(), words),
        "supervision": render.render_print(examples.episode(12, words=others), others, now=NOW),
        "supervision-all": render.render_print(
            examples.episode(12, words=others), others, now=NOW, name=True, dates=True, notes=True
        ),
        "plugin-page": render.render_plugin_page(
            examples.PAGE, examples.page_panels(), words, navigation=(examples.PAGE, examples.OTHER_PAGE)
        ),
        **settings_pages(words),
        "video-platforms": render.render_platforms(examples.video_platforms(words), words),
        "video-platforms-empty": render.render_platforms(
            examples.PlatformsView(platforms=(), alone=True), words
        ),
        "sign-in": render.render_sign_in(words),
        "error": render.render_error(
            words,
            title=words.say("error.client"),
            detail=words.say("error.client_detail"),
            fix=words.say("error.client_fix"),
        ),
    }


PAGES = {
    f"{tag}/{name}": html
    for tag in OWN_TAGS
    for name, html in pages_of(
        Words(Languages().find(tag), "therapist", timezone=examples.EN.timezone)
    ).items()
}


def answer(route: Route) -> None:
    """Serve a rendered page or a static file without a server."""
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    if path.startswith(render.STATIC_PATH):
        file = render.STATIC_DIR / path.rsplit("/", 1)[1]
        route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
    else:
        route.fulfill(body=PAGES[path.strip("/")], content_type="text/html", headers=dict(render.HEADERS))


def take(page: Page, tag: str, names: Iterable[str], label: str) -> None:
    """Pictures of pages in a language; those of another one than English and Arabic begin with its tag."""
    before = "" if tag in {"en", "ar"} else f"{tag}-"
    for name in names:
        page.goto(f"{ORIGIN}/{tag}/{name}")
        page.screenshot(path=OUTPUT / f"{before}{name}-{label}.png", full_page=True)


def printed(page: Page, tag: str, names: Iterable[str]) -> None:
    """Pages as paper shows them."""
    for name in names:
        page.goto(f"{ORIGIN}/{tag}/{name}")
        page.pdf(path=OUTPUT / f"{name}-print.pdf", format="A4", margin={"top": "15mm", "bottom": "15mm"})
    page.emulate_media(media="print")
    take(page, tag, names, "print")


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    tags = [one for one in sys.argv[1:] if one in OWN_TAGS] or ["en"]
    names = [one for one in sys.argv[1:] if one not in OWN_TAGS] or list(
        dict.fromkeys(one.partition("/")[2] for one in PAGES)
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for look, options in LOOKS.items():
            context = browser.new_context(**options)
            context.route("**/*", answer)
            page = context.new_page()
            for tag in ("ar",) if look.endswith("rtl") else tags:
                take(page, tag, names, look)
            context.close()
        context = browser.new_context(color_scheme="dark")
        context.route("**/*", answer)
        printed(context.new_page(), tags[0], names)
        browser.close()


if __name__ == "__main__":
    main()
