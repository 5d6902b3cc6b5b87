"""Secrets by reference: reading and masking them, and the signing key of a service on one machine."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from alliancekit.errors import ConfigError

MASK = "********"

KEY_FILE = "signing-key"

MINIMUM_KEY_BYTES = 32
"""RFC 7518 section 3.2: an HS256 key is at least as long as the hash."""


class Section(BaseModel):
    """The base of a table in the settings: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretRef(Section):
    """Where a secret is kept: exactly one of `env` (a variable's name) and `file` (a path)."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.env) == (self.file is not None):
            raise ValueError('give a secret as { env = "NAME" } or as { file = "PATH" }')
        return self

    def read(self) -> SecretStr:
        """The secret, without the white space around it.

        Raises:
            ConfigError: the variable is not set, the file cannot be read, or it is empty.
        """
        try:
            text = self.file.read_text(encoding="utf-8") if self.file else os.environ[self.env or ""]
        except KeyError:
            raise ConfigError(
                f"The secret in the environment variable {self.env} is not there.",
                fix=f"Set {self.env}, or change the setting that refers to it.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The secret in the file {self.file} cannot be read ({type(error).__name__}).",
                fix="Check that the file exists, is text, and that the service may read it.",
            ) from None
        if not text.strip():
            raise ConfigError(f"The secret in {self.env or self.file} is empty.", fix="Put the secret there.")
        return SecretStr(text.strip())


class SigningKey(SecretRef):
    """A key that signs tokens, at least 32 bytes (`openssl rand -base64 48`); `kid` names it."""

    kid: Annotated[str, Field(min_length=1, max_length=64)]


def resolved(value: Any) -> Any:
    """The same settings with every reference replaced by its secret, as a `pydantic.SecretStr`.

    Raises:
        ConfigError: a secret cannot be read.
    """
    if _is_reference(value):
        return SecretRef(**value).read()
    if isinstance(value, Mapping):
        return {name: resolved(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(each) for each in value]
    return value


def referred_variables(value: Any) -> Iterator[str]:
    """The environment variables that references name, anywhere in the settings."""
    if isinstance(value, Mapping):
        if isinstance(value.get("env"), str):
            yield value["env"]
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from referred_variables(each)


def masked(value: Any, name: str = "") -> Any:
    """The same settings with secrets given by value hidden: known by their name, or a URL's password."""
    if isinstance(value, Mapping):
        if _is_reference(value):
            return dict(value)
        return {key: masked(each, f"{name}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked(each, name) for each in value]
    if value and _SECRET_NAME.search(name):
        return MASK
    return _PASSWORD_IN_URL.sub(rf"\1{MASK}\2", value) if isinstance(value, str) else value


def local_key(data_dir: Path) -> bytes:
    """The signing key of a service on one machine, generated into `data_dir` (mode 0600) at its first use.

    Two processes that start at once get the same key.

    Raises:
        ConfigError: the file cannot be written or read, or others than its owner may read it.
    """
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _write_new(path)
        if path.stat().st_mode & 0o077:
            raise ConfigError(
                f"Others may read the signing key {path} and could forge tokens.",
                fix=f"chmod 600 {path}; delete it instead if others had access: a new one is made.",
            )
    except OSError as error:
        raise ConfigError(
            f"The signing key {path} cannot be made ({type(error).__name__}).",
            fix="Set data_dir to a directory that the service may write.",
        ) from None
    return SecretRef(file=path).read().get_secret_value().encode()


def _write_new(path: Path) -> None:
    """Write a key so that it appears whole or not at all, and never replaces another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and set(value) <= {"env", "file"}


_SECRET_NAME = re.compile(r"secret|password|passwd|token|credential|(api|access|private)_?key", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(://[^/@\s:]*:)[^/\s]*(@)")
