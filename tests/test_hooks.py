"""Every hook: its typed method, its example, its page; and which plugin sees which field."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from alliancekit import events
from alliancekit.cli import hooks_page
from alliancekit.dispatch import Outcome
from alliancekit.hooks import Hooks
from alliancekit.hookspecs import HOOKS, AllianceHooks, hookimpl
from alliancekit.minimise import minimise
from alliancekit.plugins import PluginHost
from alliancekit.testing.samples import EVENTS, RESPONSE, SCORE, SERIES, SIGNAL, SPEECH

EVENT_HOOKS = [name for name, info in HOOKS.items() if info.kind != "register"]


def example_plugin(hook: str) -> AllianceHooks:
    """An instance of the plugin in the hook's docstring."""
    space: dict[str, Any] = {"__name__": f"example_{hook}"}
    exec(compile(hooks_page.example(hook), f"<example of {hook}>", "exec"), space)
    [plugin] = [
        value
        for value in space.values()
        if inspect.isclass(value) and issubclass(value, AllianceHooks) and value is not AllianceHooks
    ]
    return plugin()


def load_example(hook: str) -> tuple[Any, PluginHost]:
    plugin = example_plugin(hook)
    host = PluginHost(extra=[("example", plugin)], discover=False)
    host.load()
    assert host.report["example"].status == "loaded", host.report["example"]
    assert host.report["example"].hooks == (hook,)
    return plugin, host


async def ask(host: PluginHost, hook: str) -> Any:
    return await getattr(host.hooks, hook)(EVENTS[hook])


async def notified(hook: str) -> Any:
    """The example plugin after it was told."""
    plugin, host = load_example(hook)
    [outcome] = await ask(host, hook)
    assert (outcome.plugin, outcome.hook, outcome.status) == ("example", hook, "ok")
    return plugin


async def collected(hook: str) -> Any:
    _, host = load_example(hook)
    [outcome] = await ask(host, hook)
    assert (outcome.plugin, outcome.status) == ("example", "ok"), outcome
    return outcome.value


async def answered(hook: str) -> Any:
    _, host = load_example(hook)
    outcome = await ask(host, hook)
    assert isinstance(outcome, Outcome)
    assert outcome.plugin == "example"
    return outcome.value


# one test a hook: its example does what it says


def test_hook_register_instruments() -> None:
    _, host = load_example("register_instruments")
    assert host.instruments.get("one-question").items[0].id == "heard"


def test_hook_register_styles() -> None:
    _, host = load_example("register_styles")
    assert host.styles["narrative"].title == "Narrative"


def test_hook_register_rules() -> None:
    _, host = load_example("register_rules")
    assert [(rule.name, rule.sessions_needed) for rule in host.rules] == [("halved", 2)]


def test_hook_register_adapters() -> None:
    _, host = load_example("register_adapters")
    assert [adapter.name for adapter in host.adapters] == ["silent"]


async def test_hook_register_routes() -> None:
    from alliancekit.adapters import Caller, RouteRequest

    _, host = load_example("register_routes")
    [(plugin, route)] = host.routes
    reply = await route.handler(RouteRequest(caller=Caller(tenant="ten_1")))
    assert (plugin, route.path, reply.body) == ("example", "hello", b'{"hello": "world"}')


def test_hook_register_exporters() -> None:
    from alliancekit.exports import ExportedEpisode, ExportedSession

    _, host = load_example("register_exporters")
    base = {"id": "x", "external_id": "x", "style": "x"}
    session = ExportedSession(
        **base, number=2, measure="x", status="ended", started_at=None, ended_at=None, seconds=90.0
    )
    episode = ExportedEpisode(
        **base, therapist="", example=False, created_at=0.0, exported_at=0.0, sessions=(session,)
    )
    plugin, exporter = host.exporters["lengths"]
    assert (plugin, exporter.write(episode)) == ("example", b"2:90")


async def test_hook_register_channels() -> None:
    from alliancekit.channels import Message

    plugin, host = load_example("register_channels")
    owner, channel = host.channels["letters"]
    message = Message(
        prompt="p",
        tenant="t",
        to="c1",
        role="client",
        moment="follow_up",
        language="es",
        link="https://x/r/1",
    )
    await channel.send(message)
    assert (owner, plugin.posted) == ("example", [("c1", "https://x/r/1")])
    assert "https" not in repr(message)


def test_hook_register_languages() -> None:
    _, host = load_example("register_languages")
    [language] = host.languages
    assert (language.tag, language.element["send"], language.direction) == ("en-XA", "Send!", "ltr")


