"""The bodies of the HTTP API, as pydantic models; OpenAPI is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    model_validator,
)

from alliancekit.choices import Switch, TherapistSettings
from alliancekit.events import Moment, Role, TalkBalance, Visibility
from alliancekit.feedback import Layout
from alliancekit.server.series import AskedOut
from alliancekit.store.prompts import DeliveryStatus, PromptStatus

ID = r"^[A-Za-z0-9_-]+$"
"""What the service's own identifiers look like."""

ExternalId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""The vendor's own pseudonymous identifier, without control characters; never a name or an e-mail address."""


class Body(BaseModel):
    """Base of the request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ParticipantIn(Body):
    """Somebody who will be in the session."""

    role: Role
    external_id: ExternalId
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


class SessionIn(Body):
    """A session to create; the same `external_id` again gives the same session.

    A `style` or `measure` that you name wins over what the therapist chose in their settings.
    `room` is what the call's room is called on the platform of `adapter`: the name you gave it there, or the
    platform's id of this one meeting. By it, what the platform posts finds the session.
    """

    external_id: ExternalId
    episode: ExternalId
    style: Annotated[str, Field(max_length=64)] | None = None
    measure: Annotated[str, Field(max_length=64)] | None = None
    participants: Annotated[tuple[ParticipantIn, ...], Field(min_length=1, max_length=20)]
    adapter: Annotated[str, Field(max_length=64)] | None = None
    room: ExternalId | None = None

    @model_validator(mode="after")
    def _room_of_a_platform(self) -> Self:
        if self.room is not None and not self.adapter:
            raise ValueError("a room needs the adapter of its platform")
        return self


class ParticipantOut(BaseModel):
    """A participant with the short-lived token for the page and a signed link to answer later.

    With `?next=` and an address of an origin in `prompts.redirect_to`, the link is the exit address for your
    platform: whoever leaves is asked, and goes on to that address whenever they like.
    """

    id: str
    role: Role
    token: str
    rating_url: str


class SessionCreated(BaseModel):
    """The created (or already existing) session."""

    id: str
    episode: str
    style: str
    measure: str
    participants: list[ParticipantOut]


class SegmentOut(BaseModel):
    """One unbroken presence; seconds since 1970 UTC."""

    participant: str
    role: Role
    joined_at: float
    left_at: float
    how: str


class SessionOut(BaseModel):
    """A session's state."""

    id: str
    external_id: str
    episode: str
    number: int
    style: str
    measure: str
    status: str
    started_at: float | None
    ended_at: float | None
    end_reason: str | None
    end_confidence: float | None
    seconds: float
    segments: list[SegmentOut]
    talk_balance: TalkBalance | None
    prompts: list[AskedOut]


class PromptIn(Body):
    """Ask now, at this moment; without `role` everybody whom the style's plan asks."""

    moment: Moment
    role: Role | None = None


class PromptsOut(BaseModel):
    """The prompts that were made."""

    prompts: list[str]


class ResponseIn(Body):
    """Answers to a prompt: instrument → item → value. Left-out items count as not answered."""

    prompt: Annotated[str, Field(max_length=64, pattern=ID)]
    visibility: Visibility = "therapist_now"
    answers: Annotated[
        dict[
            Annotated[str, Field(max_length=64)],
            Annotated[dict[Annotated[str, Field(max_length=64)], StrictInt], Field(max_length=200)],
        ],
        Field(min_length=1, max_length=10),
    ]


class ResponseStored(BaseModel):
    """The answers are stored, once."""

    status: Literal["stored"] = "stored"
    prompt: str
    responses: list[str]


class DismissIn(Body):
    """Why a prompt was put away: ask again later, not this one, or not during calls."""

    reason: Literal["later", "skip", "not_in_calls"]


class SeenIn(Body):
    """Where the page shows the prompt: the adapter that brought it, or `live`, `page` or `redirect`."""

    channel: Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9_-]*$")]


class DeliveryOut(BaseModel):
    """One attempt to bring a prompt to its person.

    `planned`: it will be sent at that time; `sent`: handed over; `seen`: the person's page confirmed it;
    `failed`; `unreachable`: nobody was there to hand it to; `cancelled`: it was planned and is not needed any
    more; `unknown`: the service stopped while it was being handed over.
    """

    channel: str
    status: DeliveryStatus
    at: float


class PromptOut(BaseModel):
    """A prompt and how it was brought to its person, oldest first; never what was answered."""

    id: str
    session: str
    participant: str
    role: Role
    moment: Moment
    status: PromptStatus
    created_at: float
    expires_at: float | None
    deliveries: list[DeliveryOut]


