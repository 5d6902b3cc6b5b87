"""Settings: one TOML file, the environment above it, safe defaults for everything.

A value is taken from the first that has it: arguments of `load` (the command line), environment variables
`ALLIANCEKIT_*` (nested with two underscores: `ALLIANCEKIT_CALL__GRACE=30`), the TOML file named by
`ALLIANCEKIT_CONFIG`, or else `./alliancekit.toml` where it exists.

Secrets are given by reference, `{ env = "NAME" }` or `{ file = "/run/secrets/name" }`, and are read only when
they are used. `ALLIANCEKIT_DATABASE_URL`, `ALLIANCEKIT_SIGNING_KEY` and `ALLIANCEKIT_METRICS_TOKEN` are short
forms, each with a variant that ends in `_FILE` and names a file. Unknown settings are refused. An example of
the file:

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
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, IPvAnyNetwork, SecretStr, ValidationError
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
from alliancekit.secret_refs import (
    MINIMUM_KEY_BYTES,
    SecretRef,
    SigningKey,
    local_key,
    masked,
    referred_variables,
)
from alliancekit.setting_tables import (
    CallSettings,
    HealthSettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    PromptSettings,
    WebhookSettings,
)

PREFIX = "ALLIANCEKIT_"
FILE_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_FILE = "alliancekit.toml"

JSON_WANTED = (
    "Lists and tables in the environment are JSON, such as"
    """ ALLIANCEKIT_ALLOWED_ORIGINS='["https://clinic.example"]'."""
)

NO_KEY = (
    "There is no signing key, and a generated one would be known to this machine only. "
    f"Set {PREFIX}SIGNING_KEY_FILE to a file made by: openssl rand -base64 48"
)
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def _url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_url)]


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
    issuer: str = Field("", description="who signs the tokens; empty: alliancekit")
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
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        LOOPBACK, description="networks of the reverse proxies whose X-Forwarded-For is believed"
    )
    call: CallSettings = CallSettings()
    prompts: PromptSettings = PromptSettings()
    webhooks: WebhookSettings = WebhookSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    limits: LimitSettings = LimitSettings()
    health: HealthSettings = HealthSettings()
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
        return self.issuer or "alliancekit"

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
        for name, setting in _SECRETS.items():
            variable = PREFIX + name
            if path := os.environ.get(f"{variable}_FILE"):
                found |= setting("file", {"file": path})
            elif os.environ.get(variable) and name != "DATABASE_URL":  # which is a setting by itself
                found |= setting("env", {"env": variable})
        return found


_SECRETS: dict[str, Callable[[str, dict[str, str]], dict[str, Any]]] = {
    "DATABASE_URL": lambda _, reference: {"database_url": reference},
    "SIGNING_KEY": lambda kid, reference: {"signing_keys": [{"kid": kid, **reference}]},
    "METRICS_TOKEN": lambda _, reference: {"metrics": {"token": reference}},
}
"""Secrets with a variable of their own, and what setting each one is."""

SHORT_FORMS = {variant for name in _SECRETS for variant in (name, f"{name}_FILE")}
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
        named = re.search(r'field "(\w+)"', str(error))
        what = f"{PREFIX}{named[1].upper()}" if named else "A variable"
        raise ConfigError(f"{what} is no JSON.", fix=JSON_WANTED) from None
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
    secrets: list[tuple[str, SecretRef]] = [
        (f"The signing key {key.kid!r}", key) for key in settings.signing_keys
    ]
    if settings.metrics.token is not None:
        secrets.append(("The token of metrics", settings.metrics.token))
    for name, reference in secrets:
        try:
            length = len(reference.read().get_secret_value().encode())
        except ConfigError as error:
            found.append(str(error))
            continue
        if length < MINIMUM_KEY_BYTES:
            found.append(
                f"{name} has {length} bytes and could be guessed; "
                f"make one of {MINIMUM_KEY_BYTES} or more: openssl rand -base64 48"
            )
    if not found and not settings.signing_keys and not settings.on_one_machine():
        found.append(NO_KEY)
    return found
