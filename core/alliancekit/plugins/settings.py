"""Build a plugin with its settings, validated at start by its own pydantic model, and its data."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, SecretStr, ValidationError

from alliancekit.data import PluginData
from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.config import did_you_mean


def build(
    name: str,
    plugin: type[AllianceHooks],
    table: Mapping[str, Any] | None,
    data: Callable[[], PluginData],
) -> AllianceHooks:
    """An instance of the plugin.

    Args:
        name: the plugin's.
        plugin: its class.
        table: its part of the configuration, None when there is none.
        data: makes its handle on its rows; called only if it asks for one.

    Raises:
        PluginError: the settings do not fit. Names fields, never repeats a value: it may be a secret.
    """
    wanted = parameters(plugin)
    make: Any = plugin
    given = [data() if kind is PluginData else _settings(name, kind, table) for kind in wanted]
    if settings_model(plugin) is None and table:
        raise PluginError(
            "it takes no settings, but the configuration has some.", fix=f"Remove [plugins.settings.{name}]."
        )
    instance: AllianceHooks = make(*given)
    return instance


def _settings(name: str, model: type[BaseModel], table: Mapping[str, Any] | None) -> BaseModel:
    values = dict(table or {})
    mistakes = [*_unknown(model, values), *_plain_secrets(model, values)]
    named = {one.partition(":")[0] for one in mistakes}
    try:
        fits = model.model_validate(values)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            field = ".".join(str(part) for part in one["loc"]) or "settings"
            if field not in named and str(one["loc"][0] if one["loc"] else "") not in named:
                mistakes.append(f"{field}: {one['msg']}")
    else:
        if not mistakes:
            return fits
    raise PluginError(
        f"its settings do not fit: {'; '.join(mistakes)}.", fix=f"Correct [plugins.settings.{name}]."
    )


def settings_model(plugin: type[AllianceHooks]) -> type[BaseModel] | None:
    """The model that the plugin's `__init__` asks for, or None when it takes no settings.

    Raises:
        PluginError: `__init__` takes something that the host does not give.
    """
    return next((kind for kind in parameters(plugin) if kind is not PluginData), None)


def parameters(plugin: type[AllianceHooks]) -> tuple[type[Any], ...]:
    """What the plugin's `__init__` takes, by annotation: a settings model, a `PluginData`, both or none.

    Raises:
        PluginError: it takes anything else.
    """
    init: Any = plugin.__init__
    if init is object.__init__:
        return ()
    taken = list(inspect.signature(init).parameters.values())[1:]
    if not taken:
        return ()
    try:
        hints = get_type_hints(init)
    except (NameError, TypeError, AttributeError) as error:
        raise PluginError(
            f"the annotation of its settings cannot be resolved ({type(error).__name__}).",
            fix="Import the settings model at run time, not under TYPE_CHECKING.",
        ) from None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    kinds = tuple(hints.get(one.name) for one in taken)
    models = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)]
    handles = kinds.count(PluginData)
    fits = len(models) <= 1 and handles <= 1 and len(models) + handles == len(kinds)
    if fits and all(one.kind in positional for one in taken):
        return tuple(kind for kind in kinds if kind is not None)
    raise PluginError(
        "its __init__ takes something else than one settings model and one PluginData.",
        fix="Annotate one parameter with a pydantic model, another with PluginData; both are optional.",
    )


def _plain_secrets(model: type[BaseModel], values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A sentence for each secret that stands in the configuration itself."""
    for name, value in values.items():
        field = model.model_fields.get(name)
        kind = None if field is None else field.annotation
        if isinstance(value, Mapping) and inspect.isclass(kind) and issubclass(kind, BaseModel):
            yield from _plain_secrets(kind, value, f"{path}{name}.")
        elif any(_texts(value)) and (_holds_secret(kind) or _SECRET.search(name)):
            yield (
                f'{path}{name}: a secret in plain text; give it as {{ env = "NAME" }} or {{ file = "PATH" }}'
                + ("" if _holds_secret(kind) else " and let the plugin take it as a pydantic.SecretStr")
            )


def _texts(value: Any) -> Iterator[str]:
    """The plain texts of a setting: itself, or what is in its list."""
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, str):
            yield one


def _holds_secret(kind: Any) -> bool:
    return kind is SecretStr or any(_holds_secret(inner) for inner in get_args(kind))


_SECRET = re.compile(r"(secret|password|passwd|token|credentials?|(api|access|private)_?key)$", re.IGNORECASE)


def _unknown(model: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    if model.model_config.get("extra") == "allow":
        return []
    known = set(model.model_fields)
    for field in model.model_fields.values():
        known |= {one for one in (field.alias, field.validation_alias) if isinstance(one, str)}
    return [
        f"{key}: no such setting. {did_you_mean(key, known)}".strip().rstrip(".")
        for key in values
        if key not in known
    ]
