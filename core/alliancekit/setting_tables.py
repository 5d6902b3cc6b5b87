"""The tables of the settings: `[call]`, `[prompts]`, `[webhooks]`, `[log]`, `[metrics]` and so on."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, IPvAnyNetwork, model_validator

from alliancekit.limits import Rate
from alliancekit.onward import Origin, origin
from alliancekit.secret_refs import SecretRef, Section
from alliancekit.sessions import CallPolicy

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CallSettings(Section):
    """When a call is over and who is asked; see `alliancekit.sessions.CallPolicy`. Seconds.

    Attributes:
        grace: how long somebody may be gone before the call is over.
        timeout: how long nothing may be heard of somebody who did not leave.
        unmet: how long one person waits alone until the call did not take place.
        minimum_together: people who were together for less are not asked how it was.
    """

    grace: Seconds = CallPolicy().grace
    timeout: Seconds = CallPolicy().timeout
    unmet: Seconds = CallPolicy().unmet
    minimum_together: Seconds = CallPolicy().minimum_together

    def policy(self) -> CallPolicy:
        """The same numbers for the session machine."""
        return CallPolicy(**self.model_dump())


def _origin(value: str) -> str:
    origin(value)
    return value


RedirectOrigin = Annotated[str, AfterValidator(_origin)]


class PromptSettings(Section):
    """How long a prompt stays open, when it is asked again, and how it reaches who left. Seconds.

    Attributes:
        expire_after: a prompt that was not made during a call is forgotten after this time.
        expire_in_call_after: one that was.
        again_after: how long *later* postpones a prompt.
        link_after: how long after the rating of a call was asked a link to it is sent, if nobody answered;
            without it, none is sent.
        link_channel: the channel of a plugin that sends the link.
        redirect_to: origins to which people may be sent on from their rating page (`?next=`):
            `https://clinic.example`, or `https://*.clinic.example` for its sub-domains.
    """

    expire_after: Seconds = 7 * 86400.0
    expire_in_call_after: Seconds = 600.0
    again_after: Seconds = 300.0
    link_after: Seconds | None = None
    link_channel: Annotated[str, Field(max_length=64)] = ""
    redirect_to: tuple[RedirectOrigin, ...] = ()

    @model_validator(mode="after")
    def _link(self) -> Self:
        if (self.link_after is None) != (not self.link_channel):
            raise ValueError("link_after and link_channel belong together: set both or neither")
        if self.link_after is not None and self.link_after >= self.expire_after:
            raise ValueError("link_after must be shorter than expire_after, or no link would ever be sent")
        return self

    def origins(self) -> tuple[Origin, ...]:
        """`redirect_to`, taken apart."""
        return tuple(origin(one) for one in self.redirect_to)


class WebhookSettings(Section):
    """Where vendors may want to be told.

    Attributes:
        allow_networks: networks that may be called although they are not public, such as `10.1.0.0/16`;
            there, http is taken as well.
    """

    allow_networks: tuple[IPvAnyNetwork, ...] = ()


class LogSettings(Section):
    """What the service writes to standard output; nothing of it ever holds an answer, a name or a token.

    Attributes:
        format: `text` for people, `json` for programs: one object a line.
        level: the least that is written.
        requests: whether each request has a line, with its route and never its path.
    """

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
    requests: bool = True


class MetricsSettings(Section):
    """`GET /metrics`, for Prometheus.

    Attributes:
        token: the bearer token that opens it, at least 32 bytes (`openssl rand -base64 48`); without one
            there is no such page.
    """

    token: SecretRef | None = None


def _rate(value: str) -> str:
    Rate.parse(value)
    return value


RateText = Annotated[str, AfterValidator(_rate)]


class LimitSettings(Section):
    """How often somebody may ask; who asks more often gets a 429 that says when to come back.

    A budget may be used at once and comes back evenly: `120/minute`, `5/15 minutes`, `off`. Each process has
    its own. Messages of video platforms are not limited: they are signed, and none may be lost.

    Attributes:
        tenant: requests with a tenant's keys.
        participant: requests with one participant's or one therapist's token.
        address: requests of one address (IPv6: of one /64) by which nobody could be recognised.
    """

    tenant: RateText = "6000/minute"
    participant: RateText = "300/minute"
    address: RateText = "1200/minute"

    def rates(self) -> dict[str, Rate | None]:
        """The rate of each kind of caller, by its name."""
        return {name: Rate.parse(text) for name, text in self.model_dump().items()}


class HealthSettings(Section):
    """When `/readyz` says no. Seconds.

    Attributes:
        late_after: queued work that is later than this makes the service not ready.
        leave_after: how long to go on serving after SIGTERM while `/readyz` says no already: as long as the
            load balancer in front needs to notice. Without one, 0.
    """

    late_after: Seconds = 60.0
    leave_after: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.0
