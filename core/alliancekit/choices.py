"""What therapists and clients choose, as it is stored, and what it means for who is asked when.

What nobody chose is as the practice has it: the tenant's setting, the configured style, the style's own plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from alliancekit.events import Moment, PromptRequest

Switch = Literal["on", "off"]

Asked = Literal["all", "not_in_calls", "never"]
"""When a client wants to be asked: whenever it is planned, only outside of calls, not at all."""

ClientSees = Literal["nothing", "total", "scales"]
"""What a client sees of their own course: nothing, the total of each session, or every scale."""


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such timezone") from None


Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
LanguageTag = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]


LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "pulse_after": (1, 180),
    "pulses_most": (1, 6),
    "pulse_between": (5, 120),
}
"""The least and the largest number of each setting that is one."""


def _within(name: str) -> Any:
    least, most = LIMITS[name]
    return Field(ge=least, le=most)


class TherapistSettings(BaseModel):
    """What a therapist chose for all of their sessions; null: as the practice has it.

    Attributes:
        ratings: whether client and therapist are asked at the end of calls.
        style: how the therapist works, for sessions that are created from now on.
        measure: what is asked at the end of calls, for sessions that are created from now on.
        ask_therapist: whether the therapist is asked as well, or only the client.
        pulses: whether the client is asked one tap during calls; null: when the style plans it.
        pulse_after: minutes after the call's beginning of the first one.
        pulses_most: how many a session at most, whoever plans them.
        pulse_between: minutes that lie between two at least, whoever plans them.
        link: whether a link is sent to who did not answer, where the service is configured to send links.
        client_sees: what clients see of their own course.
        language: of the therapist's pages.
        timezone: of the times on the therapist's pages, an IANA name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    ratings: Switch | None = None
    style: Name | None = None
    measure: Name | None = None
    ask_therapist: Switch = "on"
    pulses: Switch | None = None
    pulse_after: Annotated[int, _within("pulse_after")] = 20
    pulses_most: Annotated[int, _within("pulses_most")] = 2
    pulse_between: Annotated[int, _within("pulse_between")] = 10
    link: Switch = "on"
    client_sees: ClientSees = "nothing"
    language: LanguageTag | None = None
    timezone: Zone | None = None


def understood(stored: Mapping[str, Any]) -> TherapistSettings:
    """What of stored settings this release understands; the rest is as if it had never been chosen."""
    try:
        return TherapistSettings.model_validate(stored)
    except ValidationError as error:
        strange = {one["loc"][0] for one in error.errors()}
        return TherapistSettings.model_validate({k: v for k, v in stored.items() if k not in strange})


LIVE: Final[tuple[Moment, ...]] = ("in_call", "end_of_call")
"""The moments that the service plans by itself."""


def adjusted(
    requests: Sequence[PromptRequest], moment: Moment, settings: TherapistSettings, *, ratings: Switch
) -> tuple[PromptRequest, ...]:
    """What is left of a style's plan after the therapist's choices; asking by hand is no plan.

    Args:
        requests: what the style plans; with pulses on, what it would ask if asked by hand.
        moment: of all of these.
        settings: the therapist's.
        ratings: whether anything is asked at the end of calls: the therapist's choice, else the tenant's.
    """
    if moment not in LIVE:
        return tuple(requests)
    if (ratings if moment == "end_of_call" else settings.pulses) == "off":
        return ()
    kept = [one for one in requests if one.role != "therapist" or settings.ask_therapist == "on"]
    if moment == "end_of_call" or settings.pulses is None:
        return tuple(kept)
    minutes = [settings.pulse_after + n * settings.pulse_between for n in range(settings.pulses_most)]
    return tuple(replace(one, after_seconds=minute * 60.0) for minute in minutes for one in kept)


def within_limits(earlier: Sequence[float], now: float, settings: TherapistSettings) -> bool:
    """Whether one more may be asked in this call.

    Args:
        earlier: when this person was asked in this call so far, in seconds since 1970 UTC.
        now: the same clock.
        settings: the therapist's.
    """
    latest = max(earlier, default=None)
    soon = latest is not None and now - latest < settings.pulse_between * 60
    return len(earlier) < settings.pulses_most and not soon
