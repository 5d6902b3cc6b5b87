"""The adapter's table in the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class ZoomSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the *Secret Token* of the Zoom app; during a rotation the old and the new one.
        client_id: of the Zoom app; with `client_secret`, its Realtime Media Streams are listened to, to find
            out who spoke when.
        client_secret: of the Zoom app.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[Annotated[SecretStr, Field(min_length=8)], ...] = ()
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    client_secret: SecretStr = SecretStr("")

    @property
    def listens(self) -> bool:
        """Whether Realtime Media Streams are listened to."""
        return bool(self.client_id)

    @model_validator(mode="after")
    def _whole(self) -> ZoomSettings:
        if bool(self.client_id) != bool(self.client_secret.get_secret_value()):
            raise ValueError("client_id and client_secret belong together: give both, or neither")
        return self
