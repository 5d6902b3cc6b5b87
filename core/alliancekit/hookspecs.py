"""Everything a plugin may do, in one place.

A plugin is a class that inherits `AllianceHooks` and decorates the hooks it implements with `@hookimpl`.
Four kinds of hook:

register
    plain functions without arguments, called once at start; no I/O. When one fails, the plugin is disabled.
notify
    all plugins at once; what they return is ignored, failures are recorded.
collect
    all plugins at once; each value is kept with the plugin's name, a missing value is said to be missing.
first
    in configured order until one returns something other than None.

Event hooks are `async def` with exactly one argument, a frozen event from `alliancekit.events`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast

import pluggy
from alliancekit import events
from alliancekit.instruments.model import Instrument

if TYPE_CHECKING:
    from alliancekit.adapters import Adapter, Route

HOOK_API = 1
"""Raised only when a hook or an event field is removed."""

PROJECT = "alliancekit"

F = TypeVar("F", bound=Callable[..., Any])

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a method of a plugin class as the implementation of the hook of the same name."""

_pluggy_spec = pluggy.HookspecMarker(PROJECT)

Kind = Literal["register", "notify", "collect", "first"]


@dataclass(frozen=True, slots=True)
class HookInfo:
    """What the host knows of a hook beside its signature.

    `limit` is the time one plugin gets for one call, in seconds (0 for register hooks: they must not wait);
    `since` the version that brought it; `when` one sentence.
    """

    name: str
    kind: Kind
    limit: float
    since: str
    when: str


HOOKS: dict[str, HookInfo] = {}
"""Every hook by name, in the order of this file."""


def _hook(kind: Kind, *, when: str, limit: float = 2.0, since: str = "0.1") -> Callable[[F], F]:
    def mark(function: F) -> F:
        name = function.__name__
        HOOKS[name] = HookInfo(name, kind, 0.0 if kind == "register" else limit, since, when)
        return cast("F", _pluggy_spec(function))

    return mark


class AllianceHooks:
    """The base of every plugin: inherit, set the class attributes, override hooks with `@hookimpl`.

    Settings: give `__init__` one parameter annotated with a pydantic model; the host validates the plugin's
    table from the configuration with it at start and passes the instance. Without such a parameter the plugin
    has no settings.

    Attributes:
        hook_api: the `HOOK_API` the plugin was written for.
        needs: event fields the plugin wants filled; all other sensitive fields stay empty. This keeps data
            small, it is not a sandbox: a plugin is code that you run.
    """

    hook_api: ClassVar[int] = HOOK_API
    needs: ClassVar[frozenset[events.DataNeed]] = frozenset()

    # register -----------------------------------------------------------------------------------------------

    @_hook("register", when="once at start")
    def register_instruments(self) -> Sequence[Instrument]:
        """Contribute instruments.

        Returns: instruments; two with the same name and form are refused.
        """
        return ()

    @_hook("register", when="once at start")
    def register_styles(self) -> Sequence[events.Style]:
        """Contribute styles, by name.

        Returns: styles; a name that is taken is refused.
        """
        return ()

    @_hook("register", when="once at start")
    def register_adapters(self) -> Sequence[Adapter]:
        """Contribute connections to video platforms.

        Returns: adapters, not yet started.
        """
        return ()

    @_hook("register", when="once at start, when the HTTP service is built")
    def register_routes(self) -> Sequence[Route]:
        """Contribute HTTP routes, mounted under `/v1/plugins/<plugin>/`.

        Returns: routes; the host checks the token each one asks for.
        """
        return ()

    # notify -------------------------------------------------------------------------------------------------

    @_hook("notify", when="the first person joined the call")
    async def session_started(self, event: events.SessionStarted) -> None:
        """A session began."""

    @_hook("notify", when="somebody joined or came back")
    async def participant_joined(self, event: events.ParticipantJoined) -> None:
        """A participant is in the call."""

    @_hook("notify", when="somebody left or was lost")
    async def participant_left(self, event: events.ParticipantLeft) -> None:
        """A participant is no longer in the call."""

    @_hook("notify", when="the end of the session is known or inferred")
    async def session_ended(self, event: events.SessionEnded) -> None:
        """A session is over; asked once, however often the platform repeats itself."""

    @_hook("notify", when="a prompt was stored and is on its way")
    async def feedback_requested(self, event: events.FeedbackRequested) -> None:
        """A participant is being asked."""

    @_hook("notify", when="a response was stored with its scores")
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        """An answer is safe in the database."""

    @_hook("notify", when="all scores of a response are stored")
    async def alliance_scored(self, event: events.AllianceScored) -> None:
        """A response is scored."""

    @_hook("notify", when="a rule's finding was stored for the first time")
    async def signal_raised(self, event: events.SignalRaised) -> None:
        """A rule found something."""

    # collect ------------------------------------------------------------------------------------------------

    @_hook("collect", when="after `feedback_captured`, for every response")
    async def score_alliance(self, event: events.FeedbackCaptured) -> Sequence[events.Score]:
        """Add scores beside the instrument's own.

        Returns: scores; they are stored under the plugin's name.
        """
        return ()

    @_hook("collect", when="after a response was scored or a session ended")
    async def detect_signals(self, event: events.SeriesUpdated) -> Sequence[events.Signal]:
        """Look for something worth saying in an episode's series.

        Returns: signals about the newest session; they replace what this plugin found for it before.
        """
        return ()

    @_hook("collect", when="after `detect_signals`")
    async def suggest_guidance(self, event: events.GuidanceWanted) -> Sequence[events.Guidance]:
        """Say how to read the session in a style, and what to do or say next.

        Returns: guidance; it replaces what this plugin said of the session before.
        """
        return ()

    # first --------------------------------------------------------------------------------------------------

    @_hook("first", when="a session is created")
    async def choose_style(self, event: events.StyleWanted) -> str | None:
        """Choose the style of a session.

        Returns: a registered style's name, or None to leave it to the next plugin.
        """
        return None

    @_hook("first", when="a moment for feedback begins")
    async def plan_prompts(self, event: events.PromptsWanted) -> events.PromptPlan | None:
        """Say what is asked at a moment, and of whom.

        Returns: a plan (an empty one asks nothing), or None to leave it to the next plugin.
        """
        return None

    @_hook("first", when="a session ended in which speech was observed")
    async def describe_talk(self, event: events.TalkHeard) -> events.TalkBalance | None:
        """Describe who spoke how much.

        Returns: the talk balance, or None where there is too little to describe.
        """
        return None
