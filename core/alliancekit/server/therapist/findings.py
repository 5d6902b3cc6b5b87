"""Which findings still ask for attention: a strain until it is repaired, the rest until the next rating."""

from __future__ import annotations

from collections.abc import Sequence

from alliancekit.events import Signal, SignalKind
from alliancekit.server.therapist.views import SignalView

LASTING: frozenset[SignalKind] = frozenset({"possible_strain", "reliable_change"})
"""Kinds that a later rating alone does not settle."""


def of(found: Sequence[tuple[int, Signal]], *, rated: int) -> tuple[SignalView, ...]:
    """Views of signals given with the number of their session.

    Args:
        found: session number and signal.
        rated: the number of the last session with a rating, 0 for none.
    """
    return tuple(_view(session, signal, found, rated) for session, signal in found)


def _view(session: int, signal: Signal, found: Sequence[tuple[int, Signal]], rated: int) -> SignalView:
    if signal.kind not in LASTING:
        return SignalView(session=session, signal=signal, open=session >= rated)
    repairs = [
        n for n, one in found if one.kind == "repair" and n > session and _course(one) == _course(signal)
    ]
    repaired = min(repairs, default=None)
    return SignalView(session=session, signal=signal, open=repaired is None, repaired_in=repaired)


def _course(signal: Signal) -> tuple[str, str, str]:
    return signal.instrument, signal.scale, signal.role
