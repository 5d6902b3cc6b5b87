"""An exporter in one file: an episode as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.exports import ExportedEpisode, Exporter
from alliancekit.hookspecs import AllianceHooks, hookimpl


def as_markdown(episode: ExportedEpisode) -> bytes:
    """A line for each score of each session; a score that could not be made is a dash, never a zero."""
    lines = [f"# {episode.external_id}", "", "| session | who | measure | scale | percent |"]
    lines.append("|---|---|---|---|---|")
    for session in episode.sessions:
        for response in session.responses:
            for score in response.scores:
                percent = "–" if score.percent is None else f"{score.percent:.0f}"
                who, measure = response.role, response.instrument
                lines.append(f"| {session.number} | {who} | {measure} | {score.scale} | {percent} |")
    return "\n".join([*lines, ""]).encode()


class MarkdownExport(AllianceHooks):
    """Offers the format `md`."""

    @override
    @hookimpl
    def register_exporters(self) -> Sequence[Exporter]:
        return [Exporter(name="md", media_type="text/markdown; charset=utf-8", write=as_markdown)]
