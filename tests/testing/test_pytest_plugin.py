"""The kit's fixtures, and that they cost a test run without them nothing."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

from alliancekit.events import Guidance, GuidanceWanted, PromptPlan, PromptRequest, PromptsWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl

ALLOWED = {"alliancekit", "alliancekit.testing", "alliancekit.testing.pytest_plugin"}

CODE = """
import sys, {module}
print(*(name for name in sys.modules if name.partition('.')[0].startswith('alliancekit') or name in {heavy}))
"""
HEAVY = ("pydantic", "pluggy", "sqlalchemy", "httpx", "fastapi")


def loaded(*command: str) -> set[str]:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_entry_point_is_installed() -> None:
    (point,) = entry_points(group="pytest11", name="alliancekit")
    assert point.value == "alliancekit.testing.pytest_plugin"


def test_its_import_brings_nothing_of_the_host() -> None:
    code = CODE.format(module="alliancekit.testing.pytest_plugin", heavy=HEAVY)
    # pluggy is pytest's own.
    assert loaded("-c", code) - {"pluggy"} == ALLOWED


def test_a_test_run_without_the_fixtures_loads_nothing(tmp_path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\n"
        "def test_other():\n"
        f"    assert [name for name in {HEAVY[2:]} if name in sys.modules] == []\n"
        f"    ours = {{name for name in sys.modules if name.startswith('alliancekit')}}\n"
        f"    assert ours == {ALLOWED}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path / "test_other.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


class Encouraging(AllianceHooks):
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted):
        return [Guidance(style=event.style, text="Well done.")]


async def test_alliance_and_session_together(alliance, fake_session, fake_clock) -> None:
    fake_clock.forward(minutes=5)
    event = fake_session.guidance_wanted({"bond": 90})
    assert event.at == fake_clock()
    (said,) = await alliance(Encouraging).call("suggest_guidance", event)
    assert said.text == "Well done."


async def test_client_and_episode_together(client, episode) -> None:
    async with client(Encouraging) as site:
        written = await site.write(episode(scores=[80, 82, None, 78], missed=[3], style="supportive"))
        course = await site.series(written.episode)
    assert [one["id"] for one in course["sessions"]] == list(written.sessions)
    last = course["sessions"][-1]
    assert "Well done." in [one["text"] for one in last["guidance"]]


class AsksThePulse(AllianceHooks):
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted):
        if event.moment != "end_of_call":
            return None
        asked = PromptRequest(role="client", moment=event.moment, instruments=("pulse",))
        return PromptPlan(requests=(asked,))


class AsksNobody(AllianceHooks):
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted):
        return PromptPlan(requests=())


async def test_what_is_passed_is_asked_before_the_usual_ones_and_in_order(client) -> None:
    async with client(AsksThePulse, AsksNobody) as site:
        order = [one.name for one in site.service.plugins.report.entries if one.running]
        assert order[:2] == ["asks_the_pulse", "asks_nobody"]
        assert "measures" in order
        meeting = await site.held()
        prompt = await site.current(meeting.client.token)
        assert [one["name"] for one in prompt["instruments"]] == ["pulse"]
        assert await site.current(meeting.therapist.token) is None
    async with client(AsksNobody, AsksThePulse) as site:
        meeting = await site.held()
        assert await site.current(meeting.client.token) is None


class Measures(AllianceHooks):
    """Has the name of a usual plugin, and takes its place."""


async def test_what_has_the_name_of_a_usual_plugin_takes_its_place(client) -> None:
    async with client(Measures, plugins={"enabled": ["supportive", "measures"]}) as site:
        assert [(one.name, one.group) for one in site.service.plugins.report.entries if one.running] == [
            ("supportive", "alliancekit.plugins"),
            ("measures", "code"),
        ]


async def test_two_clients_share_nothing(client, episode) -> None:
    async with client() as one, client() as other:
        written = await one.write(episode(scores=[80]))
        assert (await one.get(f"/v1/episodes/{written.episode}")).status_code == 200
        assert (await other.get(f"/v1/episodes/{written.episode}")).status_code == 404


async def test_a_platform_takes_part(client, fake_adapter) -> None:
    async with client(fake_adapter.plugin) as site:
        assert fake_adapter.running
        meeting = await site.session()
        fake_adapter.tenant, fake_adapter.session, fake_adapter.clock = site.tenant, meeting.id, site.clock
        for one in meeting.people:
            await fake_adapter.join(one.id)
        site.clock.forward(minutes=30)
        for one in meeting.people:
            await fake_adapter.leave(one.id)
        await fake_adapter.end()
        await site.settle()
        assert await site.current(meeting.client.token) is not None
    assert not fake_adapter.running
