"""What signed tokens say, by kind; `alliancekit.server.tokens` has their table, issues and checks them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields
from typing import ClassVar, Final, get_args

from typing_extensions import override

from alliancekit.events import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The base of all kinds; every field is a string of at least one character, or `OPTIONAL`.

    Raises:
        ValueError: a field is empty or not a string.
    """

    typ: ClassVar[str]
    audience: ClassVar[str]
    subject: ClassVar[str]
    lifetime: ClassVar[float]
    longest: ClassVar[float]

    tenant: str

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, str) or not (value or "optional" in each.metadata):
                raise ValueError(f"{type(self).__name__}.{each.name} must be a string that is not empty.")


OPTIONAL: Final = {"optional": True}
"""Metadata of a field that may be empty; an empty one is not in the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _InSession(Claims):
    subject = "participant"

    session: str
    participant: str
    role: Role

    @override
    def __post_init__(self) -> None:
        Claims.__post_init__(self)
        if self.role not in get_args(Role):
            raise ValueError(f"role must be one of {', '.join(get_args(Role))}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantClaims(_InSession):
    """A participant in one session: reads the own prompts, answers them, joins the live channel."""

    typ = "ak-participant+jwt"
    audience = "alliancekit:participant"
    lifetime = 4 * 3600.0
    longest = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkClaims(_InSession):
    """The bearer of a rating link sent by e-mail or text message: may answer this session's prompts."""

    typ = "ak-link+jwt"
    audience = "alliancekit:link"
    lifetime = 7 * 86400.0
    longest = 30 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader(Claims):
    """Somebody who signs in for a working day.

    `account` and `password_at` are set for who signed in with a password: `Accounts.holds` says whether the
    session still holds.
    """

    account: str = field(default="", metadata=OPTIONAL)
    password_at: str = field(default="", metadata=OPTIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TherapistClaims(_Reader):
    """A therapist who looks at the own episodes; `therapist` is the vendor's identifier of that person."""

    typ = "ak-therapist+jwt"
    audience = "alliancekit:therapist"
    subject = "therapist"
    lifetime = 8 * 3600.0
    longest = 12 * 3600.0

    therapist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorClaims(_Reader):
    """A supervisor who looks at consenting cases; `supervisor` is the vendor's identifier of that person."""

    typ = "ak-supervisor+jwt"
    audience = "alliancekit:supervisor"
    subject = "supervisor"
    lifetime = 8 * 3600.0
    longest = 12 * 3600.0

    supervisor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClaims(Claims):
    """A client with what is their own of one course: `episode` is ours, `client` the vendor's identifier."""

    typ = "ak-client+jwt"
    audience = "alliancekit:client"
    subject = "client"
    lifetime = 3600.0
    longest = 3600.0

    episode: str
    client: str


PageClaims = TherapistClaims | SupervisorClaims | ClientClaims
"""What the cookies of the pages hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Once(Claims):
    """Opens a page once. The caller refuses a `jti` it has seen within `longest` seconds."""

    lifetime = 60.0
    longest = 300.0

    jti: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchClaims(_Once):
    """Opens a therapist's page once."""

    typ = "ak-launch+jwt"
    audience = "alliancekit:launch"
    subject = "therapist"

    therapist: str

    def opens(self) -> TherapistClaims:
        """What the page's cookie will hold."""
        return TherapistClaims(tenant=self.tenant, therapist=self.therapist)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorLaunchClaims(_Once):
    """Opens a supervisor's page once."""

    typ = "ak-supervisor-launch+jwt"
    audience = "alliancekit:supervisor-launch"
    subject = "supervisor"

    supervisor: str

    def opens(self) -> SupervisorClaims:
        """What the page's cookie will hold."""
        return SupervisorClaims(tenant=self.tenant, supervisor=self.supervisor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLaunchClaims(_Once):
    """Opens a client's page once."""

    typ = "ak-client-launch+jwt"
    audience = "alliancekit:client-launch"
    subject = "client"

    episode: str
    client: str

    def opens(self) -> ClientClaims:
        """What the page's cookie will hold."""
        return ClientClaims(tenant=self.tenant, episode=self.episode, client=self.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordClaims(Claims):
    """Lets somebody choose the password of an account; over once the account's `password_at` is another."""

    typ = "ak-password+jwt"
    audience = "alliancekit:password"
    subject = "account"
    lifetime = 86400.0
    longest = 86400.0

    account: str
    password_at: str


Launch = LaunchClaims | SupervisorLaunchClaims | ClientLaunchClaims
"""What launch links hold."""
