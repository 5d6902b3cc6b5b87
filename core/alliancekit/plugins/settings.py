"""Build a plugin with its settings, validated at start by the plugin's own pydantic model."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError

from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.config import did_you_mean


def build(name: str, plugin: type[AllianceHooks], table: Mapping[str, Any] | None) -> AllianceHooks:
    """An instance of the plugin; `table` is its part of the configuration, None when there is none.

    Raises:
        PluginError: the settings do not fit. Names fields, never repeats a value: it may be a secret.
    """
    model = settings_model(plugin)
    if model is None:
        if table:
            raise PluginError(
                "it takes no settings, but the configuration has some.",
                fix=f"Remove [plugins.settings.{name}].",
            )
        return plugin()
    values = dict(table or {})
    mistakes = _unknown(model, values)
    if not mistakes:
        try:
            settings = model.model_validate(values)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False, include_context=False):
                field = ".".join(str(part) for part in one["loc"]) or "settings"
                mistakes.append(f"{field}: {one['msg']}")
        else:
            make: Any = plugin
            instance: AllianceHooks = make(settings)
            return instance
    raise PluginError(
        f"its settings do not fit: {'; '.join(mistakes)}.", fix=f"Correct [plugins.settings.{name}]."
    )


def settings_model(plugin: type[AllianceHooks]) -> type[BaseModel] | None:
    """The model that the plugin's `__init__` asks for, or None when it takes nothing.

    Raises:
        PluginError: `__init__` takes anything else than one parameter annotated with a pydantic model.
    """
    init: Any = plugin.__init__
    if init is object.__init__:
        return None
    parameters = list(inspect.signature(init).parameters.values())[1:]
    if not parameters:
        return None
    try:
        hints = get_type_hints(init)
    except (NameError, TypeError, AttributeError) as error:
        raise PluginError(
            f"the annotation of its settings cannot be resolved ({type(error).__name__}).",
            fix="Import the settings model at run time, not under TYPE_CHECKING.",
        ) from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    model = hints.get(parameters[0].name)
    alone = len(parameters) == 1 and parameters[0].kind in kinds
    if alone and inspect.isclass(model) and issubclass(model, BaseModel):
        return model
    raise PluginError(
        "its __init__ takes something else than one settings model.",
        fix="Give it one parameter annotated with a pydantic model, or none.",
    )


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
