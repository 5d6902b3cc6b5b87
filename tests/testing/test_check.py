"""The contract: a good plugin reaches gold, and for each check there is one that fails exactly that check."""

from __future__ import annotations

import sys
import textwrap
import threading
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from alliancekit.deprecations import Deprecation
from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.find import GROUPS
from alliancekit.testing import Report, check_plugin
from alliancekit.testing.check import CHECKS, RUNGS, check_plugins

INSTALLED = sorted(point.name for group in GROUPS for point in entry_points(group=group))

HEAD = '''"""A plugin for the checks."""

import asyncio
import dataclasses
import logging
import threading
import time
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from alliancekit import events
from alliancekit.adapters import Adapter
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.model import Instrument, Item, Option, Scale

log = logging.getLogger(__name__)


class Settings(BaseModel):
    """What a site may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: float = Field(default=50.0, description="percent below which it speaks", ge=0)


def instrument(spanish):
    heard = Item(
        id="heard",
        text={"en": "I felt heard.", "es": "Me sentí escuchado."},
        options=(
            Option(value=0, label={"en": "No", "es": "No"}),
            Option(value=1, label={"en": "Yes"} | spanish),
        ),
    )
    return Instrument(
        name="one-question",
        title={"en": "One question", "es": "Una pregunta"},
        items=(heard,),
        scales=(Scale(name="heard", items=("heard",)),),
        source="made for this test",
        licence="CC0-1.0",
    )


class Quiet(Adapter):
    name = "quiet"

    async def start(self, host):
        self.host = host

    async def stop(self):
        pass

'''

GOOD = '''
class Plugin(AllianceHooks):
    """Does what it should."""

    needs = frozenset({"series"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return [instrument({"es": "Sí"})]

    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return [Quiet()]

    @hookimpl
    async def session_started(self, event: events.SessionStarted) -> None:
        try:
            log.info("a session of the style %s", event.style)
        except ValueError as error:
            log.warning("failed with %s", type(error).__name__)

    @hookimpl
    async def detect_signals(self, event: events.SeriesUpdated) -> Sequence[events.Signal]:
        return [] if event.series else []
'''


def plugin(body: str, *, top: str = "", documented: str = '"""Does one thing wrong."""') -> str:
    """A plugin whose only hook, or other member, is `body`."""
    member = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f"{textwrap.dedent(top)}\nclass Plugin(AllianceHooks):\n    {documented}\n\n{member}\n"


STARTED = "@hookimpl\nasync def session_started(self, event):\n    "
SERIES = "@hookimpl\nasync def detect_signals(self, event):\n    "
WITH_SETTINGS = "def __init__(self, settings: Wrong) -> None:\n    self.settings = settings"
LOOSE = '''
class Wrong(BaseModel):
    """Loose."""

    level: float = Field(default=1.0, description="a level")
'''
SILENT = """
class Wrong(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: float = 1.0
"""
UNFIT = '''
class Wrong(BaseModel):
    """Its default does not fit."""

    model_config = ConfigDict(extra="forbid")

    level: float = Field(default=-1.0, description="a level", ge=0)
'''
CLEAR = '''
class Wrong(BaseModel):
    """Shows its secret."""

    model_config = ConfigDict(extra="forbid")

    api_key: str = Field(default="", description="the key of the other service")
'''
ADAPTER = """
class Bad(Quiet):
    async def {step}(self, *arguments):
        {what}
"""
BRINGS = "@hookimpl\ndef register_adapters(self):\n    return [Bad()]"

CONNECTS = """
import contextlib, socket
with contextlib.suppress(OSError), socket.socket() as made:
    made.connect(("127.0.0.1", 9))
"""