class CurrentPrompt(BaseModel):
    """What to ask now, in the participant's language; `prompt` is null when there is nothing."""

    prompt: dict[str, Any] | None
    language: str
    direction: Literal["ltr", "rtl"]


class LaunchIn(Body):
    """A therapist, by your identifier, who is to open the therapist's pages."""

    role: Literal["therapist"] = "therapist"
    therapist: ExternalId


class ClientLaunchIn(Body):
    """A client, by your identifier, who is to open their own pages of an episode that they are in."""

    role: Literal["client"]
    episode: Annotated[str, Field(max_length=64, pattern=ID)]
    client: ExternalId


class SupervisorLaunchIn(Body):
    """A supervisor, by your identifier, who is to open the supervisor's pages."""

    role: Literal["supervisor"]
    supervisor: ExternalId


def _role(body: object) -> object:
    return body.get("role", "therapist") if isinstance(body, dict) else getattr(body, "role", None)


AnyLaunchIn = Annotated[
    Annotated[LaunchIn, Tag("therapist")]
    | Annotated[ClientLaunchIn, Tag("client")]
    | Annotated[SupervisorLaunchIn, Tag("supervisor")],
    Discriminator(_role),
]
"""Who is to open their pages; without `role` a therapist."""


class SendIn(Body):
    """Which channel brings the link of a prompt."""

    channel: Annotated[str, Field(max_length=64)]


class Sent(BaseModel):
    """The channel took the message."""

    status: Literal["sent"] = "sent"


class LaunchOut(BaseModel):
    """A link that works once, for a few minutes."""

    url: str


class AdapterOut(BaseModel):
    """A connection to a video platform; times are seconds since 1970 UTC, and counts are from `since` on.

    `taken`, `last_at`, `strangers` and `reconciliations` are your own, the others those of the whole service,
    for nobody can tell whose such a message was. `unknown_rooms`: genuine messages about a room that no
    session waits for; `strangers`: mentions of people who are not in the session; `reconciliations`: how
    often a list of who is in a room corrected what was known; `looks`, `failed_looks`: how often such a list
    was got, and not got; `trouble`: what keeps the connection from working, and what to do.
    """

    name: str
    title: str
    capabilities: dict[str, Any]
    events_url: str | None
    taken: int = 0
    last_at: float | None = None
    since: float | None = None
    refused: dict[str, int] = {}
    refused_at: dict[str, float] = {}
    unknown_rooms: int = 0
    strangers: int = 0
    reconciliations: int = 0
    looks: int = 0
    failed_looks: int = 0
    trouble: str = ""


class AdaptersOut(BaseModel):
    """All connections, in configured order."""

    adapters: list[AdapterOut]


class TenantIn(Body):
    """What to change; what is left out stays as it is.

    `require_signed`: take only what platforms prove by a signature over the whole message. `layout`: show all
    questions of a prompt on one `card`, or one at a time in `steps`. `ratings`: whether people are asked at
    the end of calls where their therapist never chose.
    """

    require_signed: StrictBool = False
    layout: Layout = "card"
    ratings: Switch = "on"

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one setting to change")
        return self


class TenantOut(BaseModel):
    """Your own settings; `refused_adapters` are those of which nothing is taken for you because of them."""

    id: str
    name: str
    require_signed: bool
    layout: Layout
    ratings: Switch
    refused_adapters: list[str]


class StyleOut(BaseModel):
    """A style that can be chosen."""

    name: str
    title: str
    description: str


class MeasureOut(BaseModel):
    """A measure; `cannot_be_asked` says why it cannot be chosen, and is empty where it can."""

    name: str
    title: str
    cannot_be_asked: str


class ChoicesOut(BaseModel):
    """What a therapist can choose from; `link`: whether the service sends links to who did not answer."""

    styles: list[StyleOut]
    measures: list[MeasureOut]
    languages: list[str]
    link: bool


class PracticeOut(BaseModel):
    """What null means: how it is for a therapist who never chose (a plugin may choose another style)."""

    ratings: Switch
    style: str
    measure: str


class TherapistIn(TherapistSettings, Body):
    """What to change; what is left out stays, null takes a choice back."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TherapistOut(TherapistSettings):
    """What a therapist chose, what they can choose from, and what holds where they did not choose."""

    practice: PracticeOut
    choices: ChoicesOut


class EpisodeErased(BaseModel):
    """How much an erasure deleted, for the vendor's records."""

    sessions: int
    responses: int
    plugin_rows: int
