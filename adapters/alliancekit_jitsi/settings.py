"""The adapter's table in the configuration."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alliancekit_jitsi.signed import key_of

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class MessageSettings(BaseModel):
    """How a person in a call is sent a message; a message holds their own link.

    Attributes:
        url: of Jitsi's `/send-system-chat-message`, or of `/alliancekit/message` of `mod_alliancekit`, at
            Prosody's HTTP port or behind your proxy.
        key: signs the token that Jitsi's own module asks for: the shared secret (HS256) or a private key in
            PEM (RS256). Without it the message goes to `mod_alliancekit`, signed with the first of
            `signing_secrets`.
        algorithm: of the token.
        key_id: the token's `kid`: the name under which Prosody finds the public key.
        issuer: the token's `iss`, one of Prosody's accepted issuers.
        audience: the token's `aud`, likewise.
        subject: the token's `sub`.
        muc: the domain of the rooms, such as `conference.meet.example`; Jitsi's own module needs it.
        timeout: seconds after which a message counts as not sent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    key: SecretStr | None = None
    algorithm: Literal["HS256", "RS256"] = "HS256"
    key_id: str = ""
    issuer: str = "alliancekit"
    audience: str = "jitsi"
    subject: str = "*"
    muc: str = ""
    timeout: Annotated[float, Field(gt=0, le=10)] = 3.0

    @field_validator("url")
    @classmethod
    def _private(cls, url: str) -> str:
        """A message is a secret: it may go over plain HTTP only within this machine."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("the address must begin with https://, or be on this machine")
        return url

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.key is not None and not self.muc:
            raise ValueError("Jitsi's own module needs `muc`, the domain of the rooms")
        return self


class JitsiSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: tokens that Prosody's `api_headers` may carry as `Authorization`; old and new one while they
            are rotated. Leave them out where only `mod_alliancekit` posts: then every message is signed.
        signing_secrets: `whsec_…` of `mod_alliancekit`; likewise.
        tap_tokens: tokens with which the bridge's WebSocket proves itself; none, no tap.
        most_streams: streams of audio that one bridge connection may bring.
        messages: how a person in a call is sent a message; None: they are not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets: tuple[SecretStr, ...] = ()
    signing_secrets: tuple[SecretStr, ...] = ()
    tap_tokens: tuple[SecretStr, ...] = ()
    most_streams: Annotated[int, Field(ge=1, le=1000)] = 50
    messages: MessageSettings | None = None

    @field_validator("signing_secrets")
    @classmethod
    def _keys(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            key_of(secret.get_secret_value())
        return secrets

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.messages is not None and self.messages.key is None and not self.signing_secrets:
            raise ValueError("messages need a `key`, or `signing_secrets` for mod_alliancekit")
        return self
