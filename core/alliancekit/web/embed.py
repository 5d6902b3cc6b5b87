"""Puts the custom element `<alliance-feedback>` together into the one script that `/embed.js` serves.

The sources in `element/` are plain JavaScript and one style sheet, read in the order of `PARTS`; the texts
are those of the languages. The result is one strict-mode function: it runs as a classic script and as a
module, and adds nothing to the page but the definition of the element.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256, sha384
from pathlib import Path

from alliancekit.languages import Language

WEB = Path(__file__).parent
"""The folder of the element's sources."""

PARTS = (
    *("words", "dom", "service", "marks", "outbox", "live"),
    *("choice", "slider", "visibility", "questions", "card", "steps", "pulse"),
    *("contrast", "screen", "element"),
)
"""Names of the scripts in `element/`, each before those that use it."""

HEAD = '/* AllianceKit, Apache-2.0 */\n(() => {\n"use strict";\n'
TAIL = "})();\n"


class Embed:
    """The script with the texts of these languages; English must be one of them."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._catalogues = {one.tag: dict(one.element) for one in languages}

    @cached_property
    def script(self) -> bytes:
        """The whole script, UTF-8, to be served as `text/javascript; charset=utf-8`.

        Raises:
            OSError: a source is missing from the installation.
        """
        keys = list(self._catalogues["en"])
        texts = {tag: [texts[key] for key in keys] for tag, texts in self._catalogues.items()}
        words = f"const KEYS = {_json(keys)};\nconst CATALOGUES = {_json(texts)};\n"
        style = f"const STYLE = {_json(_close(_lean('element.css')))};\n"
        scripts = "".join(_lean(f"{part}.js") for part in PARTS)
        return f"{HEAD}{words}{style}{scripts}{TAIL}".encode()

    @cached_property
    def etag(self) -> str:
        """A strong entity tag of the script, quotes included, for the ETag header (RFC 9110, 8.8.3)."""
        return f'"{sha256(self.script).hexdigest()[:32]}"'

    @cached_property
    def integrity(self) -> str:
        """The value of a `<script integrity>` attribute (W3C Subresource Integrity, SHA-384)."""
        return f"sha384-{b64encode(sha384(self.script).digest()).decode()}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _close(css: str) -> str:
    """A style sheet without the spaces that it does not need; holds where no string in it has `: ` or `{};,>`."""
    return re.sub(r"\s*([{};,>])\s*|(?<=[a-z]):\s+", lambda found: found[1] or ":", css)


def _lean(name: str) -> str:
    """A source without indentation and comments.

    Holds for sources whose comments stand on lines of their own and whose strings do not span lines.
    """
    text = (WEB / "element" / name).read_text(encoding="utf-8")
    text = re.sub(r"^\s*/\*.*?\*/\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
