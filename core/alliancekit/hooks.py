"""What the host may ask its plugins: one typed method for each event hook.

Call sites never see pluggy. Each plugin receives the event with only the sensitive fields it declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from alliancekit import events, panels
from alliancekit.adapters import AdapterHost, PromptHint
from alliancekit.dispatch import Dispatcher, Outcome, Wanted
from alliancekit.watchdog import Incident

T = TypeVar("T")

START, DELIVER, WITHDRAW = "adapter.start", "adapter.deliver", "adapter.withdraw"
"""Under which names the dispatcher knows the methods of adapters."""

_SCORES = Wanted(events.Score, many=True)
_SIGNALS = Wanted(events.Signal, many=True)
_GUIDANCE = Wanted(events.Guidance, many=True)
_PANELS = Wanted(panels.Panel, many=True)
_REACHED = Wanted(bool)
_STYLE = Wanted(str)
_PLAN = Wanted(events.PromptPlan)
_TALK = Wanted(events.TalkBalance)


class Hooks:
    """Ask the plugins; no method ever raises because of one.

    *notify* and *collect* return one outcome for each plugin that implements the hook, in configured order,
    also for those that failed or were skipped. *first* returns the outcome of the plugin that answered, or
    None when nobody did.
    """

    def __init__(self, dispatcher: Dispatcher, *, modules: Mapping[str, str] | None = None) -> None:
        self._dispatcher = dispatcher
        self._modules = dict(modules or {})

    # watched (see alliancekit.watchdog) ----------------------------------------------------------------

    @property
    def modules(self) -> Mapping[str, str]:
        """Root module → plugin, for every module that belongs to one plugin only."""
        return self._modules

    def blocked(self, incident: Incident) -> None:
        """Record that a plugin holds the event loop; safe to call from another thread."""
        self._dispatcher.blocked(incident.plugin, incident.task)

    def forget(self, plugin: str) -> None:
        """Never ask a plugin again: it was turned off."""
        self._dispatcher.forget(plugin)

    async def close(self) -> None:
        """End the plugin tasks that were abandoned."""
        await self._dispatcher.close()

    # the methods of adapters ---------------------------------------------------------------------------

    async def start_adapters(self, host: AdapterHost) -> list[Outcome[None]]:
        """Let every connection to a platform begin."""
        return await self._dispatcher.notify(START, host)

    async def deliver(self, hint: PromptHint) -> list[Outcome[bool]]:
        """Bring a prompt into the call, over every connection that can; which of them reached somebody.

        The hook of an outcome is `<adapter>.deliver`; None is the value of one that reaches nobody in calls.
        """
        return await self._dispatcher.collect(DELIVER, hint, _REACHED)

    async def withdraw(self, prompt: str) -> list[Outcome[None]]:
        """Take a prompt off every screen."""
        return await self._dispatcher.notify(WITHDRAW, prompt)

    # notify --------------------------------------------------------------------------------------------

    async def session_started(self, event: events.SessionStarted) -> list[Outcome[None]]:
        """The first person joined the call."""
        return await self._dispatcher.notify("session_started", event)

    async def participant_joined(self, event: events.ParticipantJoined) -> list[Outcome[None]]:
        """Somebody joined or came back."""
        return await self._dispatcher.notify("participant_joined", event)

    async def participant_left(self, event: events.ParticipantLeft) -> list[Outcome[None]]:
        """Somebody left or was lost."""
        return await self._dispatcher.notify("participant_left", event)

    async def session_ended(self, event: events.SessionEnded) -> list[Outcome[None]]:
        """The session is over."""
        return await self._dispatcher.notify("session_ended", event)

    async def feedback_requested(self, event: events.FeedbackRequested) -> list[Outcome[None]]:
        """A participant is being asked."""
        return await self._dispatcher.notify("feedback_requested", event)

    async def feedback_captured(self, event: events.FeedbackCaptured) -> list[Outcome[None]]:
        """A response is stored; call this after the commit."""
        return await self._dispatcher.notify("feedback_captured", event)

    async def alliance_scored(self, event: events.AllianceScored) -> list[Outcome[None]]:
        """All scores of a response are stored."""
        return await self._dispatcher.notify("alliance_scored", event)

    async def signal_raised(self, event: events.SignalRaised) -> list[Outcome[None]]:
        """A rule's finding is stored."""
        return await self._dispatcher.notify("signal_raised", event)

    async def episode_erased(self, event: events.EpisodeErased) -> list[Outcome[None]]:
        """An episode was erased; call this after the commit."""
        return await self._dispatcher.notify("episode_erased", event)

    # collect -------------------------------------------------------------------------------------------

    async def score_alliance(self, event: events.FeedbackCaptured) -> list[Outcome[Sequence[events.Score]]]:
        """Each plugin's own scores of a response."""
        return await self._dispatcher.collect("score_alliance", event, _SCORES)

    async def detect_signals(self, event: events.SeriesUpdated) -> list[Outcome[Sequence[events.Signal]]]:
        """What each plugin finds in an episode's series."""
        return await self._dispatcher.collect("detect_signals", event, _SIGNALS)

    async def suggest_guidance(
        self, event: events.GuidanceWanted
    ) -> list[Outcome[Sequence[events.Guidance]]]:
        """What each plugin has to say to the therapist."""
        return await self._dispatcher.collect("suggest_guidance", event, _GUIDANCE)

    async def render_panels(self, event: events.PanelsWanted) -> list[Outcome[Sequence[panels.Panel]]]:
        """What each plugin shows on the therapist's page of a client."""
        return await self._dispatcher.collect("render_panels", event, _PANELS)

    # first ---------------------------------------------------------------------------------------------

    async def choose_style(self, event: events.StyleWanted) -> Outcome[str] | None:
        """The style of a session, from the first plugin that has an opinion."""
        return _answer(await self._dispatcher.first("choose_style", event, _STYLE))

    async def plan_prompts(self, event: events.PromptsWanted) -> Outcome[events.PromptPlan] | None:
        """What is asked at a moment, from the first plugin that has a plan."""
        return _answer(await self._dispatcher.first("plan_prompts", event, _PLAN))

    async def describe_talk(self, event: events.TalkHeard) -> Outcome[events.TalkBalance] | None:
        """Who spoke how much, from the first plugin that can tell."""
        return _answer(await self._dispatcher.first("describe_talk", event, _TALK))


def _answer(outcomes: list[Outcome[T]]) -> Outcome[T] | None:
    return next((outcome for outcome in outcomes if outcome.value is not None), None)
