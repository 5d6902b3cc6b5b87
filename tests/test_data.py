"""Plugin data through the whole service: scopes, limits, migrations at start, erasure."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from alliancekit import events
from alliancekit.adapters import Route, RouteReply, RouteRequest
from alliancekit.data import MAX_KEY, MAX_VALUE, PluginData
from alliancekit.errors import NotFoundError, PluginError
from alliancekit.hookspecs import AllianceHooks, hookimpl
from tests.plugin_hosts import reason_for, with_code
from tests.services import MakeSite


class Options(BaseModel):
    word: str = "heard"


class Notes(AllianceHooks):
    """Counts the responses of an episode; `last` is the newest instance."""

    last: ClassVar[Notes]

    def __init__(self, settings: Options, data: PluginData) -> None:
        self.settings, self.data = settings, data
        self.erased: list[str] = []
        Notes.last = self

    @hookimpl
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        seen = await self.data.get("seen", tenant=event.tenant, episode=event.episode) or 0
        await self.data.set("seen", seen + 1, tenant=event.tenant, episode=event.episode)

    @hookimpl
    async def episode_erased(self, event: events.EpisodeErased) -> None:
        self.erased.append(event.episode)


class NotesTwo(Notes):
    """Keeps a dictionary where version 1 had a number."""

    data_version = 2

    def migrate_data(self, key: str, value: Any, from_version: int) -> Any:
        return {"count": value, "from": from_version}


class NotesBroken(NotesTwo):
    def migrate_data(self, key: str, value: Any, from_version: int) -> Any:
        if key == "seen":
            raise ValueError("a client's own words")
        return "changed"


def stored(rows: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    return [(row[0], row[3], row[4], row[5]) for row in rows["plugin_data"]]


async def test_a_plugin_keeps_rows_of_its_own(make_site: MakeSite) -> None:
    site = await make_site(extra=[("notes", Notes)])
    meeting = await site.held()
    await site.answer(meeting.client.token)
    data = Notes.last.data
    where = {"tenant": site.tenant, "episode": meeting.episode}
    assert await data.get("seen", **where) == 1
    await data.set("tags/one", {"ü": [1, None, True]}, **where)
    await data.set("tags/two", "x", tenant=site.tenant)
    assert await data.list("tags/", **where) == {"tags/one": {"ü": [1, None, True]}}
    assert await data.list(tenant=site.tenant) == {"tags/two": "x"}
    assert await data.delete("tags/one", **where)
    assert await data.list(**where) == {"seen": 1}


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), "x" * MAX_VALUE])
async def test_what_is_no_json_or_too_large_is_refused(make_site: MakeSite, value: Any) -> None:
    site = await make_site(extra=[("notes", Notes)])
    with pytest.raises(PluginError, match="nothing was stored"):
        await Notes.last.data.set("k", value, tenant=site.tenant)
    assert await Notes.last.data.list(tenant=site.tenant) == {}


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "a\nb"])
async def test_keys_are_short_and_printable(make_site: MakeSite, key: str) -> None:
    site = await make_site(extra=[("notes", Notes)])
    with pytest.raises(PluginError, match="A key"):
        await Notes.last.data.set(key, 1, tenant=site.tenant)


def test_before_the_service_runs_there_is_no_data() -> None:
    with_code(("notes", Notes))
    with pytest.raises(PluginError, match="once the service has started"):
        Notes.last.data._open()  # type: ignore[attr-defined]


def test_what_init_may_take() -> None:
    class Data(AllianceHooks):
        def __init__(self, data: PluginData) -> None:
            self.data = data

    class Swapped(AllianceHooks):
        def __init__(self, data: PluginData, settings: Options) -> None:
            self.data, self.settings = data, settings

    class Twice(AllianceHooks):
        def __init__(self, one: PluginData, two: PluginData) -> None: ...

    host = with_code(("data", Data), ("swapped", Swapped), settings={"swapped": {"word": "safe"}})
    assert [entry.status for entry in host.report.entries] == ["loaded", "loaded"]
    assert "one PluginData" in reason_for(Twice)
    refused = with_code(("data", Data), settings={"data": {"word": "x"}}).report["data"]
    assert "takes no settings" in refused.reason


@pytest.mark.parametrize("version", [0, "2", True])
def test_the_version_is_a_number(version: Any) -> None:
    plugin = type("Odd", (Notes,), {"data_version": version, "__module__": __name__})
    assert "data_version" in reason_for(plugin)


async def kept_by_version_1(make_site: MakeSite, **options: Any) -> tuple[Any, str]:
    site = await make_site(extra=[("notes", Notes)], **options)
    meeting = await site.held()
    await site.answer(meeting.client.token)
    await Notes.last.data.set("all", 5, tenant=site.tenant)
    return site, meeting.episode


async def test_a_new_version_brings_its_rows_along(make_site: MakeSite, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    first, episode = await kept_by_version_1(make_site, url=url)
    tenant = first.tenant
    await first.service.database.close()
    again = await make_site(extra=[("notes", NotesTwo)], url=url)
    assert again.service.plugins.report["notes"].status == "loaded"
    assert await Notes.last.data.get("seen", tenant=tenant, episode=episode) == {"count": 1, "from": 1}
    assert await Notes.last.data.get("all", tenant=tenant) == {"count": 5, "from": 1}


@pytest.mark.parametrize("plugin", [NotesBroken, type("Silent", (Notes,), {"data_version": 2})])
async def test_a_failing_migration_turns_the_plugin_off_and_changes_nothing(
    make_site: MakeSite, tmp_path: Any, plugin: type[Notes], caplog: pytest.LogCaptureFixture
) -> None:
    plugin.__module__ = __name__
    url = f"sqlite:///{tmp_path}/kept.db"
    first, _ = await kept_by_version_1(make_site, url=url)
    before = stored(await first.rows())
    await first.service.database.close()
    again = await make_site(extra=[("notes", plugin)], url=url)
    entry = again.service.plugins.report["notes"]
    assert entry.status == "failed"
    assert "ValueError" in entry.reason or "no migrate_data" in entry.reason
    assert "own words" not in caplog.text + entry.reason
    assert stored(await again.rows()) == before
    meeting = await again.held()
    await again.answer(meeting.client.token)
    assert stored(await again.rows()) == before, "a plugin that is off was called"


async def test_rows_of_a_later_version_are_left_alone(make_site: MakeSite, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    site = await make_site(extra=[("notes", NotesTwo)], url=url)
    await Notes.last.data.set("all", {"count": 1}, tenant=site.tenant)
    before = stored(await site.rows())
    await site.service.database.close()
    again = await make_site(extra=[("notes", Notes)], url=url)
    assert "of version 2" in again.service.plugins.report["notes"].reason
    assert stored(await again.rows()) == before


class Greeter(NotesBroken):
    @hookimpl
    def register_routes(self) -> list[Route]:
        async def hello(request: RouteRequest) -> RouteReply:
            return RouteReply(body=b"{}")

        return [Route(method="GET", path="hello", handler=hello, auth="none")]


async def test_a_plugin_that_is_off_answers_no_request(make_site: MakeSite, tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    first, _ = await kept_by_version_1(make_site, url=url)
    await first.service.database.close()
    again = await make_site(extra=[("notes", Greeter)], url=url)
    reply = await again.http.get("/v1/plugins/notes/hello")
    assert (reply.status_code, reply.json()["title"]) == (404, "Not found")


async def test_a_plugin_that_failed_to_erase_is_told_again(make_site: MakeSite) -> None:
    class Late(AllianceHooks):
        def __init__(self) -> None:
            self.told: list[str] = []

        @hookimpl
        async def episode_erased(self, event: events.EpisodeErased) -> None:
            self.told.append(event.episode)
            if len(self.told) == 1:
                raise OSError("the disk is away")

    late = Late()
    site = await make_site(extra=[("late", late)])
    meeting = await site.held()
    headers = {"Authorization": f"Bearer {site.key}"}
    assert (await site.http.delete(f"/v1/episodes/{meeting.episode}", headers=headers)).status_code == 200
    await site.settle()
    site.clock.now += 10
    await site.settle()
    assert late.told == [meeting.episode] * 2
    assert (await site.get(f"/v1/episodes/{meeting.episode}")).status_code == 404
    assert (await site.http.delete(f"/v1/episodes/{meeting.episode}", headers=headers)).status_code == 404
    assert (await site.http.get("/therapist/episodes/" + meeting.episode)).status_code == 401


async def test_a_required_plugin_that_cannot_migrate_stops_the_start(
    make_site: MakeSite, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    first, _ = await kept_by_version_1(make_site, url=url)
    await first.service.database.close()
    with pytest.raises(PluginError, match="required plugin 'notes'"):
        await make_site(
            extra=[("notes", NotesBroken)], url=url, plugins={"required": ["notes"], "disabled": ["webrtc"]}
        )


async def test_rows_go_with_their_episode_and_the_plugin_is_told(make_site: MakeSite) -> None:
    site = await make_site(extra=[("notes", Notes)])
    meeting, other = await site.held(), await site.held()
    for one in (meeting, other):
        await site.answer(one.client.token)
    reply = await site.http.delete(
        f"/v1/episodes/{meeting.episode}", headers={"Authorization": f"Bearer {site.key}"}
    )
    assert (reply.status_code, reply.json()) == (200, {"sessions": 1, "responses": 1, "plugin_rows": 1})
    await site.settle()
    assert Notes.last.erased == [meeting.episode]
    data = Notes.last.data
    assert await data.list(tenant=site.tenant, episode=meeting.episode) == {}
    assert await data.get("seen", tenant=site.tenant, episode=other.episode) == 1
    with pytest.raises(NotFoundError, match="erased"):
        await data.set("late", 1, tenant=site.tenant, episode=meeting.episode)