async def test_hook_register_pages() -> None:
    from alliancekit.pages import PageWanted

    _, host = load_example("register_pages")
    page = host.pages["example", "help"]
    [panel] = await page.panels(PageWanted(tenant="ten_1", therapist="t1"))
    assert (page.title, page.navigation, panel.title) == ("Help", True, "Who to call")


async def test_hook_session_started() -> None:
    assert (await notified("session_started")).running == {"ses_1"}


async def test_hook_participant_joined() -> None:
    assert (await notified("participant_joined")).roles == ["client"]


async def test_hook_participant_left() -> None:
    assert (await notified("participant_left")).dropped == 1


async def test_hook_session_ended() -> None:
    assert (await notified("session_ended")).minutes == {"ses_1": 50.0}


async def test_hook_feedback_requested() -> None:
    assert (await notified("feedback_requested")).prompts == {"prm_1"}


async def test_hook_feedback_captured() -> None:
    assert (await notified("feedback_captured")).by_moment == {"end_of_call": 1}


async def test_hook_alliance_scored() -> None:
    assert (await notified("alliance_scored")).rows == [("ses_1", "bond", 20.0)]


async def test_hook_signal_raised() -> None:
    assert (await notified("signal_raised")).kinds == ["low_score"]


async def test_hook_episode_erased(tmp_path: Any) -> None:
    plugin, host = load_example("episode_erased")
    plugin.folder = tmp_path
    for name in ("epi_1", "epi_2"):
        (tmp_path / f"{name}.txt").touch()
    for _ in range(2):
        [outcome] = await ask(host, "episode_erased")
        assert outcome.status == "ok"
    assert [path.name for path in tmp_path.iterdir()] == ["epi_2.txt"]


async def test_hook_score_alliance() -> None:
    [score] = await collected("score_alliance")
    assert (score.scale, score.value, score.percent, score.items) == ("lowest", 1.0, 25.0, 2)


async def test_hook_detect_signals() -> None:
    [signal] = await collected("detect_signals")
    assert signal.sentence == "1 of 2 sessions were missed."


async def test_hook_suggest_guidance() -> None:
    [guidance] = await collected("suggest_guidance")
    assert (guidance.style, guidance.about) == ("directive", "low_score")


async def test_hook_render_panels() -> None:
    [panel] = await collected("render_panels")
    assert (panel.title, panel.parts[0].text) == ("Attendance", "1 of 2 sessions took place.")


async def test_hook_choose_style() -> None:
    assert await answered("choose_style") == "supportive"


async def test_hook_plan_prompts() -> None:
    plan = await answered("plan_prompts")
    assert [(one.role, one.instruments) for one in plan.requests] == [("client", ("check-in",))]


async def test_hook_describe_talk() -> None:
    talk = await answered("describe_talk")
    assert (talk.client.share, talk.therapist.seconds) == (0.75, 10.0)


# the whole


def test_every_hook_has_its_test() -> None:
    missing = [name for name in HOOKS if f"test_hook_{name}" not in globals()]
    assert missing == []


def test_every_event_hook_has_a_typed_method_with_its_event() -> None:
    for name in EVENT_HOOKS:
        spec = inspect.signature(getattr(AllianceHooks, name)).parameters["event"].annotation
        method = inspect.signature(getattr(Hooks, name))
        assert method.parameters["event"].annotation == spec, name
        kind = {"notify": "list[Outcome[None]]", "collect": "list[Outcome[Sequence[", "first": "| None"}
        assert kind[HOOKS[name].kind] in str(method.return_annotation), name


@pytest.mark.parametrize("hook", ["plan_prompts", "choose_style", "describe_talk"])
async def test_nobody_answers(hook: str) -> None:
    host = PluginHost(discover=False)
    host.load()
    assert await ask(host, hook) is None


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert hooks_page.main(["--check"]) == 0, capsys.readouterr().err


def test_the_check_fails_on_a_stale_page(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hooks_page, "PAGE", tmp_path / "HOOKS.md")
    assert hooks_page.main(["--check"]) == 3
    assert hooks_page.main([]) == 0
    assert hooks_page.main(["--check"]) == 0
    hooks_page.PAGE.write_text(hooks_page.page().replace("2 s", "3 s"))
    assert hooks_page.main(["--check"]) == 3
    assert "stale" in capsys.readouterr().err


