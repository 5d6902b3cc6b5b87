"""Who spoke how much: a description of the call, never a score. Pure: no I/O, no clock.

Choices, with what they rest on:

* Speech of one side with a pause shorter than `PAUSE` counts as one utterance. The usual gap between two
  speakers is about 0.2 s (Heldner & Edlund 2010, J Phonetics 38:555–568; Levinson & Torreira 2015, Front
  Psychol 6:731), so 0.7 s is clearly longer than a breath or a plosive; the exact number is ours.
* An utterance shorter than `BACK_CHANNEL` is a listener's signal ("mm"), no turn. It counts as time heard.
  The exact number is ours.
* Seconds are time heard, so that simultaneous speech counts for both sides; pauses inside an utterance do
  not count.
* Where a platform tells only how long each was heard in all, the shares are described and nothing else:
  turns, overlap and silence stay unknown.
* The time observed is the time in which client and therapist were both in the call; without segments, the
  time from the first sound to the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alliancekit.events import Role, Segment, SpeechSpan, SpeechTotal, TalkBalance, TalkShare

PAUSE = 0.7
"""Seconds; a shorter pause of the same side does not end an utterance."""

BACK_CHANNEL = 0.3
"""Seconds; a shorter utterance is no turn."""

Interval = tuple[float, float]
"""Start and end in seconds, start before end."""


def talk_balance(
    speech: Sequence[SpeechSpan],
    segments: Sequence[Segment] = (),
    *,
    pause: float = PAUSE,
    back_channel: float = BACK_CHANNEL,
) -> TalkBalance | None:
    """Describe who spoke how much. Several people of one role are one side; observers are left out.

    Args:
        speech: who was heard when, in any order, overlaps and repetitions allowed.
        segments: who was in the call when; empty when unknown.
        pause: see `PAUSE`.
        back_channel: see `BACK_CHANNEL`.

    Returns: None where only one side was observed, so that nothing can be compared.
    """
    client, therapist = _heard(speech, "client"), _heard(speech, "therapist")
    if segments:
        observed = overlap_of(_present(segments, "client"), _present(segments, "therapist"))
    else:
        observed = _span(client + therapist)
    client, therapist = overlap_of(client, observed), overlap_of(therapist, observed)
    if not client or not therapist:
        return None
    client_seconds, therapist_seconds = length(client), length(therapist)
    both = length(overlap_of(client, therapist))
    total, seconds = client_seconds + therapist_seconds, length(observed)
    share = client_seconds / total
    return TalkBalance(
        client=TalkShare(seconds=client_seconds, share=share, turns=turns(client, pause, back_channel)),
        therapist=TalkShare(
            seconds=therapist_seconds, share=1 - share, turns=turns(therapist, pause, back_channel)
        ),
        overlap=_part(both, seconds),
        silence=_part(seconds - (total - both), seconds),
        observed_seconds=seconds,
    )


def talk_balance_of_totals(
    totals: Sequence[SpeechTotal], segments: Sequence[Segment] = ()
) -> TalkBalance | None:
    """Describe who spoke how much where nobody tells when; turns, overlap and silence are None.

    Args:
        totals: several of one role are one side; observers are left out.
        segments: who was in the call when; empty when unknown, and then the time observed is the speech.

    Returns: None where one side has no speech at all, as `talk_balance`.
    """
    client, therapist = (
        sum(one.seconds for one in totals if one.role == role) for role in ("client", "therapist")
    )
    if not (client > 0 and therapist > 0):
        return None
    together = length(overlap_of(_present(segments, "client"), _present(segments, "therapist")))
    share = client / (client + therapist)
    return TalkBalance(
        client=TalkShare(seconds=client, share=share, turns=None),
        therapist=TalkShare(seconds=therapist, share=1 - share, turns=None),
        overlap=None,
        silence=None,
        observed_seconds=together if segments else client + therapist,
    )


def turns(heard: Sequence[Interval], pause: float = PAUSE, back_channel: float = BACK_CHANNEL) -> int:
    """How many utterances of one side are turns; `heard` as `union` returns it."""
    return sum(end - start >= back_channel for start, end in union(heard, gap=pause))


def union(intervals: Iterable[Interval], gap: float = 0.0) -> list[Interval]:
    """Sorted, disjoint intervals; those that touch, overlap or lie less than `gap` apart become one."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if not start < end:
            continue
        if joined and (start <= joined[-1][1] or start - joined[-1][1] < gap):
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def overlap_of(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """Where both are; each sorted and disjoint, as `union` returns them."""
    common: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            common.append((start, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return common


def length(intervals: Iterable[Interval]) -> float:
    """Seconds in all, of disjoint intervals."""
    return sum((end - start for start, end in intervals), 0.0)


def _heard(speech: Iterable[SpeechSpan], role: Role) -> list[Interval]:
    return union((span.start, span.end) for span in speech if span.role == role)


def _present(segments: Iterable[Segment], role: Role) -> list[Interval]:
    return union((s.joined_at, s.left_at) for s in segments if s.role == role)


def _span(intervals: Sequence[Interval]) -> list[Interval]:
    if not intervals:
        return []
    return [(min(start for start, _ in intervals), max(end for _, end in intervals))]


def _part(seconds: float, whole: float) -> float:
    return min(1.0, max(0.0, seconds / whole))
