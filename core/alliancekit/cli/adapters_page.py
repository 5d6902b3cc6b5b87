"""Write `ADAPTERS.md`, the table of what each adapter can do, from what the adapters say of themselves.

`python -m alliancekit.cli.adapters_page` writes it, `--check` fails when it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from alliancekit.adapters import Adapter, Capabilities
from alliancekit.plugins.find import GROUPS
from alliancekit.testing import Alliance

PAGE: Final = Path(__file__).parents[2] / "ADAPTERS.md"
"""Beside the package in the source tree; not installed."""

ADAPTERS: Final = Path(__file__).parents[3] / "adapters"

YES: Final = "●"
NO: Final = "–"

TRUST: Final = {"signed": "signature", "static_token": "fixed token", "none": NO}

MEDIA: Final = {"": NO, "websocket": "WebSocket", "rtp": "RTP", "webrtc": "WebRTC"}

COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "webhooks": ("posts", "the platform posts what happens to `/v1/adapters/NAME/events`"),
    "presence": ("presence", "it tells who joins and leaves"),
    "identity": ("our ids", "it gives the participants' ids back that you gave it"),
    "trust": ("proof", "how it proves that a message is its own; a tenant can demand a signature"),
    "replay_safe": ("fresh", "the signature covers a time or a number that is used once"),
    "snapshot": ("asks who is there", "while a room is open, so that lost messages are made up for"),
    "in_call_prompts": ("prompt to one", "it brings a prompt to one person in the call"),
    "broadcast": ("to everybody", "it can say something to the whole room only"),
    "acknowledged": ("receipt", "it learns whether a prompt arrived"),
    "bridge": ("in the page", "a script in your page speaks for the platform"),
    "talk_balance": ("talk balance", "it tells who spoke, from statistics, levels or voice activity"),
    "media": ("listens by", "how it gets at audio for voice activity; nothing of it is stored"),
    "redirect": ("redirect", "the platform sends people to an address of ours when they leave"),
    "end_call": ("ends calls", "it can end the call"),
}
"""Capability → the column's title, and what it means."""

_HEAD: Final = f"""# Adapters

Written by `python -m alliancekit.cli.adapters_page` from what each adapter says of itself; do not edit it.
{YES}: it can; {NO}: it cannot, or not yet. A signed link after the call reaches everybody on any platform.

Each page says what you click at the platform, what you put here, and what to know. What a running service
did with messages of its platforms: `alliancekit adapters list`, `GET /v1/adapters`, and *Video platforms* on
the therapist's pages.
"""


def page() -> str:
    """The whole page as Markdown."""
    titles = " | ".join(title for title, _ in COLUMNS.values())
    lines = [_HEAD, f"| adapter | {titles} |", "| --- |" + " --- |" * len(COLUMNS)]
    for package, adapter in _adapters():
        name = f"[{adapter.title or adapter.name}](../adapters/{package}/README.md) `{adapter.name}`"
        if not (ADAPTERS / package / "README.md").is_file():
            name = f"{adapter.title or adapter.name} `{adapter.name}`"
        cells = " | ".join(_cell(column, adapter.capabilities) for column in COLUMNS)
        lines.append(f"| {name} | {cells} |")
    lines += ["", "## The columns", ""]
    lines += [f"- **{title}**: {meaning}." for title, meaning in COLUMNS.values()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with `--check`; returns the exit code."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{PAGE.name} is stale. Write it again: python -m alliancekit.cli.adapters_page\n")
        return 3
    return 0


def _adapters() -> Iterator[tuple[str, Adapter]]:
    """Each adapter of AllianceKit with its package, in the order of their names."""
    points = [one for one in distribution("alliancekit").entry_points if one.group == GROUPS[1]]
    for point in sorted(points, key=lambda one: one.name):
        for adapter in Alliance(it=point.load()).adapters:
            yield point.module.partition(".")[0], adapter


def _cell(column: str, able: Capabilities) -> str:
    value: Any = getattr(able, column)
    words: Callable[[Any], str] = {"trust": TRUST.__getitem__, "media": MEDIA.__getitem__}.get(column, _mark)
    return words(value)


def _mark(value: Any) -> str:
    return YES if value else NO


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
