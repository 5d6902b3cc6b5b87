"""Takes pictures of the therapist's pages into tests/output/therapist/; name pages to take only those."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.tools import therapist_examples as examples  # noqa: E402

from alliancekit.server.therapist import render  # noqa: E402

OUTPUT = ROOT / "tests" / "output" / "therapist"
ORIGIN = "http://therapist.test"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGES = {f"sessions-{n}": render.render_episode(examples.episode(n)) for n in (0, 1, 3, 10, 12, 42)} | {
    "today": render.render_caseload(examples.caseload()),
    "today-empty": render.render_caseload(examples.CaseloadView()),
    "supervision": render.render_print(examples.episode(12), now=examples.START + 90 * 86400),
    "supervision-all": render.render_print(
        examples.episode(12), now=examples.START + 90 * 86400, name=True, dates=True, notes=True
    ),
    "plugin-page": render.render_plugin_page(
        examples.PAGE, examples.page_panels(), navigation=(examples.PAGE, examples.OTHER_PAGE)
    ),
    "video-platforms": render.render_platforms(examples.video_platforms()),
    "video-platforms-empty": render.render_platforms(examples.PlatformsView(platforms=(), alone=True)),
    "sign-in": render.render_sign_in(),
    "error": render.render_error(
        title="No such client", detail="There is no such client.", fix="Check the link."
    ),
}


def answer(route: Route) -> None:
    """Serve a rendered page or a static file without a server."""
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    if path.startswith(render.STATIC_PATH):
        file = render.STATIC_DIR / path.rsplit("/", 1)[1]
        route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
    else:
        route.fulfill(body=PAGES[path.strip("/")], content_type="text/html", headers=dict(render.HEADERS))


def take(page: Page, name: str, label: str) -> None:
    page.goto(f"{ORIGIN}/{name}")
    page.screenshot(path=OUTPUT / f"{name}-{label}.png", full_page=True)


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:]) or set(PAGES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            for width in (1280, 768, 390):
                context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
                context.route("**/*", answer)
                page = context.new_page()
                for name in sorted(wanted):
                    take(page, name, f"{width}-{scheme}")
                context.close()
        context = browser.new_context(color_scheme="dark")
        context.route("**/*", answer)
        page = context.new_page()
        for name in sorted(wanted):
            page.goto(f"{ORIGIN}/{name}")
            page.pdf(path=OUTPUT / f"{name}-print.pdf", format="A4", margin={"top": "15mm", "bottom": "15mm"})
        page.emulate_media(media="print")
        for name in sorted(wanted):
            take(page, name, "print")
        browser.close()


if __name__ == "__main__":
    main()
