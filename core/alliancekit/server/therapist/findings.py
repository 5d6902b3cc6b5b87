"""What the rules found, one entry a kind and course, and what of it still asks for attention.

A strain stays open until it is repaired or said again by a later session; the rest until the next rating. The
therapist's word goes before both: repaired closes a finding, not yet keeps it open like a strain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Mapping, Sequence
from operator import itemgetter

from alliancekit.events import RuleInfo, Signal, SignalKind
from alliancekit.languages.pages import Words
from alliancekit.server.therapist import agreement
from alliancekit.server.therapist.course import TALKED_ABOUT, CourseView, TalkView
from alliancekit.server.therapist.views import SignalView

LASTING: frozenset[SignalKind] = frozenset({"possible_strain"})
"""Kinds that a later rating alone does not settle."""

Have = Callable[[int, Signal], Mapping[str, int]]
"""How many sessions there were up to a session, for a signal's course: `rated` ones, all `held` ones."""

_WEIGHT = {"strong": 0, "notice": 1, "info": 2}


def of(
    found: Sequence[tuple[int, Signal]],
    *,
    words: Words,
    rated: int,
    known: Sequence[RuleInfo] = (),
    have: Have | None = None,
    course: CourseView | None = None,
    explained: Container[int] | None = None,
) -> tuple[SignalView, ...]:
    """Views of signals, those of one kind about one course in one session together.

    Args:
        found: session number and signal.
        words: the reader's.
        rated: the number of the last session with a rating, 0 for none.
        known: the rules that the plugins registered.
        have: see `Have`; by default as many sessions as the session's number.
        course: what the therapist noted.
        explained: numbers of the sessions whose closed findings come with their rules too; by default all.
    """
    together: dict[tuple[int, str, tuple[str, str, str]], list[Signal]] = {}
    for session, signal in found:
        together.setdefault((session, signal.kind, _course(signal)), []).append(signal)
    along: dict[tuple[str, str, str], list[tuple[int, SignalKind]]] = {}
    for session, signal in found:
        along.setdefault(_course(signal), []).append((session, signal.kind))
    for kinds in along.values():
        kinds.sort(key=itemgetter(0))
    views = []
    for (session, _, of_course), group in together.items():
        signals = sorted(group, key=lambda signal: _WEIGHT[signal.level])
        talk = None
        if course is not None and signals[0].kind in TALKED_ABOUT:
            talk = course.talk(session)
        is_open, repaired = _state(session, signals[0], along[of_course], rated, talk)
        shown = is_open or explained is None or session in explained
        sessions: Mapping[str, int] = {"rated": session, "held": session}
        if have is not None and shown:
            sessions = have(session, signals[0])
        views.append(
            SignalView(
                session=session,
                signal=signals[0],
                also=tuple(signals[1:]),
                rules=agreement.rules_of(signals, known, sessions, words) if shown else (),
                open=is_open,
                repaired_in=repaired,
                talk=talk,
            )
        )
    return tuple(views)


def _state(
    session: int, signal: Signal, along: Sequence[tuple[int, SignalKind]], rated: int, talk: TalkView | None
) -> tuple[bool, int | None]:
    """Whether a finding is open, and the session of the repair that a rule found."""
    if signal.kind not in LASTING and talk is None:
        return session >= rated, None
    # Sessions come in their order: what is later lies at the end.
    later = along[bisect_right(along, session, key=itemgetter(0)) :]
    repaired = next((n for n, kind in later if kind == "repair"), None)
    said_again = any(kind == signal.kind for _, kind in later)
    settled = talk is not None and talk.outcome == "repaired"
    return repaired is None and not said_again and not settled, repaired


def _course(signal: Signal) -> tuple[str, str, str]:
    return signal.instrument, signal.scale, signal.role
