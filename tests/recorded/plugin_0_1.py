"""A plugin as it was written for version 0.1, with every hook of that version. Recorded: never edit it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from alliancekit.adapters import Adapter, AdapterHost, Route, RouteReply, RouteRequest
from alliancekit.events import (
    AllianceScored,
    FeedbackCaptured,
    FeedbackRequested,
    Guidance,
    GuidanceWanted,
    ParticipantJoined,
    ParticipantLeft,
    PromptPlan,
    PromptRequest,
    PromptsWanted,
    Score,
    SeriesUpdated,
    SessionEnded,
    SessionStarted,
    Signal,
    SignalRaised,
    Style,
    StyleWanted,
    TalkBalance,
    TalkHeard,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.model import CutOff, Instrument, Item, Option, Scale
from alliancekit.scoring.talk import talk_balance


class Settings(BaseModel):
    """The plugin's table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: float = Field(default=10, gt=0)


class SilentPlatform(Adapter):
    """A platform that reports nothing."""

    name = "recorded"

    @override
    async def start(self, host: AdapterHost) -> None:
        self.host = host

    @override
    async def stop(self) -> None:
        pass


class Recorded(AllianceHooks):
    """Implements every hook of 0.1."""

    hook_api = 1
    needs = frozenset({"answers", "speech", "series"})

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.heard: list[str] = []

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        yes_no = (Option(value=0, label={"en": "No"}), Option(value=1, label={"en": "Yes"}))
        return [
            Instrument(
                name="recorded",
                version="1",
                title={"en": "Recorded"},
                items=(Item(id="heard", text={"en": "I felt heard."}, options=yes_no),),
                scales=(Scale(name="total", items=("heard",), method="sum", higher_is="better"),),
                cut_offs=(CutOff(scale="total", value=1, when="<", meaning="Ask.", source="made up"),),
                source="written for this test",
                licence="CC0-1.0",
            )
        ]

    @override
    @hookimpl
    def register_styles(self) -> Sequence[Style]:
        return [Style(name="recorded", title="Recorded", description="A style.", fit_instrument="")]

    @override
    @hookimpl
    def register_adapters(self) -> Sequence[Adapter]:
        return [SilentPlatform()]

    @override
    @hookimpl
    def register_routes(self) -> Sequence[Route]:
        return [Route(method="GET", path="hello", handler=self._hello, auth="none")]

    async def _hello(self, request: RouteRequest) -> RouteReply:
        return RouteReply(body=b"{}")

    @override
    @hookimpl
    async def session_started(self, event: SessionStarted) -> None:
        self.heard.append(f"started {event.style} {event.number} {len(event.participants)}")

    @override
    @hookimpl
    async def participant_joined(self, event: ParticipantJoined) -> None:
        self.heard.append(f"joined {event.participant.role}")

    @override
    @hookimpl
    async def participant_left(self, event: ParticipantLeft) -> None:
        self.heard.append(f"{event.how} {event.participant.role}")

    @override
    @hookimpl
    async def session_ended(self, event: SessionEnded) -> None:
        self.heard.append(f"ended {event.reason} {event.confidence} {event.seconds:.0f}")

    @override
    @hookimpl
    async def feedback_requested(self, event: FeedbackRequested) -> None:
        self.heard.append(f"asked {event.moment} {' '.join(event.instruments)}")

    @override
    @hookimpl
    async def feedback_captured(self, event: FeedbackCaptured) -> None:
        self.heard.append(f"captured {event.response.instrument} {sorted(event.response.answers)}")

    @override
    @hookimpl
    async def alliance_scored(self, event: AllianceScored) -> None:
        self.heard.append(f"scored {[score.scale for score in event.response.scores]}")

    @override
    @hookimpl
    async def signal_raised(self, event: SignalRaised) -> None:
        self.heard.append(f"raised {event.signal.kind}")

    @override
    @hookimpl
    async def score_alliance(self, event: FeedbackCaptured) -> Sequence[Score]:
        low = float(min(event.response.answers.values()))
        return [
            Score(
                scale="lowest",
                value=low,
                minimum=0,
                maximum=4,
                percent=25 * low,
                answered=2,
                items=2,
                prorated=False,
            )
        ]

    @override
    @hookimpl
    async def detect_signals(self, event: SeriesUpdated) -> Sequence[Signal]:
        missed = [point.number for point in event.series if not point.attended]
        return [
            Signal(
                kind="low_score",
                rule="recorded",
                level="info",
                sentence="Recorded.",
                sessions_needed=1,
                instrument="check-in",
                scale="bond",
                role="client",
                inputs={"missed": float(len(missed)), "points": self.settings.points},
                source="made up",
            )
        ]

    @override
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
        return [
            Guidance(style=event.style, text="Ask.", kind="next_step", about=s.kind) for s in event.signals
        ]

    @override
    @hookimpl
    async def choose_style(self, event: StyleWanted) -> str | None:
        return event.proposed or "recorded"

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        asked = PromptRequest(
            role="client", moment=event.moment, instruments=(event.measure, "recorded"), after_seconds=0.0
        )
        return PromptPlan(requests=(asked,))

    @override
    @hookimpl
    async def describe_talk(self, event: TalkHeard) -> TalkBalance | None:
        return talk_balance(event.speech, event.segments)
