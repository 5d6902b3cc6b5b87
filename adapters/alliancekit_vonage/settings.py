"""The adapter's table in the configuration."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from alliancekit.signatures import LongSecret


def _address(schemes: tuple[str, ...], value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment):
        raise ValueError(f"an address that begins with {' or '.join(f'{one}://' for one in schemes)}")
    return value.rstrip("/")


def _http(value: str) -> str:
    return _address(("https", "http"), value)


class VonageSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: the signature secret of the callback, 32 bytes at least (RFC 7518, section 3.2); during
            a rotation the old and the new one.
        application_id: of the Vonage application whose video sessions these are; with `private_key`, prompts
            come into the call as signals.
        private_key: the application's private key (PEM).
        listen: whether Vonage's Audio Connector sends us each participant's microphone, to find out who
            spoke when.
        public_url: where Vonage reaches this service, without a path, such as `https://feedback.example.org`;
            needed to listen.
        api: Vonage's REST API.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secrets: tuple[LongSecret, ...] = ()
    application_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,64}$")] = ""
    private_key: SecretStr = SecretStr("")
    listen: bool = False
    public_url: Annotated[str, AfterValidator(_http)] = ""
    api: Annotated[str, AfterValidator(_http)] = "https://video.api.vonage.com"

    @property
    def calls(self) -> bool:
        """Whether Vonage's REST API can be called."""
        return bool(self.application_id)

    @property
    def socket_url(self) -> str:
        """The public address, for WebSockets."""
        scheme: Literal["wss", "ws"] = "wss" if self.public_url.startswith("https://") else "ws"
        return f"{scheme}://{self.public_url.partition('://')[2]}"

    @model_validator(mode="after")
    def _whole(self) -> VonageSettings:
        if bool(self.application_id) != bool(self.private_key.get_secret_value()):
            raise ValueError("application_id and private_key belong together: give both, or neither")
        if self.listen and not (self.calls and self.public_url):
            raise ValueError("listen needs application_id, private_key and public_url")
        return self
