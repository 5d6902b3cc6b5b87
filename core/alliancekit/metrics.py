"""What is counted and measured, and the page on which Prometheus reads it.

The host counts into plain numbers (`Tally.add`, `Timing.take`: a dictionary and a list, well below a
microsecond, no lock: only the event loop writes). What is a state rather than an event is read when the page
is asked for. prometheus_client makes the page, and is loaded with the first one.

Labels are few and fixed: names of routes, plugins, adapters, outcomes. None is ever an id, a person or a word
of a client; one that looks otherwise is shown as `other`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from prometheus_client.core import Metric

MOST_SERIES: Final = 500
"""Combinations of labels that one metric may have; what comes later is added to `other`."""

OTHER: Final = "other"

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets of a latency, in seconds."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Handler = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]

_SESSIONS: Final = {"session_started": "started", "session_ended": "ended"}
_PROMPTS: Final = {"feedback_requested": "asked", "feedback_captured": "answered"}
"""What a kind of outbox row stands for."""

_PLAIN: Final = re.compile(r"(?!.*\d{4})(?!.*[A-Za-z0-9]{17})[a-zA-Z0-9_./{}:-]{1,80}")
"""A label's value as programmers write it: short words; longer runs and numbers would be part of an id."""


class Tally:
    """How often something happened, by its labels.

    Args:
        name: as Prometheus shows it, without `alliancekit_` and `_total`.
        meaning: one sentence.
        labels: names of the labels.
    """

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self.values: dict[tuple[str, ...], int] = {}

    def add(self, *labels: str, times: int = 1) -> None:
        """Count; as many labels as the tally has, in their order."""
        try:
            self.values[labels] += times
        except KeyError:
            key = _key(labels, self.values)
            self.values[key] = self.values.get(key, 0) + times


class Timing:
    """How long something took, by its labels: a histogram.

    Args:
        name: as Prometheus shows it, without `alliancekit_`; ends in `_seconds`.
        meaning: one sentence.
        labels: names of the labels.
    """

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name, self.meaning, self.labels = name, meaning, labels
        self.buckets: dict[tuple[str, ...], list[int]] = {}
        self.sums: dict[tuple[str, ...], float] = {}

    def take(self, seconds: float, *labels: str) -> None:
        """Note one duration; as many labels as the timing has, in their order."""
        buckets = self.buckets.get(labels)
        if buckets is None:
            labels = _key(labels, self.buckets)
            buckets = self.buckets.setdefault(labels, [0] * (len(BOUNDS) + 1))
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self.sums[labels] = self.sums.get(labels, 0.0) + seconds


def _key(labels: tuple[str, ...], known: Mapping[tuple[str, ...], object]) -> tuple[str, ...]:
    key = tuple(map(shown, labels))
    return key if key in known or len(known) < MOST_SERIES else (OTHER,) * len(labels)


def shown(label: str) -> str:
    """A label's value, or `other` when it does not look like one that a programmer wrote."""
    return label if _PLAIN.fullmatch(label) else OTHER


@dataclass(frozen=True, slots=True)
class State:
    """Something that is read when the page is asked for: a number by the values of its labels.

    `counts` says that it only ever grows while the process lives.
    """

    name: str
    meaning: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Metrics:
    """Everything that one process counts."""

    requests: Timing = field(
        default_factory=lambda: Timing(
            "http_request_seconds",
            "How long requests took, by the template of their route and the class of their status.",
            "route",
            "method",
            "status",
        )
    )
    limited: Tally = field(
        default_factory=lambda: Tally("requests_limited", "Requests refused as too many, by whose.", "whose")
    )
    sessions: Tally = field(
        default_factory=lambda: Tally("sessions", "Sessions that started or ended.", "what")
    )
    prompts: Tally = field(
        default_factory=lambda: Tally(
            "prompts", "Prompts asked, answered and dismissed, by their moment.", "moment", "what"
        )
    )
    webhooks: Tally = field(
        default_factory=lambda: Tally("webhook_attempts", "Attempts at vendors' endpoints.", "outcome")
    )
    messages: Tally = field(
        default_factory=lambda: Tally(
            "adapter_messages",
            "What video platforms posted: taken, or why it was refused.",
            "adapter",
            "outcome",
        )
    )

    def counted(self, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """The same handlers of outbox rows; those that stand for something countable count it when done."""

        def counting(kind: str, handler: Handler) -> Handler:
            async def handle(tenant: str, again: str, payload: Mapping[str, Any]) -> None:
                await handler(tenant, again, payload)
                if kind in _SESSIONS:
                    self.sessions.add(_SESSIONS[kind])
                else:
                    self.prompts.add(str(payload.get("moment", OTHER)), _PROMPTS[kind])

            return handle

        return {
            kind: counting(kind, handler) if kind in {*_SESSIONS, *_PROMPTS} else handler
            for kind, handler in handlers.items()
        }

    def page(self, timings: Iterable[Timing], states: Iterable[State]) -> bytes:
        """The page, in the text format of Prometheus 0.0.4.

        Args:
            timings: what others measured.
            states: what is so at this moment.
        """
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - 0.1 s
        from prometheus_client.registry import Collector  # noqa: PLC0415

        families = [
            *map(_of_timing, (self.requests, *timings)),
            *map(_of_tally, (self.limited, self.sessions, self.prompts, self.webhooks, self.messages)),
            *map(_of_state, states),
        ]

        class Once(Collector):
            @override
            def collect(self) -> Iterator[Metric]:
                yield from families

        registry = CollectorRegistry(auto_describe=False)
        registry.register(Once())
        return generate_latest(registry)


def _of_tally(tally: Tally) -> Metric:
    return _of_state(State(tally.name, tally.meaning, tally.labels, tally.values, counts=True))


def _of_state(state: State) -> Metric:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

    kind: Any = CounterMetricFamily if state.counts else GaugeMetricFamily
    family: Metric = kind(f"alliancekit_{state.name}", state.meaning, labels=state.labels)
    add: Any = getattr(family, "add_metric")  # noqa: B009 - of both kinds, not of their base
    for labels, value in sorted(state.values.items()):
        add([*map(shown, labels)], float(value))
    return family


def _of_timing(timing: Timing) -> Metric:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415

    family = HistogramMetricFamily(f"alliancekit_{timing.name}", timing.meaning, labels=timing.labels)
    for labels, counts in sorted(timing.buckets.items()):
        family.add_metric(labels, [*_cumulative(counts)], timing.sums[labels])
    return family


def _cumulative(counts: Sequence[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        yield bound, float(total)
