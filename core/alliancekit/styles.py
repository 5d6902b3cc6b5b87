"""A base for style plugins: what makes one style different is data, its style book.

A style's package holds `style.json` (a `StyleBook`), where wanted `fit.json` (an instrument with the style's
own fit items, client form), and a class:

    class Directive(StylePlugin):
        folder = files("alliancekit_directive")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Formatter
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from typing_extensions import override

from alliancekit.errors import InstrumentError
from alliancekit.events import (
    Guidance,
    GuidanceWanted,
    PromptPlan,
    PromptRequest,
    PromptsWanted,
    Response,
    SignalKind,
    Style,
    TalkBalance,
)
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.loader import load_instrument
from alliancekit.instruments.model import Instrument, Texts

URGENCY: tuple[SignalKind, ...] = (
    "possible_strain",
    "reliable_change",
    "drop",
    "low_score",
    "low_item",
    "divergence",
    "missed_sessions",
    "repair",
    "straightlining",
    "flat_maximum",
)
"""Which signal the next step answers when there are several: the first of these; mere information last."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(_Part):
    """How to read one scale in a style: when it is `high`, and when it is `low`."""

    high: Texts
    low: Texts


class StyleBook(_Part):
    """Everything that makes a style: who it is, when it asks, how it reads, what it suggests.

    Attributes:
        name: the style's name, as sessions name it.
        title: what the therapist picks.
        description: one or two sentences.
        fit_every: ask the fit items every so many sessions; 0 never.
        low_below: percent below which a scale counts as low; 75 is the answer "mostly" of the check-in.
        reading: by scale (`bond`, `goal`, `task`, `fit`).
        next_step: what to do or say, by signal kind, by scale (the lowest one, when it is low), and `steady`
            for a session in which nothing stands out.
        talk: a remark on who spoke, with `{client}`, `{therapist}`, `{silence}` and `{overlap}` in percent.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Texts
    description: Texts
    fit_every: Annotated[int, Field(ge=0)] = 1
    low_below: Annotated[float, Field(gt=0, le=100)] = 75.0
    reading: dict[str, Reading]
    next_step: dict[str, Texts]
    talk: Texts = {}

    @field_validator("next_step")
    @classmethod
    def _has_steady(cls, value: dict[str, Texts]) -> dict[str, Texts]:
        if "steady" not in value:
            raise ValueError("a next step for 'steady' is required")
        return value

    @field_validator("talk")
    @classmethod
    def _known_places(cls, value: Texts) -> Texts:
        for text in value.values():
            unknown = {name for _, name, _, _ in Formatter().parse(text) if name is not None} - _SHARES
            if unknown:
                raise ValueError(f"unknown places {sorted(unknown)}; there are {sorted(_SHARES)}")
        return value


_SHARES = {"client", "therapist", "silence", "overlap"}


class StyleSettings(_Part):
    """What a site may change about a style.

    Attributes:
        fit_every: ask the fit items every so many sessions, 0 never; None as the style book says.
        pulse_after_minutes: ask the client one tap in the call after so many minutes; None (the default) only
            when somebody asks for it.
        therapist: whether the therapist is asked at the end of the call as well.
    """

    fit_every: Annotated[int, Field(ge=0)] | None = None
    pulse_after_minutes: Annotated[float, Field(gt=0, le=240)] | None = None
    therapist: bool = True


def load_style_book(folder: Path | Traversable) -> StyleBook:
    """Read `style.json` of a folder.

    Raises:
        InstrumentError: it cannot be read or is no style book; names the file, the place and the expectation.
    """
    file = folder / "style.json"
    try:
        return StyleBook.model_validate_json(file.read_bytes(), strict=True)
    except OSError as error:
        raise InstrumentError(f"{file} cannot be read ({type(error).__name__}).") from error
    except ValidationError as error:
        mistakes = [
            f"{file}: {'.'.join(map(str, e['loc'])) or 'the whole file'}: {e['msg']}."
            for e in error.errors(include_url=False)
        ]
        raise InstrumentError("\n".join(mistakes)) from error


class StylePlugin(AllianceHooks):
    """A style from its book. It answers for sessions of its own style only and is silent for all others.

    Attributes:
        folder: where `style.json` and `fit.json` are.
        book: the style's book, read at start.
    """

    folder: ClassVar[Path | Traversable]

    def __init__(self, settings: StyleSettings) -> None:
        self.settings = settings
        self.book = load_style_book(self.folder)
        fit = self.folder / "fit.json"
        self._fit: Instrument | None = load_instrument(fit) if fit.is_file() else None

    @property
    def fit_every(self) -> int:
        """Sessions from one fit question to the next; 0 never."""
        if self._fit is None:
            return 0
        return self.book.fit_every if self.settings.fit_every is None else self.settings.fit_every

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return () if self._fit is None else (self._fit,)

    @override
    @hookimpl
    def register_styles(self) -> Sequence[Style]:
        return (
            Style(
                name=self.book.name,
                title=say(self.book.title),
                description=say(self.book.description),
                fit_instrument="" if self._fit is None else self._fit.name,
                titles=self.book.title,
                descriptions=self.book.description,
            ),
        )

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        if event.style != self.book.name:
            return None
        if event.moment == "end_of_call":
            return self._end_of_call(event)
        if event.moment == "in_call":
            return self._in_call(event)
        return None

    def _end_of_call(self, event: PromptsWanted) -> PromptPlan:
        asked: tuple[str, ...] = (event.measure,)
        if self._fit is not None and self.fit_every and event.number % self.fit_every == 0:
            asked += (self._fit.name,)
        requests = [PromptRequest(role="client", moment="end_of_call", instruments=asked)]
        if self.settings.therapist:
            requests.append(
                PromptRequest(role="therapist", moment="end_of_call", instruments=(event.measure,))
            )
        return PromptPlan(requests=tuple(requests))

    def _in_call(self, event: PromptsWanted) -> PromptPlan:
        minutes = self.settings.pulse_after_minutes
        if event.manual:
            seconds = 0.0
        elif minutes is not None:
            seconds = minutes * 60
        else:
            return PromptPlan()
        pulse = PromptRequest(role="client", moment="in_call", instruments=("pulse",), after_seconds=seconds)
        return PromptPlan(requests=(pulse,))

    @override
    @hookimpl
    async def suggest_guidance(self, event: GuidanceWanted) -> Sequence[Guidance]:
        if event.style != self.book.name:
            return ()
        percents = client_percents(event.responses)
        found = [self._reading(scale, percent, event.language) for scale, percent in percents.items()]
        found += self._next_steps(event, percents)
        if event.talk_balance is not None and self.book.talk:
            found.append(self._talk(event.talk_balance, event.language))
        return [guidance for guidance in found if guidance.text]

    def _reading(self, scale: str, percent: float, language: str) -> Guidance:
        reading = self.book.reading.get(scale)
        text = ""
        if reading is not None:
            text = say(reading.low if percent < self.book.low_below else reading.high, language)
        return Guidance(style=self.book.name, kind="reading", about=scale, text=text)

    def _next_steps(self, event: GuidanceWanted, percents: Mapping[str, float]) -> list[Guidance]:
        """One step for the most urgent kind of signal and one for the lowest scale; else for steady work."""
        steps = self.book.next_step
        raised = {signal.kind for signal in event.signals}
        to_know = raised - {signal.kind for signal in event.signals if signal.level != "info"}
        by_weight = sorted(URGENCY, key=to_know.__contains__)
        urgent: list[str] = [kind for kind in by_weight if kind in raised and kind in steps]
        about = urgent[:1]
        readable = [scale for scale in percents if scale in steps]
        lowest = min(readable, key=lambda scale: percents[scale], default=None)
        if lowest is not None and percents[lowest] < self.book.low_below:
            about.append(lowest)
        if not about and not raised and percents:
            about.append("steady")
        return [
            Guidance(style=self.book.name, about=name, text=say(steps[name], event.language))
            for name in about
        ]

    def _talk(self, balance: TalkBalance, language: str) -> Guidance:
        """The remark; none where it is about silence or overlap and the platform tells only totals."""
        parts = {
            "client": balance.client.share,
            "therapist": balance.therapist.share,
            "silence": balance.silence,
            "overlap": balance.overlap,
        }
        shares = {name: f"{100 * part:.0f}" for name, part in parts.items() if part is not None}
        template = say(self.book.talk, language)
        known = {name for _, name, _, _ in Formatter().parse(template) if name} <= set(shares)
        text = template.format(**shares) if known else ""
        return Guidance(style=self.book.name, kind="talk_balance", about="talk_balance", text=text)


def say(texts: Texts, language: str = "en") -> str:
    """The wording in a language (`es-MX` finds `es`), else in English, else empty."""
    return texts.get(language) or texts.get(language.split("-", maxsplit=1)[0]) or texts.get("en", "")


def client_percents(responses: Sequence[Response]) -> dict[str, float]:
    """Percent by scale from the newest client response to each scale after the call or before it.

    One-tap answers from inside the call and the summed `total` are left out: they point to no part of the
    alliance.
    """
    newest: dict[str, float] = {}
    for response in sorted(responses, key=lambda response: response.at):
        if response.role != "client" or response.moment == "in_call":
            continue
        newest |= {
            score.scale: score.percent
            for score in response.scores
            if score.percent is not None and score.scale != "total" and not score.plugin
        }
    return newest