BAD: list[tuple[str, str, str, str]] = [
    # the check, what is wrong, the source, a word of the finding
    ("import", "raises", "raise RuntimeError('no')", "RuntimeError"),
    ("import", "ends the process", "import os\nos._exit(1)", "did not end"),
    ("network", "connects", "import socket\nsocket.create_connection(('127.0.0.1', 9))",
     "socket.getaddrinfo"),
    ("network", "connects unheard", CONNECTS + plugin(STARTED + "pass"), "socket.connect"),
    ("contract", "misspelt", plugin("@hookimpl\nasync def session_startet(self, event):\n    pass"),
     "session_started"),
    ("contract", "plain", plugin("@hookimpl\ndef session_started(self, event):\n    pass"), "async def"),
    ("contract", "arguments", plugin("@hookimpl\nasync def session_started(self, e):\n    pass"),
     "exactly one"),
    ("contract", "hook API", plugin("hook_api = 99"), "hook API 99"),
    ("contract", "needs", plugin("needs = frozenset({'answer'})"), "answers"),
    ("names", "unmarked", plugin("async def session_startd(self, event):\n    pass"), "session_started"),
    ("start", "raises", plugin("def __init__(self):\n    raise OSError('no')"), "OSError"),
    ("start", "wrong value", plugin("@hookimpl\ndef register_styles(self):\n    return ['style']"), "Style"),
    ("start", "needs a setting", plugin(WITH_SETTINGS, top=CLEAR.replace('default="", ', "").replace(
        "api_key: str", "url: str")), "url"),
    ("answers", "raises", plugin(STARTED + "raise ValueError('text')"), "ValueError at"),
    ("answers", "wrong type", plugin(SERIES + "return 'signal'"), "WrongType"),
    ("answers", "too slow", plugin(STARTED + "await asyncio.sleep(60)"), "limit of 2 s"),
    ("sparse",
     "no series", plugin("needs = frozenset({'series'})\n" + SERIES + "event.series[0]\n    return []"),
     "without series"),
    ("sparse", "one session", plugin("needs = frozenset({'series'})\n" + SERIES +
     "if event.series:\n        event.series[1]\n    return []"), "with one session"),
    ("sparse", "no scores", plugin("@hookimpl\nasync def alliance_scored(self, event):\n    "
     "assert event.response.scores[0].percent + 1"), "without scores"),
    ("loop", "sleeps", plugin(STARTED + "time.sleep(0.6)"), "session_started holds the event loop"),
    ("adapters", "start", plugin(BRINGS, top=ADAPTER.format(step="start", what="raise OSError('no')")),
     "start of"),
    ("adapters", "deliver", plugin(BRINGS, top=ADAPTER.format(step="deliver", what="return True")), "nobody"),
    ("adapters", "withdraw", plugin(BRINGS, top=ADAPTER.format(step="withdraw", what="raise KeyError")),
     "KeyError"),
    ("settings", "loose", plugin(WITH_SETTINGS, top=LOOSE), "unknown keys"),
    ("settings", "not documented", plugin(WITH_SETTINGS, top=SILENT), "not documented"),
    ("settings", "unfit default", plugin(WITH_SETTINGS, top=UNFIT), "default of Wrong.level"),
    ("settings", "secret in clear", plugin(WITH_SETTINGS, top=CLEAR), "SecretStr"),
    ("needs", "answers", plugin("@hookimpl\nasync def feedback_captured(self, event):\n    "
     "event.response.answers.get('respect')"), "`answers`"),
    ("needs", "series", plugin(SERIES + "return [x for x in event.series if False]"), "`series`"),
    ("needs", "speech", plugin("@hookimpl\nasync def describe_talk(self, event):\n    len(event.speech)"),
     "`speech`"),
    ("newer", "copies", plugin(STARTED + "events.SessionStarted(**{f.name: getattr(event, f.name) for f in "
     "dataclasses.fields(event)})"), "TypeError"),
    ("quiet", "at import", "print('hello')\n" + plugin(STARTED + "pass"), "import prints"),
    ("quiet", "in a hook", plugin(STARTED + "print('hello')"), "while it runs"),
    ("quiet", "at start", plugin("def __init__(self):\n    print('hello')"), "while it starts"),
    ("leftovers", "a task", plugin(STARTED + "self.task = asyncio.create_task(asyncio.sleep(60))"), "sleep"),
    ("leftovers", "a thread", plugin(STARTED + "threading.Thread(target=time.sleep, args=(3,), name='left', "
     "daemon=True).start()"), "left"),
    ("leftovers", "a thread at import", "threading.Thread(target=time.sleep, args=(3,), daemon=True, "
     "name='early').start()\n" + plugin(STARTED + "pass"), "early"),
    ("leftovers", "an adapter's task", plugin(BRINGS, top=ADAPTER.format(
        step="start", what="self.task = asyncio.create_task(asyncio.sleep(60))")), "sleep"),
    ("discreet", "traceback", plugin(STARTED + "try:\n        pass\n    except ValueError:\n        "
     "log.exception('failed')"), "traceback"),
    ("discreet", "text", plugin(STARTED + "try:\n        pass\n    except ValueError as error:\n        "
     "log.warning(f'failed: {error}')"), "exception's text"),
    ("discreet", "an answer", plugin("@hookimpl\nasync def signal_raised(self, event):\n    "
     "log.info('raised: %s', event.signal.sentence)"), "said"),
    ("spare", "unread", plugin("needs = frozenset({'speech'})\n" + STARTED + "pass"), "`speech`"),
    ("documented", "class", plugin(STARTED + "pass", documented=""), "docstring"),
    ("translated",
     "an option", plugin("@hookimpl\ndef register_instruments(self):\n    return [instrument({})]"),
     "has no es for items[heard].options[1].label"),
    ("import-time", "sleeps", "time.sleep(1)\n" + plugin(STARTED + "pass"), "times as long"),
]  # fmt: skip


