"""From audio, or from levels that stand for it, to the times somebody spoke; nothing else of it is kept.

`Listener` is one person's stream. What it is made of is here too: `RtpClock` puts packets on the wall clock,
`SpeechMeter` finds speech in levels (RFC 6464), `SpanKeeper` joins voiced frames to stretches of speech.
Levels need nothing beside AllianceKit; samples and packets need `alliancekit[voice]`.
"""

from __future__ import annotations

from alliancekit.voice.levels import FRAME_SECONDS, RtpClock, Span, SpanKeeper, SpeechMeter
from alliancekit.voice.listener import VAD_RATE, Listener, check_opus, detector

__all__ = [
    "FRAME_SECONDS",
    "VAD_RATE",
    "Listener",
    "RtpClock",
    "Span",
    "SpanKeeper",
    "SpeechMeter",
    "check_opus",
    "detector",
]
