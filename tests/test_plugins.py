"""Finding, loading, verifying and reporting plugins, with real distributions in a temporary folder."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alliancekit import events
from alliancekit.adapters import Route, RouteReply, RouteRequest
from alliancekit.cli.plugins import app
from alliancekit.errors import ConfigError, PluginError
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.plugins import DEFAULT_PLUGINS, LoadReport, PluginHost, PluginsConfig
from alliancekit.testing.samples import EVENTS
from tests.bad_plugins import EXPECTED, bad_plugins
from tests.plugin_hosts import Install, loaded, reason_for, with_code

# finding


def test_only_enabled_plugins_are_imported(install: Install) -> None:
    install("wanted")
    install("unwanted", "raise RuntimeError")
    host = loaded("wanted")
    entry = host.report["wanted"]
    assert (entry.status, entry.group, entry.distribution, entry.version, entry.module, entry.hooks) == (
        "loaded",
        "alliancekit.plugins",
        "alliancekit-wanted",
        "1.2",
        "alliancekit_test_wanted",
        ("session_started",),
    )
    assert host.report["unwanted"].status == "disabled"
    assert "plugins.also" in host.report["unwanted"].fix
    assert "alliancekit_test_unwanted" not in sys.modules


def test_what_runs_also_is_asked_before_what_is_enabled(install: Install) -> None:
    for name in ("one", "two", "three"):
        install(name)
    report = loaded("one", also=["two", "three"]).report
    assert [entry.name for entry in report.entries if entry.running] == ["two", "three", "one"]


def test_disabled_wins_over_enabled_and_code(install: Install) -> None:
    install("one", "raise RuntimeError")
    host = PluginHost(
        PluginsConfig(enabled=["one"], disabled=["one", "two"]), extra=[("two", AllianceHooks())]
    )
    report = host.load()
    assert [report[name].status for name in ("one", "two")] == ["disabled", "disabled"]
    assert "alliancekit_test_one" not in sys.modules


def test_adapters_have_their_own_group(install: Install) -> None:
    install("video", group="adapters")
    assert loaded("video").report["video"].group == "alliancekit.adapters"


def test_a_missing_plugin_is_reported_with_a_suggestion(install: Install) -> None:
    install("attendance")
    entry = loaded("atendance").report["atendance"]
    assert (entry.status, entry.fix) == ("failed", "Did you mean 'attendance'?")


def test_a_plugin_whose_module_is_gone_is_reported(install: Install, tmp_path: Path) -> None:
    install("gone")
    (tmp_path / "alliancekit_test_gone.py").unlink()
    entry = loaded("gone").report["gone"]
    assert entry.status == "failed"
    assert "alliancekit_test_gone is not installed" in entry.reason
    assert "alliancekit-gone" in entry.fix


def test_what_a_plugin_says_itself_while_it_is_imported_is_reported(install: Install) -> None:
    source = "from alliancekit.errors import PluginError\nraise PluginError('It needs x.', fix='Install x.')"
    install("needy", source)
    entry = loaded("needy").report["needy"]
    assert (entry.status, entry.reason, entry.fix) == ("failed", "It needs x.", "Install x.")


def test_two_distributions_claim_one_name(install: Install) -> None:
    install("twin", module="alliancekit_test_a", distribution="first-twin")
    install("twin", module="alliancekit_test_b", distribution="second-twin")
    entry = loaded("twin").report["twin"]
    assert entry.status == "failed"
    assert "first-twin" in entry.reason
    assert "second-twin" in entry.reason


def test_two_distributions_install_one_module(install: Install) -> None:
    install("mine", module="alliancekit_test_same", distribution="dist-mine")
    install("yours", module="alliancekit_test_same", distribution="dist-yours")
    report = loaded("mine", "yours").report
    assert {report[name].status for name in ("mine", "yours")} == {"failed"}
    assert "dist-mine, dist-yours" in report["mine"].reason


def test_the_default_set_never_crashes() -> None:
    host = PluginHost()
    report = host.load()
    assert tuple(entry.name for entry in report.entries)[: len(DEFAULT_PLUGINS)] == DEFAULT_PLUGINS
    for entry in report.entries:
        assert entry.status in ("loaded", "failed", "disabled", "not installed")
        assert (entry.status == "loaded") == (entry.reason == ""), entry


# importing


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit('secret words')", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("1 / 0", "ZeroDivisionError at "),
        ("def broken(:", "SyntaxError"),
        ("Other = 1", "does not exist"),
        ("Plugin = 1", "is no class"),
        ("class Plugin: pass", "does not inherit AllianceHooks"),
        ("from alliancekit.events import Nothing", "cannot import name"),
    ],
)
def test_a_broken_import_harms_only_itself(install: Install, source: str, said: str) -> None:
    install("broken", source)
    install("fine")
    report = loaded("broken", "fine").report
    assert report["broken"].status == "failed"
    assert said in report["broken"].reason
    assert "secret words" not in json.dumps(report.to_json())
    assert report["fine"].status == "loaded"


def test_a_missing_extra_is_explained(install: Install) -> None:
    needs = 'Requires-Dist: no-such-module>=1; extra == "video"\nProvides-Extra: video\n'
    install("video", "import no_such_module.inner", distribution="alliance-video", requires=needs)
    entry = loaded("video").report["video"]
    assert (entry.reason, entry.fix) == ("needs no_such_module.", "pip install 'alliance-video[video]'")


def test_what_runs_by_default_and_lacks_its_extra_has_not_failed(
    install: Install, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("alliancekit.plugins.find.GROUPS", ("alliancekit.tried",))
    needs = 'Requires-Dist: no-such-module; extra == "video"\n'
    install("webrtc", "import no_such_module", distribution="alliance-video", group="tried", requires=needs)
    for name in DEFAULT_PLUGINS:
        if name != "webrtc":
            install(name, group="tried")
    entry = PluginHost().load()["webrtc"]
    assert (entry.status, entry.running) == ("not installed", False)
    assert (entry.reason, entry.fix) == ("needs no_such_module.", "pip install 'alliance-video[video]'")
    assert "webrtc" not in caplog.text
    monkeypatch.setenv("COLUMNS", "200")
    printed = CliRunner().invoke(app, ["list"])
    assert printed.exit_code == 0
    assert "pip install 'alliance-video[video]'" in printed.output
    for asked in ({"enabled": ["webrtc"]}, {"settings": {"webrtc": {}}}):
        assert PluginHost(PluginsConfig.model_validate(asked)).load()["webrtc"].status == "failed"
    with pytest.raises(PluginError, match=r"'webrtc' failed: needs no_such_module"):
        PluginHost(PluginsConfig(required=["webrtc"])).load()


def test_another_failure_of_what_runs_by_default_is_one(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alliancekit.plugins.find.GROUPS", ("alliancekit.tried",))
    install("webrtc", "import no_such_module", distribution="alliance-video", group="tried")
    assert PluginHost().load()["webrtc"].status == "failed"


def test_a_missing_module_without_an_extra(install: Install) -> None:
    install("video", "import no_such_module")
    assert loaded("video").report["video"].fix == "pip install no-such-module"


def test_a_second_copy_of_our_own_modules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plugins.alliancekit_strain", sys)
    with pytest.raises(PluginError, match="second copy of alliancekit_strain"):
        with_code()


def test_a_plugin_from_the_repository_root_is_refused() -> None:
    stray = type("Stray", (AllianceHooks,), {"__module__": "adapters.thing"})
    assert "import thing" in reason_for(stray)


# registering


class Styled(AllianceHooks):
    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def register_styles(self) -> list[events.Style]:
        return [events.Style(name=name, title=name, description="") for name in self.names]

    @hookimpl
    async def choose_style(self, event: events.StyleWanted) -> str | None:
        return self.names[0]


async def test_a_name_that_is_taken_disables_the_later_plugin_completely() -> None:
    host = with_code(("early", Styled("calm")), ("late", Styled("brisk", "calm")))
    assert list(host.styles) == ["calm"]
    entry = host.report["late"]
    assert (entry.status, entry.reason) == ("failed", "the style calm is already registered by plugin early.")
    outcome = await host.hooks.choose_style(EVENTS["choose_style"])
    assert outcome is not None
    assert outcome.plugin == "early"


def test_the_same_name_twice_in_one_plugin() -> None:
    assert "already registered by plugin it" in with_code(("it", Styled("a", "a"))).report["it"].reason


def test_routes_of_two_plugins_do_not_collide_but_one_plugins_own_do() -> None:
    async def answer(request: RouteRequest) -> RouteReply:
        return RouteReply()

    class Routes(AllianceHooks):
        def __init__(self, *paths: str) -> None:
            self.paths = paths

        @hookimpl
        def register_routes(self) -> list[Route]:
            return [Route(method="GET", path=path, handler=answer) for path in self.paths]

    host = with_code(("a", Routes("x", "y")), ("b", Routes("x")), ("c", Routes("x", "/x")))
    assert [(plugin, route.path) for plugin, route in host.routes] == [("a", "x"), ("a", "y"), ("b", "x")]
    assert host.report["c"].status == "failed"


@pytest.mark.parametrize(
    ("result", "said"),
    [(SystemExit("x"), "SystemExit"), (ValueError("x"), "ValueError"), ("text", "str"), ([1], "with int")],
)
async def test_a_failing_register_hook_disables_the_plugin(result: Any, said: str) -> None:
    class Failing(AllianceHooks):
        @hookimpl
        def register_styles(self) -> list[events.Style]:
            if isinstance(result, BaseException):
                raise result
            value: list[events.Style] = result
            return value

        @hookimpl
        async def session_started(self, event: events.SessionStarted) -> None: ...

    host = with_code(("failing", Failing()), ("fine", Styled("calm")))
    assert host.report["failing"].status == "failed"
    assert said in host.report["failing"].reason
    assert host.report["fine"].status == "loaded"
    assert await host.hooks.session_started(EVENTS["session_started"]) == []


# order, required, no plugins


async def test_the_order_is_the_configurations_then_codes() -> None:
    extra = [("d", Styled("d")), ("c", Styled("c")), ("a", Styled("a")), ("b", Styled("b"))]

    class Told(Styled):
        @hookimpl
        async def session_started(self, event: events.SessionStarted) -> None: ...

    extra = [(name, Told(name)) for name, _ in extra]
    host = with_code(*extra, enabled=["a", "b"])
    outcomes = await host.hooks.session_started(EVENTS["session_started"])
    assert [outcome.plugin for outcome in outcomes] == ["a", "b", "d", "c"]
    assert list(host.styles) == ["a", "b", "d", "c"]


def test_code_replaces_an_installed_plugin(install: Install) -> None:
    install("one", "raise RuntimeError")
    host = PluginHost(PluginsConfig(enabled=["one"]), extra=[("one", AllianceHooks())])
    host.load()
    assert (host.report["one"].status, host.report["one"].group) == ("loaded", "code")
    with pytest.raises(PluginError, match="same name"):
        PluginHost(extra=[("one", AllianceHooks()), ("one", AllianceHooks())])


def test_a_required_plugin_that_fails_stops_the_start(install: Install) -> None:
    install("vital", "1 / 0")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        loaded("vital", required=["vital"])
    with pytest.raises(ConfigError, match="not enabled"):
        loaded(required=["vital"])


def test_no_plugins_means_none(install: Install) -> None:
    install("one", "raise RuntimeError")
    config = PluginsConfig(enabled=["one"], required=["one"])
    host = PluginHost(config, extra=[("two", Styled("calm"))], no_plugins=True)
    report = host.load()
    assert {entry.status for entry in report.entries} == {"disabled"}
    assert dict(host.styles) == {}
    assert "alliancekit_test_one" not in sys.modules


def test_a_host_is_loaded_once() -> None:
    host = PluginHost(discover=False)
    with pytest.raises(PluginError, match="not loaded yet"):
        _ = host.hooks
    host.load()
    with pytest.raises(PluginError, match="already loaded"):
        host.load()


async def test_two_hosts_share_nothing() -> None:
    one, two = with_code(("a", Styled("a"))), with_code(("b", Styled("b")))
    assert (list(one.styles), list(two.styles)) == (["a"], ["b"])
    outcome = await two.hooks.choose_style(EVENTS["choose_style"])
    assert outcome is not None
    assert outcome.plugin == "b"


# the report


async def test_the_report_tells_how_plugins_are_doing() -> None:
    raising = dict(bad_plugins())["raising"]
    host = with_code(("raising", raising), required=[])
    for _ in range(4):
        await host.hooks.session_ended(EVENTS["session_ended"])
    entry = host.report["raising"]
    assert (entry.status, entry.calls, entry.failures, entry.skipped) == ("quarantined", 3, 3, 1)
    assert [past.status for past in entry.last] == ["error", "error", "error", "skipped"]
    assert entry.reason != ""
    assert "raising" in EXPECTED


async def test_a_required_plugin_in_trouble_is_not_ready() -> None:
    class Stuck(AllianceHooks):
        @hookimpl
        async def session_ended(self, event: events.SessionEnded) -> None:
            host.hooks.blocked(incident(asyncio.current_task()))

    from alliancekit.watchdog import Incident

    def incident(task: Any) -> Incident:
        return Incident("stuck", "here", 1.0, task)

    host = with_code(("stuck", Stuck()), required=["stuck"])
    assert host.report.ready
    [outcome] = await host.hooks.session_ended(EVENTS["session_ended"])
    assert outcome.status == "timeout"
    assert host.report["stuck"].status == "blocked"
    assert not host.report.ready


def test_the_report_is_json() -> None:
    report = with_code(("a", Styled("a"))).report
    read = json.loads(json.dumps(report.to_json()))
    assert read["ready"] is True
    assert read["plugins"][0]["hooks"] == ["register_styles", "choose_style"]
    with pytest.raises(KeyError):
        LoadReport()["nobody"]


# the command


@pytest.fixture
def configured(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with one plugin that works and one whose extra is missing."""
    needs = 'Requires-Dist: no-such-module; extra == "video"\n'
    install("broken", "import no_such_module", distribution="alliance-video", requires=needs)
    install("fine")
    path = tmp_path / "alliancekit.toml"
    path.write_text('[plugins]\nenabled = ["fine", "broken"]\n')
    monkeypatch.setenv("ALLIANCEKIT_CONFIG", str(path))
    monkeypatch.setenv("COLUMNS", "200")
    return path


def test_plugins_list_shows_the_fix(configured: Path) -> None:
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 3
    assert "pip install 'alliance-video[video]'" in result.output


def test_plugins_list_as_json(configured: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--json"])
    assert result.exit_code == 3
    statuses = {one["name"]: one["status"] for one in json.loads(result.output)["plugins"]}
    assert (statuses["fine"], statuses["broken"]) == ("loaded", "failed")


def test_plugins_list_without_plugins(configured: Path) -> None:
    result = CliRunner().invoke(app, ["list", "--json", "--no-plugins"])
    assert result.exit_code == 0
    assert "alliancekit_test_fine" not in sys.modules


@pytest.mark.parametrize("text", ["[plugins]\nenable = []\n", '[plugins]\nenabled = "fine"\n'])
def test_plugins_list_refuses_a_wrong_configuration(configured: Path, text: str) -> None:
    configured.write_text(text)
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 3
    assert "enable" in result.stderr
