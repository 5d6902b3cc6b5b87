"""Settings: one TOML file, the environment above it, safe defaults for everything.

A value is taken from the first that has it: arguments of `load` (the command line), environment variables
`ALLIANCEKIT_*` (nested with two underscores: `ALLIANCEKIT_CALL__GRACE=30`), the TOML file named by
`ALLIANCEKIT_CONFIG`, or else `./alliancekit.toml` where it exists.

Secrets are given by reference, `{ env = "NAME" }` or `{ file = "/run/secrets/name" }`, and are read only when
they are used. `ALLIANCEKIT_DATABASE_URL_FILE`, `ALLIANCEKIT_SIGNING_KEY_FILE` and `ALLIANCEKIT_SIGNING_KEY`
are short forms. Unknown settings are refused. An example of the file:

    public_url = "https://feedback.example"
    database_url = { env = "DATABASE_URL" }
    signing_keys = [{ kid = "2026-11", file = "/run/secrets/signing-key" }]

    [call]
    grace = 30

    [plugins]
    disabled = ["webrtc"]

    [plugins.settings.strain]
    own_drops = true
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, IPvAnyNetwork, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from typing_extensions import override

from alliancekit.errors import ConfigError
from alliancekit.onward import Origin, origin
from alliancekit.secret_refs import (
    MINIMUM_KEY_BYTES,
    SecretRef,
    Section,
    SigningKey,
    local_key,
    masked,
    referred_variables,
)
from alliancekit.sessions import CallPolicy

PREFIX = "ALLIANCEKIT_"
FILE_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_FILE = "alliancekit.toml"

NO_KEY = (
    "There is no signing key, and a generated one would be known to this machine only. "
    f"Set {PREFIX}SIGNING_KEY_FILE to a file made by: openssl rand -base64 48"
)

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


class CallSettings(Section):
    """When a call is over and who is asked; see `alliancekit.sessions.CallPolicy`. Seconds."""

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


class Settings(BaseSettings):
    """Every setting. Build it with `load`, which turns mistakes into one readable error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="forbid", frozen=True
    )

    data_dir: Path = Field(Path(".alliancekit"), description="where the service keeps its files")
    database_url: SecretRef | str = Field("", description="empty: SQLite in data_dir")
    host: str = Field("127.0.0.1", description="the address to listen on; the default is this machine only")
    port: int = Field(8420, ge=0, le=65535, description="the port to listen on; 0 takes a free one")
    public_url: Url = Field("", description="how browsers reach the service; empty: http://host:port")
    issuer: str = Field("", description="who signs the tokens; empty: public_url")
    allowed_origins: tuple[Url, ...] = Field(
        (), description="origins of vendors' pages that may call the API from a browser, and hold the frame"
    )
    signing_keys: tuple[SigningKey, ...] = Field(
        (), description="the first signs, all verify; empty: one is generated into data_dir"
    )
    measures_dir: Path | None = Field(
        None, description="the site's text packs and own instruments; empty: `measures` in data_dir"
    )
    default_measure: str = Field("check-in", description="the instrument asked when a session names none")
    default_style: str = Field("facilitative", description="the style of a session that names none")
    call: CallSettings = CallSettings()
    prompts: PromptSettings = PromptSettings()
    webhooks: WebhookSettings = WebhookSettings()
    plugins: dict[str, Any] = Field(default_factory=dict, description="a table for each plugin")

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, its short forms for secrets, the TOML file; in this order."""
        return (
            init_settings,
            env_settings,
            _ShortForms(settings_cls),
            InitSettingsSource(settings_cls, _toml()),
        )

    def base_url(self) -> str:
        """How browsers reach the service, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    def measures_folder(self) -> Path:
        """Where the site's text packs and instruments of its own are."""
        return self.measures_dir or self.data_dir / "measures"

    def token_issuer(self) -> str:
        """Who signs the tokens."""
        return self.issuer or self.base_url()

    def database(self) -> SecretStr:
        """The database's URL, which may hold a password.

        Raises:
            ConfigError: it is a reference that cannot be read.
        """
        if isinstance(self.database_url, SecretRef):
            return self.database_url.read()
        return SecretStr(self.database_url or f"sqlite:///{self.data_dir / 'alliancekit.db'}")

    def on_one_machine(self) -> bool:
        """Whether the database is a local file, so that a generated signing key is enough."""
        return self.database_url == "" or self.database().get_secret_value().startswith("sqlite")

    def keys(self) -> dict[str, bytes]:
        """The signing keys by `kid`, the one that signs first; generated into `data_dir` if none is set.

        Raises:
            ConfigError: a key cannot be read, or there is none and several machines may share the database.
        """
        if self.signing_keys:
            return {key.kid: key.read().get_secret_value().encode() for key in self.signing_keys}
        if not self.on_one_machine():
            raise ConfigError(NO_KEY)
        return {"local": local_key(self.data_dir)}


