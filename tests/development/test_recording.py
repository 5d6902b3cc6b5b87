"""Recordings: what is written is read, and what is none is refused by its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.plugin_hosts import with_code

from alliancekit.development import recording
from alliancekit.development.recording import EVENT_HOOKS, Recorded, Recorder
from alliancekit.errors import RecordingError
from alliancekit.testing.samples import EVENTS


async def test_the_recorder_notes_every_event_whole_and_in_order() -> None:
    recorder = Recorder()
    host = with_code(("recorder", recorder))
    assert host.report["recorder"].hooks == EVENT_HOOKS
    for hook, event in EVENTS.items():
        await getattr(host.hooks, hook)(event)
    assert recorder.recorded == [Recorded(hook, event) for hook, event in EVENTS.items()]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    recorded = tuple(Recorded(hook, event) for hook, event in EVENTS.items())
    recording.write(tmp_path / "session.jsonl", recorded)
    assert recording.read(tmp_path / "session.jsonl") == recorded


def test_the_included_recording_is_a_whole_session() -> None:
    hooks = [one.hook for one in recording.read(recording.included())]
    assert set(hooks) >= set(EVENT_HOOKS) - {"choose_style", "episode_erased", "render_panels"}
    ended = hooks.index("session_ended")
    assert hooks.index("session_started") < hooks.index("participant_left") < ended
    assert "alliance_scored" in hooks[ended:]


async def test_only_sessions_that_start_are_a_call() -> None:
    recorder = Recorder()
    host = with_code(("recorder", recorder))
    await host.hooks.session_started(EVENTS["session_started"])
    await host.hooks.session_ended(EVENTS["session_ended"])
    await host.hooks.session_ended(replace(EVENTS["session_ended"], session="ses_other"))
    assert [one.event.session for one in recorder.calls()] == ["ses_1", "ses_1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "line 1: this is no recorded event"),
        ("[]", "line 1: this is no recorded event"),
        ("[" * 100_000, "line 1: this is no recorded event"),
        ('{"hook": "session_start", "event": {}}', "there is no event hook 'session_start'"),
        ('{"hook": "session_started", "event": {}}', "this is no event of its hook"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "session.jsonl").write_text(text)
    with pytest.raises(RecordingError, match=words):
        recording.read(tmp_path / "session.jsonl")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="alliancekit demo --once --record FILE"):
        recording.read(tmp_path / "none.jsonl")
