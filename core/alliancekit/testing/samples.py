"""One event for each event hook, with every sensitive field filled."""

from __future__ import annotations

from typing import Any, Final

from alliancekit import events

BASE: Final[dict[str, Any]] = {"tenant": "ten_1", "episode": "epi_1", "session": "ses_1", "at": 1000.0}
CLIENT = events.Participant(id="par_c", role="client")
THERAPIST = events.Participant(id="par_t", role="therapist")
SCORE = events.Score(scale="bond", value=4.0, minimum=0.0, maximum=20.0, percent=20.0, answered=5, items=5)
RESPONSE = events.Response(
    id="rsp_1",
    participant=CLIENT.id,
    role="client",
    moment="end_of_call",
    instrument="check-in",
    instrument_version="1",
    visibility="therapist_now",
    at=1000.0,
    scores=(SCORE,),
    answers={"respect": 1, "empathy": 3},
)
SIGNAL = events.Signal(
    kind="low_score", rule="bond below 50", level="notice", sentence="The bond is low.", sessions_needed=1
)
SERIES = (
    events.SeriesPoint(session="ses_0", number=1, at=0.0, attended=False),
    events.SeriesPoint(session="ses_1", number=2, at=1000.0, responses=(RESPONSE,)),
)
SPEECH = (
    events.SpeechSpan(role="client", start=0.0, end=30.0),
    events.SpeechSpan(role="therapist", start=30.0, end=40.0),
)
TALK = events.TalkBalance(
    client=events.TalkShare(seconds=30.0, share=0.75, turns=1),
    therapist=events.TalkShare(seconds=10.0, share=0.25, turns=1),
    overlap=0.0,
    silence=0.0,
    observed_seconds=40.0,
)

EVENTS: Final[dict[str, events.Event]] = {
    "session_started": events.SessionStarted(
        **BASE, style="directive", number=2, participants=(CLIENT, THERAPIST)
    ),
    "participant_joined": events.ParticipantJoined(**BASE, participant=CLIENT),
    "participant_left": events.ParticipantLeft(**BASE, participant=CLIENT, how="dropped"),
    "session_ended": events.SessionEnded(
        **BASE, style="directive", reason="timed_out", confidence=0.7, seconds=3000.0
    ),
    "feedback_requested": events.FeedbackRequested(
        **BASE, prompt="prm_1", participant=CLIENT, moment="end_of_call", instruments=("check-in",)
    ),
    "feedback_captured": events.FeedbackCaptured(**BASE, style="directive", response=RESPONSE),
    "alliance_scored": events.AllianceScored(**BASE, style="directive", response=RESPONSE),
    "signal_raised": events.SignalRaised(**BASE, signal=SIGNAL),
    "episode_erased": events.EpisodeErased(tenant="ten_1", episode="epi_1", session="", at=1000.0),
    "score_alliance": events.FeedbackCaptured(**BASE, style="directive", response=RESPONSE),
    "detect_signals": events.SeriesUpdated(**BASE, style="directive", number=2, series=SERIES),
    "suggest_guidance": events.GuidanceWanted(
        **BASE, style="directive", number=2, responses=(RESPONSE,), signals=(SIGNAL,)
    ),
    "render_panels": events.PanelsWanted(
        **BASE, style="directive", series=SERIES, signals=(SIGNAL,), talk_balances={1: TALK, 2: TALK}
    ),
    "choose_style": events.StyleWanted(**BASE, proposed="", number=1),
    "plan_prompts": events.PromptsWanted(
        **BASE, style="directive", moment="end_of_call", number=2, participants=(CLIENT, THERAPIST)
    ),
    "describe_talk": events.TalkHeard(**BASE, speech=SPEECH),
}
"""Hook → event; the samples that hooks share (`CLIENT`, `RESPONSE`, …) stand above."""
