"""The page *Video platforms*: what each connection can do, what came of its messages, what to do about it.

Nothing here is about a client: times, counts and reasons only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from alliancekit.adapters import Adapter, Capabilities, WebhookAdapter
from alliancekit.inbound.doing import Doing

CAN: Final[Sequence[tuple[str, str]]] = (
    ("presence", "It tells who joins and leaves, so that the end of a session is noticed."),
    ("identity", "It knows people by your practice’s own identifiers."),
    ("in_call_prompts", "It brings questions to one person during the call."),
    ("broadcast", "It can say something to everybody in the call, not to one person."),
    ("acknowledged", "It learns whether a question arrived."),
    ("bridge", "A small script in your practice’s page speaks for it."),
    ("talk_balance", "It tells who spoke how much, without the words."),
    ("snapshot", "It can be asked who is in the call, so that lost messages are made up for."),
    ("redirect", "It sends people to the questions when they leave."),
    ("end_call", "It can end the call."),
)
"""Capability → what it means, in plain words, in the order in which they are shown."""

LISTENS: Final = "It listens for who is speaking; the sound itself is dropped at once."

TRUST: Final[Mapping[str, tuple[str, str]]] = {
    "signed": ("Signed", "Every message proves by a signature that it is the platform’s own and unchanged."),
    "static_token": (
        "Fixed token",
        "Messages carry a fixed token. It proves who sends, but not that nothing was changed on the way.",
    ),
    "none": ("No proof", "Messages of the platform itself carry no proof of where they come from."),
}

REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "unsigned": (
        "Without a signature",
        "Switch signatures on at the platform. If they are on, somebody else is calling this address.",
    ),
    "bad_signature": (
        "The signature does not fit",
        "The secret at the platform and the one here differ. Enter the same on both sides.",
    ),
    "no_secret": (
        "No secret is set here",
        "Copy the secret from the platform into the settings of this connection.",
    ),
    "stale": (
        "Too old",
        "The platform sent it long after it happened, or the clock of this server is ahead. Check the clock.",
    ),
    "from_the_future": (
        "From the future",
        "The clock of this server is behind. Let it set itself from the network.",
    ),
    "repeated": ("Sent twice", "Nothing to do: platforms send again when an answer was slow."),
    "too_large": ("Too large", "No platform sends this much. Somebody else is calling this address."),
    "malformed": (
        "Could not be read",
        "The platform may have changed what it sends. Update AllianceKit, or report it.",
    ),
    "wrong_address": (
        "Signed for another address",
        "The public address set here must be, letter by letter, the one entered at the platform.",
    ),
    "weak": (
        "Your practice demands signatures",
        "This platform does not sign. Use one that does, or take the demand back.",
    ),
}
"""Reason → what happened, and what to do about it."""

HARMLESS: Final = frozenset({"repeated"})

UNKNOWN_ROOM: Final = (
    "About a call that no session waits for",
    "Your practice’s system has to name the platform and the room when it creates the session.",
)

STRANGER: Final = (
    "About somebody who is not in the session",
    "Your practice’s system has to give the platform the identifiers that it gave the session."
    " Recorders and guests are counted here too; those need nothing.",
)


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
    """One connection."""

    id: str
    title: str
    trust: str
    trust_words: str
    signed: bool
    can: tuple[str, ...]
    posts: bool
    last: When | None
    since: When | None
    taken: int
    reconciliations: int
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformsView:
    """The page; `alone` says whether messages that nobody can be told to own are shown."""

    platforms: tuple[PlatformView, ...]
    alone: bool


def view(
    adapters: Sequence[tuple[Adapter, Doing]], *, alone: bool, now: float, timezone: str = "UTC"
) -> PlatformsView:
    """The page from what the host knows.

    Args:
        adapters: each with what it did, as far as this tenant may know.
        alone: whether the tenant is the only one: else what was refused may be another's, and is left out.
        now: seconds since 1970 UTC.
        timezone: of the reader.
    """
    found = tuple(_shown(one, doing, alone, now, timezone) for one, doing in adapters)
    return PlatformsView(platforms=found, alone=alone)


def _shown(adapter: Adapter, doing: Doing, alone: bool, now: float, timezone: str) -> PlatformView:
    trust, words = TRUST[adapter.capabilities.trust]
    return PlatformView(
        id=adapter.name,
        title=adapter.title or adapter.name,
        trust=trust,
        trust_words=words,
        signed=adapter.capabilities.trust == "signed",
        can=_can(adapter.capabilities),
        posts=isinstance(adapter, WebhookAdapter),
        last=None if doing.last_at is None else when(doing.last_at, now, timezone),
        since=None if doing.since is None else when(doing.since, now, timezone),
        taken=doing.taken,
        reconciliations=doing.reconciliations,
        troubles=_troubles(doing, alone, now, timezone),
    )


def _can(able: Capabilities) -> tuple[str, ...]:
    found = [words for name, words in CAN if getattr(able, name)]
    return (*found, LISTENS) if able.media else tuple(found)


def _troubles(doing: Doing, alone: bool, now: float, timezone: str) -> tuple[Trouble, ...]:
    found = []
    for reason, times in doing.refused.items():
        # What is refused by a tenant's own demand is its own; of the rest nobody can tell whose it was.
        if alone or reason == "weak":
            what, todo = REFUSALS.get(reason, (reason.replace("_", " "), ""))
            last = doing.refused_at.get(reason)
            found.append(
                Trouble(
                    what=what,
                    times=times,
                    todo=todo,
                    harmless=reason in HARMLESS,
                    last=None if last is None else when(last, now, timezone),
                )
            )
    counted = [(UNKNOWN_ROOM, doing.unknown_rooms if alone else 0), (STRANGER, doing.strangers)]
    found += [
        Trouble(what=what, times=times, todo=todo, harmless=False) for (what, todo), times in counted if times
    ]
    return tuple(sorted(found, key=lambda one: one.harmless))


_STEPS: Final = ((60.0, "minute"), (3600.0, "hour"), (86400.0, "day"))


def when(at: float, now: float, timezone: str) -> When:
    """A time as people say it: *just now*, *4 minutes ago*, *2 days ago*."""
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    words = "just now"
    for size, unit in _STEPS:
        count = int((now - at) // size)
        if count >= 1:
            words = f"{count} {unit}{'' if count == 1 else 's'} ago"
    return When(
        words=words,
        exact=f"{local.day} {local:%B %Y, %H:%M:%S} ({timezone})",
        iso=datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
    )
