"""What a site sets for messages of its own system."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

PREFIX = "whsec_"

SHORTEST, LONGEST = 24, 64
"""Bytes of a secret, by the Standard Webhooks specification."""


def key_of(secret: SecretStr) -> bytes:
    """The bytes of a secret `whsec_…`.

    Raises:
        ValueError: it is no base64, too short or too long.
    """
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError("a secret is whsec_ and base64, as `openssl rand -base64 32` prints") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret has {SHORTEST} to {LONGEST} bytes; make one: openssl rand -base64 32")
    return key


def _checked(secret: SecretStr) -> SecretStr:
    key_of(secret)
    return secret


class PushSettings(BaseModel):
    """The adapter's table in the configuration.

    Attributes:
        secrets: what the host signs with (`whsec_…`); several while one is replaced by another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets: tuple[Annotated[SecretStr, AfterValidator(_checked)], ...] = ()
