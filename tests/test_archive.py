"""Exports through the service: needs, what clients hide, exporters that fail, the audit, the command."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alliancekit import archive
from alliancekit.data import PluginData
from alliancekit.exports import ExportedEpisode, Exporter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.store import audit
from tests.programs import run
from tests.services import MakeSite, Meeting, Site


class Keeper(AllianceHooks):
    """Offers one format that remembers what it was given."""

    def __init__(self, write: Callable[[ExportedEpisode], Any] | None = None) -> None:
        self.seen: list[ExportedEpisode] = []
        self.write = write or self.remember

    def remember(self, episode: ExportedEpisode) -> bytes:
        self.seen.append(episode)
        return b"kept"

    @hookimpl
    def register_exporters(self) -> list[Exporter]:
        return [Exporter(name="kept", media_type="text/plain", write=self.write)]


class Needy(Keeper):
    needs = frozenset({"answers", "speech", "hidden"})


async def hidden(make_site: MakeSite, plugin: AllianceHooks) -> tuple[Site, Meeting]:
    site = await make_site(extra=[("keeper", plugin)])
    meeting = await site.held(speech=True)
    await site.answer(meeting.therapist.token, 3)
    await site.answer(meeting.client.token, 1, visibility="aggregate_only")
    return site, meeting


async def exported(site: Site, meeting: Meeting, **options: Any) -> bytes:
    _, written = await archive.export(
        site.service.database,
        site.service.plugins,
        tenant=site.tenant,
        episode=meeting.episode,
        form="kept",
        actor="operator",
        now=site.clock(),
        **options,
    )
    return written


async def test_an_exporter_gets_what_its_plugin_needs(make_site: MakeSite) -> None:
    for plugin, filled in ((Keeper(), False), (Needy(), True)):
        site, meeting = await hidden(make_site, plugin)
        assert (await site.get(f"/v1/episodes/{meeting.episode}/export?format=kept")).content == b"kept"
        [session] = plugin.seen[0].sessions
        own = next(one for one in session.responses if one.role == "therapist")
        client = next(one for one in session.responses if one.role == "client")
        assert bool(own.answers) == bool(session.speech) == filled
        assert own.scores
        assert (client.answers, client.scores) == ({}, ())


async def test_everything_holds_what_clients_hide_for_who_needs_it(make_site: MakeSite) -> None:
    for plugin, filled in ((Keeper(), False), (Needy(), True)):
        site, meeting = await hidden(make_site, plugin)
        assert await exported(site, meeting, everything=True) == b"kept"
        client = next(one for one in plugin.seen[0].sessions[0].responses if one.role == "client")
        assert (bool(client.answers), bool(client.scores)) == (filled, filled)
        assert plugin.seen[0].everything == filled


async def test_what_plugins_keep_is_part_of_it(make_site: MakeSite) -> None:
    kept: list[PluginData] = []

    class Notes(AllianceHooks):
        def __init__(self, data: PluginData) -> None:
            kept.append(data)

    site = await make_site(extra=[("notes", Notes)])
    meeting = await site.held()
    await kept[0].set("mood", {"calm": True}, tenant=site.tenant, episode=meeting.episode)
    body = (await site.get(f"/v1/episodes/{meeting.episode}/export")).json()
    assert body["plugin_rows"] == [{"plugin": "notes", "key": "mood", "value": {"calm": True}}]


def raising(_: ExportedEpisode) -> bytes:
    raise ValueError("the client's own words")


@pytest.mark.parametrize("write", [raising, lambda _: "text"], ids=["raises", "no bytes"])
async def test_an_exporter_that_fails_is_named_and_nothing_leaks(
    make_site: MakeSite, write: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site, meeting = await hidden(make_site, Keeper(write))
    reply = await site.get(f"/v1/episodes/{meeting.episode}/export?format=kept")
    assert reply.status_code == 500
    assert reply.json()["type"].endswith("export-failed")
    assert "plugin keeper" in reply.json()["detail"]
    assert "own words" not in reply.text + caplog.text


async def test_who_exported_what_is_in_the_audit(make_site: MakeSite) -> None:
    site, meeting = await hidden(make_site, Needy())
    await exported(site, meeting, everything=True)
    entries = await site.service.database.read(lambda conn: audit.entries(conn, site.tenant))
    [entry] = [one for one in entries if one.action == "episode.exported"]
    assert (entry.actor, entry.object) == ("operator", meeting.episode)
    assert dict(entry.details) == {"format": "kept", "everything": True}


async def test_other_tenants_and_formats_are_refused(make_site: MakeSite) -> None:
    site, meeting = await hidden(make_site, Keeper())
    _, other = await site.another_tenant()
    path = f"/v1/episodes/{meeting.episode}/export"
    assert (await site.get(path, key=other)).status_code == 404
    reply = await site.get(f"{path}?format=xml")
    assert (reply.status_code, "json, csv" in reply.json()["detail"]) == (422, True)
    assert "xml" not in reply.text


async def test_the_command(make_site: MakeSite, tmp_path: Path) -> None:
    site = await make_site()
    meeting = await site.held()
    await site.answer(meeting.client.token, 1, visibility="aggregate_only")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    url = str(site.service.settings.database().get_secret_value())
    settings = {"ALLIANCEKIT_DATABASE_URL": url, "ALLIANCEKIT_DATA_DIR": str(folder)}
    busy = run("export", meeting.episode, folder=folder, **settings)
    assert (busy.returncode, busy.stdout) == (3, "")
    await site.service.database.close()
    done = run("export", meeting.episode, "--everything", "--out", "x.json", folder=folder, **settings)
    assert done.returncode == 0, done.stderr
    body = json.loads((folder / "x.json").read_bytes())
    assert set(body["sessions"][0]["responses"][0]["answers"].values()) == {1}
    missing = run("export", "epi_none", folder=folder, **settings)
    assert (missing.returncode, missing.stdout) == (3, "")
    assert "no such episode" in missing.stderr