class _ShortForms(PydanticBaseSettingsSource):
    """The variables that name a secret directly."""

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if path := os.environ.get(f"{PREFIX}DATABASE_URL_FILE"):
            found["database_url"] = {"file": path}
        if path := os.environ.get(f"{PREFIX}SIGNING_KEY_FILE"):
            found["signing_keys"] = [{"kid": "file", "file": path}]
        elif os.environ.get(f"{PREFIX}SIGNING_KEY"):
            found["signing_keys"] = [{"kid": "env", "env": f"{PREFIX}SIGNING_KEY"}]
        return found


SHORT_FORMS = {"DATABASE_URL_FILE", "SIGNING_KEY_FILE", "SIGNING_KEY"}
NOT_OURS = {"KEY"}
"""Variables that commands read which ask a running service; the service itself does not."""


def config_file() -> Path | None:
    """The TOML file in use: the one `ALLIANCEKIT_CONFIG` names, else `./alliancekit.toml` if it exists."""
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None


def _toml() -> dict[str, Any]:
    path = config_file()
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration file {path} cannot be read ({type(error).__name__}).",
            fix=f"Create it, or correct {FILE_VARIABLE}.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The configuration file {path} is not valid TOML: {error}.") from None


def load(**overrides: Any) -> Settings:
    """The settings in effect; `overrides` come from the command line and win.

    Raises:
        ConfigError: the file cannot be read, a setting is unknown or has a value that does not fit. Lists
            every mistake at once; values are not repeated, for one of them may be a secret.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise _readable([(each["loc"], each["type"], each["msg"]) for each in error.errors()]) from None
    except SettingsError as error:
        raise ConfigError(f"{error}.", fix="Nested values in the environment are JSON.") from None
    unknown = [((name,), "extra_forbidden", "") for name in _unknown_variables(settings)]
    if unknown:
        raise _readable(unknown)
    return settings


def _unknown_variables(settings: Settings) -> Iterator[str]:
    """Variables with our prefix that no setting reads; pydantic-settings would ignore them."""
    referred = set(referred_variables(settings.model_dump()))
    for variable in sorted(os.environ):
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE or variable in referred:
            continue
        name = variable.removeprefix(PREFIX)
        if name not in SHORT_FORMS | NOT_OURS and name.split("__")[0].lower() not in Settings.model_fields:
            yield variable


def _readable(mistakes: Sequence[tuple[tuple[int | str, ...], str, str]]) -> ConfigError:
    lines = []
    for where, kind, message in mistakes:
        path = tuple(part for part in where if not (part == "str" or "SecretRef" in str(part)))
        text = _suggestion(path) if kind == "extra_forbidden" else message.removeprefix("Value error, ")
        lines.append(f"{'.'.join(map(str, path))}: {text}")
    return ConfigError(
        f"The settings cannot be used: {'; '.join(dict.fromkeys(lines))}.",
        fix="Correct the configuration file or the variables `ALLIANCEKIT_…`.",
    )


def _suggestion(where: tuple[int | str, ...]) -> str:
    """What an unknown setting may have been meant to be."""
    model: Any = Settings
    for part in where[:-1]:
        inner = getattr(model, "model_fields", {}).get(part)
        model = inner.annotation if inner else SigningKey if isinstance(part, int) else model
    known = list(getattr(model, "model_fields", {}))
    wanted = str(where[-1])
    if wanted.startswith(PREFIX):
        known = [f"{PREFIX}{name.upper()}" for name in known] + [
            PREFIX + name for name in sorted(SHORT_FORMS)
        ]
    close = difflib.get_close_matches(wanted, known, n=1)
    return f"unknown setting, did you mean {close[0]!r}" if close else "unknown setting"


def effective(settings: Settings) -> dict[str, Any]:
    """What is in effect, with secrets masked, fit to be printed: references stay, their values do not."""
    shown: dict[str, Any] = masked(settings.model_dump(mode="json", exclude_none=True))
    shown["config_file"] = str(config_file() or "")
    shown["public_url"], shown["issuer"] = settings.base_url(), settings.token_issuer()
    shown["measures_dir"] = str(settings.measures_folder())
    if not settings.database_url:
        shown["database_url"] = settings.database().get_secret_value()
    if not settings.signing_keys:
        shown["signing_keys"] = f"generated into {settings.data_dir}"
    return shown


def problems(settings: Settings) -> list[str]:
    """What would keep the service from starting; empty when all secrets can be read and are long enough."""
    found: list[str] = []
    try:
        settings.database()
    except ConfigError as error:
        found.append(str(error))
    for key in settings.signing_keys:
        try:
            length = len(key.read().get_secret_value().encode())
        except ConfigError as error:
            found.append(str(error))
            continue
        if length < MINIMUM_KEY_BYTES:
            found.append(
                f"The signing key {key.kid!r} has {length} bytes and could be guessed; "
                f"make one of {MINIMUM_KEY_BYTES} or more: openssl rand -base64 48"
            )
    if not found and not settings.signing_keys and not settings.on_one_machine():
        found.append(NO_KEY)
    return found