@pytest.mark.parametrize("hook", HOOKS)
def test_the_page_tells_of_the_hook(hook: str) -> None:
    text = hooks_page.page()
    section = text.partition(f"### {hook}\n")[2].partition("\n### ")[0]
    assert HOOKS[hook].when in section
    assert f"def {hook}(self" in section
    assert "*Returns:* " in section
    assert "class " in section


# data minimisation


def seen_by(*needs: str) -> tuple[dict[str, Any], PluginHost]:
    """What a plugin with these needs receives, by hook, filled by calls on the host."""
    seen: dict[str, Any] = {}

    def recorder(name: str) -> Callable[..., Any]:
        async def record(self: Any, event: Any) -> Any:
            seen[name] = event
            return () if HOOKS[name].kind == "collect" else None

        return hookimpl(record)

    body = {name: recorder(name) for name in EVENT_HOOKS}
    plugin = type("Recorder", (AllianceHooks,), {**body, "needs": frozenset(needs), "__module__": __name__})
    host = PluginHost(extra=[("recorder", plugin())], discover=False)
    host.load()
    assert host.report["recorder"].status == "loaded", host.report["recorder"].reason
    return seen, host


async def everything(host: PluginHost) -> None:
    for name in EVENT_HOOKS:
        await ask(host, name)


async def test_without_needs_nothing_sensitive_is_filled() -> None:
    seen, host = seen_by()
    await everything(host)
    for name in ("feedback_captured", "alliance_scored", "score_alliance"):
        assert seen[name].response.answers == {}
        assert seen[name].response.scores == (SCORE,)
    assert seen["suggest_guidance"].responses[0].answers == {}
    assert seen["suggest_guidance"].signals == (SIGNAL,)
    assert seen["detect_signals"].series == ()
    assert seen["describe_talk"].speech == ()
    for name in EVENT_HOOKS:
        assert "'respect'" not in repr(seen[name])


async def test_the_series_without_answers() -> None:
    seen, host = seen_by("series")
    await everything(host)
    assert len(seen["detect_signals"].series) == len(SERIES)
    assert seen["detect_signals"].series[1].responses[0].answers == {}
    assert seen["feedback_captured"].response.answers == {}


async def test_with_all_needs_events_arrive_as_they_are() -> None:
    seen, host = seen_by("answers", "speech", "series")
    await everything(host)
    assert {name: seen[name] for name in EVENT_HOOKS} == EVENTS
    assert seen["describe_talk"].speech == SPEECH
    assert seen["feedback_captured"].response.answers == RESPONSE.answers


@pytest.mark.parametrize("hook", ["feedback_captured", "alliance_scored", "score_alliance"])
@pytest.mark.parametrize("visibility", ["therapist_later", "aggregate_only"])
def test_hidden_responses_need_a_declaration(hook: str, visibility: Any) -> None:
    hidden = replace(RESPONSE, visibility=visibility)
    event = replace(EVENTS[hook], response=hidden)
    for needs in (frozenset(), frozenset({"answers"})):
        assert minimise(event, needs).response == replace(hidden, scores=(), answers={})
    assert minimise(event, frozenset({"hidden"})).response == replace(hidden, answers={})
    assert minimise(event, frozenset({"hidden", "answers"})) == event
    own = replace(event, response=replace(hidden, role="therapist"))
    assert minimise(own, frozenset({"answers"})) == own


async def test_an_event_of_a_subclass_is_emptied_as_well() -> None:
    for hook, kind in {"detect_signals": events.SeriesUpdated, "describe_talk": events.TalkHeard}.items():
        special = type("Special", (kind,), {})
        fields = {name: getattr(EVENTS[hook], name) for name in kind.__dataclass_fields__}
        seen, host = seen_by()
        await getattr(host.hooks, hook)(special(**fields))
        assert isinstance(seen[hook], special)
        assert getattr(seen[hook], "series", ()) == getattr(seen[hook], "speech", ()) == ()


def test_no_event_with_a_sensitive_field_is_forgotten() -> None:
    """A new event that carries responses, speech or a series must be emptied as well."""
    for name, event in EVENTS.items():
        emptied = minimise(event, frozenset())
        holds = any(
            word in str(field.type)
            for field in type(event).__dataclass_fields__.values()
            for word in ("Response", "SpeechSpan", "SeriesPoint")
        )
        assert (emptied != event) == holds, name
    every = {
        kind for kind in vars(events).values() if inspect.isclass(kind) and issubclass(kind, events.Event)
    }
    assert {type(event) for event in EVENTS.values()} == every - {events.Event}
