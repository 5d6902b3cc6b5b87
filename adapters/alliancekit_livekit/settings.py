"""The adapter's table in the configuration."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator


def _server(url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname):
        raise ValueError("it must begin with https:// or wss:// and a host")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("it must have no user, query or fragment")
    return url.rstrip("/")


class LiveKitSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: API secrets that sign webhooks; the old and the new one while they are rotated.
        api_keys: the API keys that belong to them; where given, webhooks of other keys are refused.
        url: the server's address as the service reaches it; without it nothing is asked of the server and
            nothing sent through it. The first key and the first secret open it.
        snapshot_every: seconds between two looks into an open room.
        speakers: join each call, hidden, to hear who speaks when; needs `alliancekit[livekit-rtc]`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[SecretStr, ...] = ()
    api_keys: tuple[str, ...] = ()
    url: Annotated[str, AfterValidator(_server)] = ""
    snapshot_every: Annotated[float, Field(ge=5, le=300)] = 20.0
    speakers: bool = False

    @model_validator(mode="after")
    def _opens_the_server(self) -> Self:
        if self.url and not (self.secrets and self.api_keys):
            raise ValueError("url needs a key in api_keys and its secret in secrets, each the first")
        if self.speakers and not self.url:
            raise ValueError("speakers needs the server's url")
        return self
