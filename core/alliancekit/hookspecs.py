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
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import pluggy

from alliancekit import events
from alliancekit.errors import PluginError
from alliancekit.instruments.model import Instrument
from alliancekit.panels import Panel

if TYPE_CHECKING:
    from alliancekit.adapters import Adapter, Route
    from alliancekit.channels import Channel
    from alliancekit.exports import Exporter
    from alliancekit.languages import Language
    from alliancekit.pages import Page

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
        return _pluggy_spec(function)

    return mark


class AllianceHooks:
    """The base of every plugin: inherit, set the class attributes, override hooks with `@hookimpl`.

    Settings: give `__init__` one parameter annotated with a pydantic model; the host validates the plugin's
    table from the configuration with it at start and passes the instance. Without such a parameter the plugin
    has no settings. Secrets are fields of type `pydantic.SecretStr`; the configuration holds references.

    Data: give `__init__` a parameter annotated with `alliancekit.data.PluginData` to keep rows of its own.

    Attributes:
        hook_api: the `HOOK_API` the plugin was written for.
        needs: event fields the plugin wants filled; all other sensitive fields stay empty. This keeps data
            small, it is not a sandbox: a plugin is code that you run.
        data_version: the form of the rows that the plugin keeps; raise it with `migrate_data`.
    """

    hook_api: ClassVar[int] = HOOK_API
    needs: ClassVar[frozenset[events.DataNeed]] = frozenset()
    data_version: ClassVar[int] = 1

    def migrate_data(self, key: str, value: Any, from_version: int) -> Any:
        """Bring a row of the plugin's own data to the form of `data_version`.

        Called at start for each row of an earlier version. All new values are stored in one transaction; when
        one call raises, nothing is changed and the plugin does not run.

        Returns: the new value.
        """
        raise PluginError(
            f"its data is of version {from_version}, and it has no migrate_data to bring it up to date.",
            fix="Install a version of the plugin that has.",
        )

    # register ------------------------------------------------------------------------------------------

    @_hook("register", when="once at start")
    def register_instruments(self) -> Sequence[Instrument]:
        """Contribute instruments.

        The instruments are offered to sessions and prompts from the start.

        Returns: instruments; two with the same name and form are refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.hookspecs import AllianceHooks, hookimpl
            from alliancekit.instruments.model import Instrument, Item, Option, Scale


            class OneQuestion(AllianceHooks):
                @hookimpl
                def register_instruments(self) -> Sequence[Instrument]:
                    heard = Item(
                        id="heard",
                        text={"en": "I felt heard today."},
                        options=(Option(value=0, label={"en": "No"}), Option(value=1, label={"en": "Yes"})),
                    )
                    return [
                        Instrument(
                            name="one-question",
                            title={"en": "One question"},
                            items=(heard,),
                            scales=(Scale(name="heard", items=("heard",)),),
                            source="written for this example",
                            licence="CC0-1.0",
                        )
                    ]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_styles(self) -> Sequence[events.Style]:
        """Contribute styles, by name.

        The therapist can pick the style; its hooks see its name in `event.style`.

        Returns: styles; a name that is taken is refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import Style
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Narrative(AllianceHooks):
                @hookimpl
                def register_styles(self) -> Sequence[Style]:
                    return [Style(name="narrative", title="Narrative", description="Retelling the story.")]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_rules(self) -> Sequence[events.RuleInfo]:
        """Describe the rules that `detect_signals` follows.

        The therapist's page lists them under "Why am I seeing this?", also those that did not agree or have
        too few sessions; `alliancekit signals` says which ones were silent for want of sessions.

        Returns: rules; a name that is taken is refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import RuleInfo
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Halved(AllianceHooks):
                @hookimpl
                def register_rules(self) -> Sequence[RuleInfo]:
                    return [
                        RuleInfo(
                            name="halved",
                            kind="possible_strain",
                            meaning="The rating is less than half of the one before.",
                            sessions_needed=2,
                            source="written for this example",
                            votes=True,
                        )
                    ]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_adapters(self) -> Sequence[Adapter]:
        """Contribute connections to video platforms.

        The service starts and stops them with itself.

        Returns: adapters, not yet started.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.adapters import Adapter, AdapterHost
            from alliancekit.hookspecs import AllianceHooks, hookimpl
            from typing_extensions import override


            class SilentPlatform(Adapter):
                name = "silent"

                @override
                async def start(self, host: AdapterHost) -> None:
                    self.host = host

                @override
                async def stop(self) -> None:
                    pass


            class Silent(AllianceHooks):
                @hookimpl
                def register_adapters(self) -> Sequence[Adapter]:
                    return [SilentPlatform()]
            ```
        """
        return ()

    @_hook("register", when="once at start, when the HTTP service is built")
    def register_routes(self) -> Sequence[Route]:
        """Contribute HTTP routes, mounted under `/v1/plugins/<plugin>/`.

        The service answers them under the plugin's own prefix.

        Returns: routes; the host checks the token each one asks for.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.adapters import Route, RouteReply, RouteRequest
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Greeter(AllianceHooks):
                async def hello(self, request: RouteRequest) -> RouteReply:
                    return RouteReply(body=b'{"hello": "world"}')

                @hookimpl
                def register_routes(self) -> Sequence[Route]:
                    return [Route(method="GET", path="hello", handler=self.hello, auth="none")]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_exporters(self) -> Sequence[Exporter]:
        """Contribute formats that an episode can be exported in.

        They are offered at `GET /v1/episodes/{id}/export?format=…` and by `alliancekit export`.

        Returns: exporters; a name that is taken is refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.exports import ExportedEpisode, Exporter
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            def lengths(episode: ExportedEpisode) -> bytes:
                return " ".join(f"{one.number}:{one.seconds:.0f}" for one in episode.sessions).encode()


            class Lengths(AllianceHooks):
                @hookimpl
                def register_exporters(self) -> Sequence[Exporter]:
                    return [Exporter(name="lengths", media_type="text/plain", write=lengths)]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_channels(self) -> Sequence[Channel]:
        """Contribute ways to people who have no page open, such as SMS or e-mail.

        The vendor sends an open prompt with `POST /v1/prompts/{id}/send`; each attempt is recorded.

        Returns: channels; a name that is taken is refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.channels import Channel, Message
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Letters(AllianceHooks):
                def __init__(self) -> None:
                    self.posted: list[tuple[str, str]] = []

                async def post(self, message: Message) -> None:
                    self.posted.append((message.to, message.link))

                @hookimpl
                def register_channels(self) -> Sequence[Channel]:
                    return [Channel(name="letters", send=self.post)]
            ```
        """
        return ()

    @_hook("register", when="once at start")
    def register_pages(self) -> Sequence[Page]:
        """Contribute pages among the therapist's, at `/therapist/plugins/<plugin>/<path>`.

        The host asks for the therapist's session, and draws what the page consists of.

        Returns: pages; two with the same path are refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.hookspecs import AllianceHooks, hookimpl
            from alliancekit.pages import Page, PageWanted
            from alliancekit.panels import Panel, PanelText


            class Help(AllianceHooks):
                async def help(self, wanted: PageWanted) -> Sequence[Panel]:
                    return [Panel("Who to call", (PanelText("The practice's office knows."),))]

                @hookimpl
                def register_pages(self) -> Sequence[Page]:
                    return [Page(path="help", title="Help", panels=self.help, navigation=True)]
            ```
        """
        return ()

    @_hook("register", when="once at start, after the plugins that bring instruments")
    def register_languages(self) -> Sequence[Language]:
        """Contribute languages: the texts of the element, of the rating page and of included instruments.

        Participants with that language see them. A language lacking a text, or with one too many or other
        placeholders than English, is refused. Wording that belongs to somebody else comes in a text pack.

        Returns: languages; one that AllianceKit or another plugin speaks is refused.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.hookspecs import AllianceHooks, hookimpl
            from alliancekit.languages import Language, own_languages


            class Shouted(AllianceHooks):
                @hookimpl
                def register_languages(self) -> Sequence[Language]:
                    english = next(one for one in own_languages() if one.tag == "en")
                    element = {key: f"{text}!" for key, text in english.element.items()}
                    rating = {key: f"{text}!" for key, text in english.rating.items()}
                    return [Language(tag="en-XA", element=element, rating=rating)]
            ```
        """
        return ()

    # notify --------------------------------------------------------------------------------------------

    @_hook("notify", when="the first person joined the call")
    async def session_started(self, event: events.SessionStarted) -> None:
        """A session began.

        Good for preparing what the plugin needs during the call.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import SessionStarted
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Greeting(AllianceHooks):
                def __init__(self) -> None:
                    self.running: set[str] = set()

                @hookimpl
                async def session_started(self, event: SessionStarted) -> None:
                    self.running.add(event.session)
            ```
        """

    @_hook("notify", when="somebody joined or came back")
    async def participant_joined(self, event: events.ParticipantJoined) -> None:
        """A participant is in the call.

        Comes again for somebody who returns after a lost connection.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import ParticipantJoined
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Arrivals(AllianceHooks):
                def __init__(self) -> None:
                    self.roles: list[str] = []

                @hookimpl
                async def participant_joined(self, event: ParticipantJoined) -> None:
                    self.roles.append(event.participant.role)
            ```
        """

    @_hook("notify", when="somebody left or was lost")
    async def participant_left(self, event: events.ParticipantLeft) -> None:
        """A participant is no longer in the call.

        `event.how` tells leaving from a lost connection; the session may go on.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import ParticipantLeft
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class LostConnections(AllianceHooks):
                def __init__(self) -> None:
                    self.dropped = 0

                @hookimpl
                async def participant_left(self, event: ParticipantLeft) -> None:
                    if event.how == "dropped":
                        self.dropped += 1
            ```
        """

    @_hook("notify", when="the end of the session is known or inferred")
    async def session_ended(self, event: events.SessionEnded) -> None:
        """A session is over; asked once, however often the platform repeats itself.

        `event.confidence` says how sure the end is: platforms often do not tell.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import SessionEnded
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Attendance(AllianceHooks):
                def __init__(self) -> None:
                    self.minutes: dict[str, float] = {}

                @hookimpl
                async def session_ended(self, event: SessionEnded) -> None:
                    self.minutes[event.session] = event.seconds / 60
            ```
        """

    @_hook("notify", when="a prompt was stored and is on its way")
    async def feedback_requested(self, event: events.FeedbackRequested) -> None:
        """A participant is being asked.

        The prompt may still be postponed or dismissed.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import FeedbackRequested
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Asked(AllianceHooks):
                def __init__(self) -> None:
                    self.prompts: set[str] = set()

                @hookimpl
                async def feedback_requested(self, event: FeedbackRequested) -> None:
                    self.prompts.add(event.prompt)
            ```
        """

    @_hook("notify", when="a response was stored with its scores")
    async def feedback_captured(self, event: events.FeedbackCaptured) -> None:
        """An answer is safe in the database.

        Nothing a plugin does here can lose it. `event.response.answers` is empty without the need `answers`;
        of a response that its client hides, scores and answers are empty without the need `hidden`.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import FeedbackCaptured
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Answered(AllianceHooks):
                def __init__(self) -> None:
                    self.by_moment: dict[str, int] = {}

                @hookimpl
                async def feedback_captured(self, event: FeedbackCaptured) -> None:
                    moment = event.response.moment
                    self.by_moment[moment] = self.by_moment.get(moment, 0) + 1
            ```
        """

    @_hook("notify", when="all scores of a response are stored")
    async def alliance_scored(self, event: events.AllianceScored) -> None:
        """A response is scored.

        `event.response.scores` holds the instrument's own scores and those that plugins added.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import AllianceScored
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Exporter(AllianceHooks):
                def __init__(self) -> None:
                    self.rows: list[tuple[str, str, float | None]] = []

                @hookimpl
                async def alliance_scored(self, event: AllianceScored) -> None:
                    for score in event.response.scores:
                        self.rows.append((event.session, score.scale, score.percent))
            ```
        """

    @_hook("notify", when="a rule's finding was stored for the first time")
    async def signal_raised(self, event: events.SignalRaised) -> None:
        """A rule found something.

        The sentence is already on the therapist's page.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from alliancekit.events import SignalRaised
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Tally(AllianceHooks):
                def __init__(self) -> None:
                    self.kinds: list[str] = []

                @hookimpl
                async def signal_raised(self, event: SignalRaised) -> None:
                    self.kinds.append(event.signal.kind)
            ```
        """

    @_hook("notify", when="an episode was erased from the database, again until every plugin took it")
    async def episode_erased(self, event: events.EpisodeErased) -> None:
        """Delete what the plugin keeps of an episode elsewhere.

        Rows of its `PluginData` are gone already. A plugin that fails here is told again later, so the same
        episode may come twice.

        Returns: nothing; a value would be ignored.

        Example:
            ```python
            from pathlib import Path

            from alliancekit.events import EpisodeErased
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Recordings(AllianceHooks):
                def __init__(self) -> None:
                    self.folder = Path("recordings")

                @hookimpl
                async def episode_erased(self, event: EpisodeErased) -> None:
                    (self.folder / f"{event.episode}.txt").unlink(missing_ok=True)
            ```
        """

    # collect -------------------------------------------------------------------------------------------

    @_hook("collect", when="after `feedback_captured`, for every response")
    async def score_alliance(self, event: events.FeedbackCaptured) -> Sequence[events.Score]:
        """Add scores beside the instrument's own.

        They are as visible as the response. To score hidden responses as well, declare the need `hidden`.

        Returns: scores; they are stored under the plugin's name.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import FeedbackCaptured, Score
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class Lowest(AllianceHooks):
                needs = frozenset({"answers"})

                @hookimpl
                async def score_alliance(self, event: FeedbackCaptured) -> Sequence[Score]:
                    answers = event.response.answers
                    if not answers:
                        return []
                    low = float(min(answers.values()))
                    return [
                        Score(
                            scale="lowest",
                            value=low,
                            minimum=0,
                            maximum=4,
                            percent=low / 4 * 100,
                            answered=len(answers),
                            items=len(answers),
                        )
                    ]
            ```
        """
        return ()

    @_hook("collect", when="after a response was scored or a session ended")
    async def detect_signals(self, event: events.SeriesUpdated) -> Sequence[events.Signal]:
        """Look for something worth saying in an episode's series.

        Returns: signals about the newest session; they replace what this plugin found for it before.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import SeriesUpdated, Signal
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class MissedSession(AllianceHooks):
                needs = frozenset({"series"})

                @hookimpl
                async def detect_signals(self, event: SeriesUpdated) -> Sequence[Signal]:
                    missed = [point for point in event.series if not point.attended]
                    if not missed:
                        return []
                    return [
                        Signal(
                            kind="possible_strain",
                            rule="a session was missed",
                            level="info",
                            sentence=f"{len(missed)} of {len(event.series)} sessions were missed.",
                            sessions_needed=1,
                            inputs={"missed": len(missed)},
                        )
                    ]
            ```
        """
        return ()

    @_hook("collect", when="after `detect_signals`")
    async def suggest_guidance(self, event: events.GuidanceWanted) -> Sequence[events.Guidance]:
        """Say how to read the session in a style, and what to do or say next.

        Returns: guidance; it replaces what this plugin said of the session before.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import Guidance, GuidanceWanted
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class AskAboutIt(AllianceHooks):
                @hookimpl
                async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
                    return [
                        Guidance(style=event.style, text="Ask how today felt.", about=signal.kind)
                        for signal in event.signals
                    ]
            ```
        """
        return ()

    @_hook("collect", when="the therapist opens a client's page", limit=0.5)
    async def render_panels(self, event: events.PanelsWanted) -> Sequence[Panel]:
        """Show a box of your own on the therapist's page of a client.

        The page waits for it, so keep it quick; what takes long belongs into rows of `PluginData`.

        Returns: up to three panels; the host draws them.

        Example:
            ```python
            from collections.abc import Sequence

            from alliancekit.events import PanelsWanted
            from alliancekit.hookspecs import AllianceHooks, hookimpl
            from alliancekit.panels import Panel, PanelText


            class Attendance(AllianceHooks):
                needs = frozenset({"series"})

                @hookimpl
                async def render_panels(self, event: PanelsWanted) -> Sequence[Panel]:
                    came = sum(point.attended for point in event.series)
                    told = PanelText(f"{came} of {len(event.series)} sessions took place.")
                    return [Panel("Attendance", (told,))]
            ```
        """
        return ()

    # first ---------------------------------------------------------------------------------------------

    @_hook("first", when="a session is created")
    async def choose_style(self, event: events.StyleWanted) -> str | None:
        """Choose the style of a session.

        Returns: a registered style's name, or None to leave it to the next plugin.

        Example:
            ```python
            from alliancekit.events import StyleWanted
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class SupportiveStart(AllianceHooks):
                @hookimpl
                async def choose_style(self, event: StyleWanted) -> str | None:
                    return "supportive" if event.number == 1 and not event.proposed else None
            ```
        """
        return None

    @_hook("first", when="a moment for feedback begins")
    async def plan_prompts(self, event: events.PromptsWanted) -> events.PromptPlan | None:
        """Say what is asked at a moment, and of whom.

        Returns: a plan (an empty one asks nothing), or None to leave it to the next plugin.

        Example:
            ```python
            from alliancekit.events import PromptPlan, PromptRequest, PromptsWanted
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class AtTheEnd(AllianceHooks):
                @hookimpl
                async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
                    if event.moment != "end_of_call":
                        return None
                    ask = PromptRequest(role="client", moment="end_of_call", instruments=(event.measure,))
                    return PromptPlan(requests=(ask,))
            ```
        """
        return None

    @_hook("first", when="a session ended in which speech was observed")
    async def describe_talk(self, event: events.TalkHeard) -> events.TalkBalance | None:
        """Describe who spoke how much.

        Returns: the talk balance, or None where there is too little to describe.

        Example:
            ```python
            from alliancekit.events import TalkBalance, TalkHeard, TalkShare
            from alliancekit.hookspecs import AllianceHooks, hookimpl


            class SpeakingTime(AllianceHooks):
                needs = frozenset({"speech"})

                @hookimpl
                async def describe_talk(self, event: TalkHeard) -> TalkBalance | None:
                    spoken = {"client": 0.0, "therapist": 0.0, "observer": 0.0}
                    for span in event.speech:
                        spoken[span.role] += span.end - span.start
                    both = spoken["client"] + spoken["therapist"]
                    if both == 0:
                        return None
                    return TalkBalance(
                        client=TalkShare(seconds=spoken["client"], share=spoken["client"] / both, turns=1),
                        therapist=TalkShare(
                            seconds=spoken["therapist"], share=spoken["therapist"] / both, turns=1
                        ),
                        overlap=0.0,
                        silence=0.0,
                        observed_seconds=both,
                    )
            ```
        """
        return None
