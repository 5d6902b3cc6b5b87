"""The assembled script and its colours."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import pytest

from alliancekit.languages import Languages
from alliancekit.web.embed import PARTS, WEB, Embed

EMBED = Embed(Languages())
PAIR = re.compile(r"--([a-z-]+): var\(--ak-[a-z-]+, light-dark\((#\w{6}), (#\w{6})\)\)")


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_script_is_small() -> None:
    assert len(gzip.compress(EMBED.script, 9)) <= 20_000


def test_the_script_holds_every_source_and_nothing_a_strict_policy_forbids() -> None:
    script = EMBED.script.decode()
    assert {path.stem for path in (WEB / "element").glob("*.js")} == set(PARTS)
    sinks = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")
    stores = ("localStorage", "indexedDB", "document.cookie")
    for forbidden in (*sinks, *stores, "beforeunload"):
        assert forbidden not in script
    assert script.count("sessionStorage") == script.count("sessionStorage.") == 3
    assert script.count("sessionStorage.setItem(") == 1
    assert set(re.findall(r"setMark\(\w+(?:\.\w+)*, (.+?)\)", script)) == {
        '"begun"', '"confirmed"', 'outcome === "refused" && mine ? "begun" : null', "null", "what"
    }  # fmt: skip


def test_the_assembler_drops_comments_and_no_code() -> None:
    script = EMBED.script.decode()
    assert "/**" not in script
    for part in PARTS:
        source = (WEB / "element" / f"{part}.js").read_text(encoding="utf-8")
        names = re.findall(r"^(?:class|function|const) (\w+)", source, flags=re.MULTILINE)
        assert names
        assert all(
            re.search(rf"^(class|function|const) {name}\b", script, flags=re.MULTILINE) for name in names
        )


def test_tag_and_integrity_are_those_of_the_bytes() -> None:
    digest = base64.b64encode(hashlib.sha384(EMBED.script).digest()).decode()
    assert EMBED.integrity == f"sha384-{digest}"
    assert re.fullmatch(r'"[0-9a-f]{32}"', EMBED.etag)


def test_every_key_is_used_and_every_used_key_exists() -> None:
    script = EMBED.script.decode().split("const STYLE", 1)[1]
    keys = set(Languages().find("en").element)
    said = set(re.findall(r'say\("(\w+)"', script))
    assert said <= keys
    built = {key for key in keys if re.match(r"(heading|visibility|lost)_|\w+_done$", key)}
    unused = {key for key in keys - said - built if f'"{key}"' not in script}
    assert unused == set()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_default_colours_have_enough_contrast(mode: str) -> None:
    css = (WEB / "element" / "element.css").read_text(encoding="utf-8")
    colours = {name: (light if mode == "light" else dark) for name, light, dark in PAIR.findall(css)}
    for text in ("text", "muted", "warn", "bad"):
        assert _contrast(colours[text], colours["surface"]) >= 4.5, text
        assert _contrast(colours[text], colours["chosen"]) >= 4.5, text
    assert _contrast(colours["on-accent"], colours["accent"]) >= 4.5
    for part in ("line", "accent"):
        assert _contrast(colours[part], colours["surface"]) >= 3, part