def source_file(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "plugin_to_check.py"
    path.write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    return path


def failed(report: Report) -> set[str]:
    return {finding.check for finding in report.findings}


@pytest.mark.parametrize("name", INSTALLED)
def test_every_installed_plugin_reaches_gold(name: str) -> None:
    report = check_plugin(name)
    assert report.rung == "gold", str(report)
    assert report.hooks


def test_a_good_plugin_reaches_gold(tmp_path: Path) -> None:
    report = check_plugin(source_file(tmp_path, GOOD))
    assert report.rung == "gold", str(report)
    assert report.findings == report.unchecked == ()
    assert report.next_rung is None
    assert [(one.name, one.type, one.default) for one in report.settings] == [("level", "float, ≥ 0", "50.0")]


@pytest.mark.parametrize(("check", "what", "source", "word"), BAD, ids=[f"{c}: {w}" for c, w, _, _ in BAD])
def test_a_bad_plugin_fails_exactly_that_check(
    check: str, what: str, source: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if check == "import-time":
        monkeypatch.setattr("alliancekit.testing.check_import.SLOW", 0.05)
    report = check_plugin(source_file(tmp_path, source))
    assert failed(report) == {check}, str(report)
    assert word in "\n".join(finding.problem + finding.fix for finding in report.findings), str(report)
    rung = next(rung for rung in RUNGS if check in CHECKS[rung])
    assert report.next_rung == rung
    assert check in report.missing(rung)


def test_a_deprecated_hook_keeps_a_plugin_from_gold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Deprecation(kind="hook", name="session_started", since="0.1", removed_in="0.4", instead="wait")
    monkeypatch.setattr("alliancekit.deprecations.DEPRECATIONS", (old,))
    report = check_plugin(source_file(tmp_path, GOOD))
    assert (report.rung, failed(report)) == ("silver", {"current"})
    assert "goes in 0.4" in str(report)


def test_every_check_has_a_plugin_that_fails_it() -> None:
    shown = {check for check, *_ in BAD} | {"current"}
    assert shown == {check for rung in RUNGS for check in CHECKS[rung]}


def test_what_could_not_be_checked_is_not_counted_as_reached(tmp_path: Path) -> None:
    report = check_plugin(source_file(tmp_path, plugin("def __init__(self):\n    raise OSError('no')")))
    assert (report.rung, report.next_rung) == (None, "bronze")
    assert "answers" in report.unchecked
    assert "answers: not checked" in str(report)


def test_required_settings_can_be_given(tmp_path: Path) -> None:
    top = CLEAR.replace('default="", ', "").replace("api_key: str", "url: str")
    path = source_file(tmp_path, plugin(WITH_SETTINGS, top=top))
    assert check_plugin(path, settings={"url": "http://127.0.0.1"}).rung == "gold"


def test_the_ladder_tells_what_is_missing_for_the_next_rung(tmp_path: Path) -> None:
    report = check_plugin(source_file(tmp_path, plugin(STARTED + "print('hello')", documented="")))
    assert report.rung == "bronze"
    said = str(report)
    assert "Missing for silver: quiet." in said
    assert "Missing for gold: documented." in said
    json = report.to_json()
    assert (json["rung"], json["next"]) == ("bronze", "silver")
    assert [(one["rung"], one["check"]) for one in json["findings"]] == [
        ("silver", "quiet"),
        ("gold", "documented"),
    ]


def test_a_class_of_a_test_is_checked_as_it_is() -> None:
    class Local(AllianceHooks):
        """Made in a test."""

    report = check_plugin(Local)
    assert (report.plugin, report.rung) == ("local", "gold"), str(report)


def test_nothing_is_left_in_this_process(tmp_path: Path) -> None:
    path, modules, threads = list(sys.path), set(sys.modules), threading.active_count()
    check_plugin(source_file(tmp_path, GOOD))
    assert sys.path == path
    assert {name for name in set(sys.modules) - modules if "plugin_to_check" in name} == set()
    assert threading.active_count() == threads


def test_several_plugins_of_one_file(tmp_path: Path) -> None:
    path = source_file(tmp_path, GOOD + GOOD.replace("class Plugin", "class Other"))
    with pytest.raises(PluginError, match="several plugins: plugin, other"):
        check_plugin(path)
    assert [report.plugin for report in check_plugins(path)] == ["plugin", "other"]


async def test_it_can_be_called_while_a_loop_runs(tmp_path: Path) -> None:
    assert check_plugin(source_file(tmp_path, GOOD)).rung == "gold"
