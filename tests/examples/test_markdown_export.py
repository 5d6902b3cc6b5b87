"""The exporter, asked for over HTTP."""

from __future__ import annotations

from typing import Any

from examples.markdown_export import MarkdownExport

from alliancekit.testing import Episode


async def test_an_episode_is_a_table(client: Any) -> None:
    async with client(MarkdownExport) as site:
        written = await site.write(Episode([80, 60]))
        reply = await site.get(f"/v1/episodes/{written.episode}/export?format=md")
    assert reply.headers["content-type"] == "text/markdown; charset=utf-8"
    rows = [line.split(" | ") for line in reply.text.splitlines() if " | client | " in line]
    assert {row[0] for row in rows} == {"| 1", "| 2"}
    assert {"bond", "goal", "task", "total"} <= {row[3] for row in rows}
