"""Puts every picture in tests/output on one page, tests/output/screens.html, to be looked at by people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "output"

STYLE = """
body { margin: 1.5rem; background: #777; color: #fff; font: 14px/1.4 system-ui, sans-serif }
nav a { color: inherit; margin-inline-end: 1rem }
section { display: flex; flex-wrap: wrap; align-items: start; gap: 1rem }
figure { margin: 0; width: min-content }
figure img { display: block; max-width: 26rem; max-height: 40rem; background: #fff }
figcaption { overflow-wrap: anywhere }
"""


def sheet(pictures: Iterable[Path]) -> str:
    """A page with these pictures, a section for each folder."""
    found = sorted(one.relative_to(OUTPUT) for one in pictures)
    folders = [(str(folder), list(group)) for folder, group in groupby(found, key=lambda one: one.parent)]
    links = "".join(f'<a href="#{escape(name)}">{escape(name)} ({len(group)})</a>' for name, group in folders)
    sections = "".join(
        f'<h2 id="{escape(name)}">{escape(name)}</h2><section>{"".join(map(_figure, group))}</section>'
        for name, group in folders
    )
    head = f'<meta charset="utf-8"><title>AllianceKit: every page and state</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en">{head}<nav>{links}</nav>{sections}'


def _figure(picture: Path) -> str:
    address = escape(picture.as_posix())
    image = f'<a href="{address}"><img src="{address}" alt="" loading="lazy"></a>'
    return f"<figure>{image}<figcaption>{escape(picture.stem)}</figcaption></figure>"


def main() -> None:
    """Writes the page and says where it is."""
    pictures = list(OUTPUT.rglob("*.png"))
    (OUTPUT / "screens.html").write_text(sheet(pictures), encoding="utf-8")
    print(f"{len(pictures)} pictures: {OUTPUT / 'screens.html'}")


if __name__ == "__main__":
    sys.exit(main())
