"""What the host refuses in a plugin, and the settings it checks before the plugin runs."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from alliancekit import events
from alliancekit.errors import ConfigError
from alliancekit.hookspecs import HOOK_API, AllianceHooks, hookimpl
from alliancekit.plugins import Limits, PluginsConfig
from alliancekit.testing.samples import EVENTS
from tests.plugin_hosts import reason_for, with_code

# verifying


def test_a_misspelt_hook_is_refused_with_a_suggestion() -> None:
    class Misspelt(AllianceHooks):
        @hookimpl
        async def sesion_started(self, event: events.SessionStarted) -> None: ...

    assert "Did you mean 'session_started'?" in reason_for(Misspelt)


def test_an_override_without_hookimpl_is_refused() -> None:
    class Unmarked(AllianceHooks):
        async def session_started(self, event: events.SessionStarted) -> None: ...

    assert "not marked @hookimpl" in reason_for(Unmarked)


def test_an_override_of_a_marked_hook_must_be_marked_again() -> None:
    class Base(AllianceHooks):
        @hookimpl
        async def session_started(self, event: events.SessionStarted) -> None: ...

    class Derived(Base):
        async def session_started(self, event: events.SessionStarted) -> None: ...

    assert "not marked @hookimpl" in reason_for(Derived)


def test_a_method_that_looks_like_a_hook_is_a_warning() -> None:
    class Close(AllianceHooks):
        async def sesion_started(self, event: events.SessionStarted) -> None: ...

        async def helper(self) -> None: ...

    entry = with_code(("it", Close)).report["it"]
    assert entry.status == "loaded"
    [warning] = entry.warnings
    assert "session_started" in warning


def test_the_colour_must_match() -> None:
    class Plain(AllianceHooks):
        @hookimpl
        def session_started(self, event: events.SessionStarted) -> None: ...  # type: ignore[override]

    class Async(AllianceHooks):
        @hookimpl
        async def register_styles(self) -> list[events.Style]:  # type: ignore[override]
            return []

    assert "must be `async def`" in reason_for(Plain)
    assert "must be a plain `def`" in reason_for(Async)


def with_method(name: str, function: Any, **options: Any) -> type[AllianceHooks]:
    mark: Any = hookimpl(**options) if options else hookimpl
    return type("Made", (AllianceHooks,), {name: mark(function)})


async def _none(self: Any) -> None: ...
async def _two(self: Any, event: Any, more: Any) -> None: ...
async def _default(self: Any, event: Any = None) -> None: ...
async def _renamed(self: Any, happening: Any) -> None: ...
async def _star(self: Any, *event: Any) -> None: ...
async def _keyword(self: Any, *, event: Any) -> None: ...
async def _right(self: Any, event: Any) -> None: ...


@pytest.mark.parametrize("function", [_none, _two, _default, _renamed, _star, _keyword])
def test_event_hooks_take_exactly_one_argument(function: Any) -> None:
    assert "exactly one argument, `event`" in reason_for(with_method("session_started", function))


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper", "tryfirst", "trylast", "optionalhook"])
def test_pluggys_options_are_refused(option: str) -> None:
    assert option in reason_for(with_method("session_started", _right, **{option: True}))


def test_plugins_define_no_hooks() -> None:
    import pluggy

    spec = pluggy.HookspecMarker("alliancekit")(firstresult=True)
    assert "only the host defines hooks" in reason_for(type("S", (AllianceHooks,), {"plan": spec(_right)}))


@pytest.mark.parametrize(
    ("api", "fix"), [(HOOK_API + 1, "upgrade alliancekit"), (HOOK_API - 1, "upgrade the plugin")]
)
def test_the_hook_api_must_match(api: int, fix: str) -> None:
    assert fix in reason_for(type("Old", (AllianceHooks,), {"hook_api": api}))


def test_needs_are_checked() -> None:
    wrong = type("Wrong", (AllianceHooks,), {"needs": frozenset({"answer"})})
    assert "Did you mean 'answers'?" in reason_for(wrong)
    assert "must be a frozenset" in reason_for(type("Text", (AllianceHooks,), {"needs": "answers"}))


# settings


class Threshold(BaseModel):
    below: int = 50
    token: str = ""


class WithSettings(AllianceHooks):
    def __init__(self, settings: Threshold) -> None:
        self.settings = settings

    @hookimpl
    async def choose_style(self, event: events.StyleWanted) -> str | None:
        return f"below {self.settings.below}"


@pytest.mark.parametrize(("table", "below"), [({}, 50), ({"below": 20}, 20)])
async def test_settings_reach_the_plugin(table: dict[str, Any], below: int) -> None:
    host = with_code(("it", WithSettings), settings={"it": table})
    outcome = await host.hooks.choose_style(EVENTS["choose_style"])
    assert outcome is not None
    assert (outcome.plugin, outcome.value) == ("it", f"below {below}")


def test_settings_that_do_not_fit_name_the_field_and_no_value() -> None:
    table = {"below": "private-value", "token": ["s3cret"]}
    entry = with_code(("it", WithSettings), settings={"it": table}).report["it"]
    assert entry.status == "failed"
    assert "below: " in entry.reason
    assert "token: " in entry.reason
    assert "private-value" not in entry.reason
    assert "s3cret" not in entry.reason
    assert entry.fix == "Correct [plugins.settings.it]."


def test_an_unknown_setting_is_not_ignored() -> None:
    entry = with_code(("it", WithSettings), settings={"it": {"bellow": 3}}).report["it"]
    assert "bellow: no such setting. Did you mean 'below'?" in entry.reason


def test_settings_for_a_plugin_without_any() -> None:
    entry = with_code(("it", AllianceHooks), settings={"it": {"x": 1}}).report["it"]
    assert "takes no settings" in entry.reason


def test_settings_for_a_plugin_built_in_code() -> None:
    entry = with_code(("it", WithSettings(Threshold())), settings={"it": {"below": 1}}).report["it"]
    assert "built in code" in entry.reason


def test_an_init_that_takes_something_else() -> None:
    class Wrong(AllianceHooks):
        def __init__(self, path: str) -> None: ...

    assert "something else than one settings model" in reason_for(Wrong)


def test_an_init_that_raises() -> None:
    class Raises(AllianceHooks):
        def __init__(self) -> None:
            raise OSError("private path")

    assert "OSError at " in reason_for(Raises)
    assert "private path" not in reason_for(Raises)


def test_a_settings_table_for_nobody_is_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'strain'"):
        with_code(settings={"strian": {}})
    with pytest.raises(ConfigError, match=r"plugins\.disabled"):
        with_code(disabled=["webrct"])
    with pytest.raises(ConfigError, match=r"plugins\.limits\.plugins"):
        with_code(limits=Limits(plugins={"nobody-of-this-name": 1}))


def test_the_configuration_itself_is_checked() -> None:
    with pytest.raises(ConfigError, match=r"\[plugins\.settings\.strain\]"):
        PluginsConfig.model_validate({"strain": {"enabled": True}})
    with pytest.raises(ConfigError, match="Did you mean 'enabled'"):
        PluginsConfig.model_validate({"enable": []})
    with pytest.raises(ValidationError, match="twice"):
        PluginsConfig(enabled=["a", "a"])
    with pytest.raises(ValidationError, match="twice"):
        PluginsConfig(enabled=["a"], also=["a"])
    with pytest.raises(ValidationError, match="Did you mean 'session_ended'"):
        Limits(hooks={"sesion_ended": 1})
    with pytest.raises(ValidationError, match=r"above limits\.call"):
        Limits(plugins={"strain": 10}, call=5)


def test_limits_by_plugin_win_over_limits_by_hook() -> None:
    limits = Limits(hooks={"session_ended": 1}, plugins={"slow": 4})
    assert limits.of("slow", "session_ended") == 4
    assert limits.of("other", "session_ended") == 1
    assert limits.of("other", "session_started") == 2
