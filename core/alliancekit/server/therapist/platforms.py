"""The page *Video platforms*: what each connection can do, what came of its messages, what to do about it.

Nothing here is about a client: times, counts and reasons only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from alliancekit.adapters import Adapter, Capabilities, SocketAdapter, WebhookAdapter
from alliancekit.inbound.doing import Doing
from alliancekit.languages.pages import Words
from alliancekit.server.therapist.sentences import known

CAN: Final = (
    "presence",
    "identity",
    "in_call_prompts",
    "broadcast",
    "acknowledged",
    "bridge",
    "talk_balance",
    "snapshot",
    "redirect",
    "end_call",
)
"""Capabilities that the page tells, in the order in which they are shown."""

HARMLESS: Final = frozenset({"repeated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A time for people: in words, exactly, and for programs."""

    words: str
    exact: str
    iso: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What was not taken, how often, and what to do; `last` where it is known."""

    what: str
    times: int
    todo: str
    harmless: bool
    last: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformView:
    """One connection; `trust` is empty where no platform sends anything that could prove itself."""

    id: str
    title: str
    trust: str
    trust_words: str
    can: tuple[str, ...]
    posts: bool
    asks: bool
    last: When | None
    since: When | None
    taken: int
    reconciliations: int
    failed_looks: int
    notice: str
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformsView:
    """The page; `alone` says whether messages that nobody can be told to own are shown."""

    platforms: tuple[PlatformView, ...]
    alone: bool


def view(
    adapters: Sequence[tuple[Adapter, Doing]], *, alone: bool, now: float, words: Words
) -> PlatformsView:
    """The page from what the host knows.

    Args:
        adapters: each with what it did, as far as this tenant may know.
        alone: whether the tenant is the only one: else what was refused may be another's, and is left out.
        now: seconds since 1970 UTC.
        words: the reader's.
    """
    found = tuple(_shown(one, doing, alone, now, words) for one, doing in adapters)
    return PlatformsView(platforms=found, alone=alone)


def _shown(adapter: Adapter, doing: Doing, alone: bool, now: float, words: Words) -> PlatformView:
    able = adapter.capabilities
    posts = isinstance(adapter, WebhookAdapter | SocketAdapter)
    proves = posts or able.trust != "none"
    return PlatformView(
        id=adapter.name,
        title=adapter.title or adapter.name,
        trust=words.say(f"trust.{able.trust}") if proves else "",
        trust_words=words.say(f"trust.{able.trust}_why") if proves else "",
        can=_can(able, words),
        posts=posts,
        asks=able.snapshot,
        last=None if doing.last_at is None else when(doing.last_at, now, words),
        since=None if doing.since is None else when(doing.since, now, words),
        taken=doing.taken,
        reconciliations=doing.reconciliations,
        failed_looks=doing.failed_looks,
        notice=adapter.trouble,
        troubles=_troubles(doing, alone, now, words),
    )


def _can(able: Capabilities, words: Words) -> tuple[str, ...]:
    found = [words.say(f"can.{name}") for name in CAN if getattr(able, name)]
    return (*found, words.say("can.media")) if able.media else tuple(found)


def _troubles(doing: Doing, alone: bool, now: float, words: Words) -> tuple[Trouble, ...]:
    found = []
    for reason, times in doing.refused.items():
        # What is refused by a tenant's own demand is its own; of the rest nobody can tell whose it was.
        if alone or reason == "weak":
            last = doing.refused_at.get(reason)
            at = None if last is None else when(last, now, words)
            found.append(_trouble(words, reason, times, at))
    counted = [("unknown_room", doing.unknown_rooms if alone else 0), ("stranger", doing.strangers)]
    found += [_trouble(words, reason, times) for reason, times in counted if times]
    return tuple(sorted(found, key=lambda one: one.harmless))


def _trouble(words: Words, reason: str, times: int, last: When | None = None) -> Trouble:
    return Trouble(
        what=known(words, "refused", reason),
        times=times,
        todo=words.say(f"refused.{reason}_todo") if words.has(f"refused.{reason}_todo") else "",
        harmless=reason in HARMLESS,
        last=last,
    )


Unit = Literal["minute", "hour", "day"]

_STEPS: Final[Sequence[tuple[float, Unit]]] = (
    (86400.0, "day"),
    (3600.0, "hour"),
    (60.0, "minute"),
)


def when(at: float, now: float, words: Words) -> When:
    """A time as people say it: *just now*, *4 minutes ago*, *2 days ago*."""
    passed: list[tuple[int, Unit]] = [(int((now - at) // size), unit) for size, unit in _STEPS]
    said = next((words.ago(count, unit) for count, unit in passed if count >= 1), None)
    return When(
        words=said or words.say("platforms.just_now"),
        exact=words.exactly(at),
        iso=datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
    )
