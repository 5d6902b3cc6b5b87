"""The page's script: its sources put together, without comments and indentation."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

PARTS = ("sender", "prompt", "bindings", "bridge")
"""Names of the scripts in `page/`, each before those that use it."""


@cache
def script() -> bytes:
    """The ES module that `GET bridge.js` serves, UTF-8."""
    folder = Path(__file__).with_name("page")
    lean = "".join(_lean((folder / f"{part}.js").read_text(encoding="utf-8")) for part in PARTS)
    return f"/* AllianceKit bridge, Apache-2.0 */\n{lean}".encode()


def etag() -> str:
    """A strong entity tag of the script, quotes included (RFC 9110, 8.8.3)."""
    return f'"{sha256(script()).hexdigest()[:32]}"'


def _lean(text: str) -> str:
    """A source without indentation and comments, which stand on lines of their own; no string spans lines."""
    text = re.sub(r"^\s*/\*.*?\*/\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
