"""A session's events in a file: one JSON object a line, `{"hook": …, "event": {…}}`.

A recording holds answers. Only the demo records, and everybody in it is made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import override

from alliancekit import events
from alliancekit.errors import RecordingError
from alliancekit.hookspecs import HOOKS, AllianceHooks, hookimpl
from alliancekit.panels import Panel

EVENT_HOOKS = tuple(name for name, info in HOOKS.items() if info.kind != "register")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event and the hook it was for."""

    hook: str
    event: events.Event


@cache
def event_type(hook: str) -> TypeAdapter[Any]:
    """The type of a hook's event, as its specification says."""
    return TypeAdapter(get_type_hints(getattr(AllianceHooks, hook))["event"])


def included() -> Traversable:
    """The recording that comes with AllianceKit: the demo's scripted call."""
    return files("alliancekit.development") / "session.jsonl"


def write(path: Path, recorded: Iterable[Recorded]) -> None:
    """Write a recording; fields that have their default are left out."""
    lines = []
    for one in recorded:
        event = event_type(one.hook).dump_python(one.event, mode="json", exclude_defaults=True)
        lines.append(json.dumps({"hook": one.hook, "event": event}, ensure_ascii=False))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read(path: Path | Traversable) -> tuple[Recorded, ...]:
    """Read a recording.

    Raises:
        RecordingError: the file cannot be read, or a line holds no event of a known hook.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(
            f"{path} cannot be read ({type(error).__name__}).",
            fix="Make a recording: alliancekit demo --once --record FILE",
        ) from None
    return tuple(_event(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1))


def _event(line: str, where: str) -> Recorded:
    try:
        entry = json.loads(line)
        hook = entry["hook"]
        if hook not in EVENT_HOOKS:
            raise RecordingError(f"{where}: there is no event hook {hook!r}.", fix="Record it again.")
        return Recorded(hook, event_type(hook).validate_python(entry["event"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        what = "no event of its hook" if isinstance(error, ValidationError) else "no recorded event"
        raise RecordingError(f"{where}: this is {what}.", fix="Record it again.") from None


class Recorder(AllianceHooks):
    """Notes every event it is asked about and answers nothing; put it first in the order."""

    needs = frozenset(get_args(events.DataNeed))

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []

    def calls(self) -> tuple[Recorded, ...]:
        """The events of the sessions that started while this plugin listened."""
        started = {one.event.session for one in self.recorded if one.hook == "session_started"}
        return tuple(one for one in self.recorded if one.event.session in started)

    def _note(self, hook: str, event: events.Event) -> None:
        self.recorded.append(Recorded(hook, event))

    @override
    @hookimpl
    async def session_started(self, event: events.SessionStarted) -> None:
        self._note("session_started", event)

    @override
    @hookimpl
    async def participant_joined(self, event: events.ParticipantJoined) -> None:
        self._note("participant_joined", event)

    @override
    @hookimpl
    async def participant_left(self, event: events.ParticipantLeft) -> None:
        self._note("participant_left", event)

    @override
    @hookimpl
    async def session_ended(self, event: events.SessionEnded) -> None:
        self._note("session_ended", event)

    @override
    @hookimpl
    async def feedback_requested(self, event: events.FeedbackRequested) -> None:
        self._note("feedback_requested", event)

    @override
    @hookimpl
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        self._note("feedback_captured", event)

    @override
    @hookimpl
    async def alliance_scored(self, event: events.AllianceScored) -> None:
        self._note("alliance_scored", event)

    @override
    @hookimpl
    async def signal_raised(self, event: events.SignalRaised) -> None:
        self._note("signal_raised", event)

    @override
    @hookimpl
    async def episode_erased(self, event: events.EpisodeErased) -> None:
        self._note("episode_erased", event)

    @override
    @hookimpl
    async def score_alliance(self, event: events.FeedbackCaptured) -> Sequence[events.Score]:
        self._note("score_alliance", event)
        return ()

    @override
    @hookimpl
    async def detect_signals(self, event: events.SeriesUpdated) -> Sequence[events.Signal]:
        self._note("detect_signals", event)
        return ()

    @override
    @hookimpl
    async def suggest_guidance(self, event: events.GuidanceWanted) -> Sequence[events.Guidance]:
        self._note("suggest_guidance", event)
        return ()

    @override
    @hookimpl
    async def render_panels(self, event: events.PanelsWanted) -> Sequence[Panel]:
        self._note("render_panels", event)
        return ()

    @override
    @hookimpl
    async def choose_style(self, event: events.StyleWanted) -> str | None:
        self._note("choose_style", event)
        return None

    @override
    @hookimpl
    async def plan_prompts(self, event: events.PromptsWanted) -> events.PromptPlan | None:
        self._note("plan_prompts", event)
        return None

    @override
    @hookimpl
    async def describe_talk(self, event: events.TalkHeard) -> events.TalkBalance | None:
        self._note("describe_talk", event)
        return None
