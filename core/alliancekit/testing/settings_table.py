"""A plugin's settings as documentation, and whether their model is as it should be."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from alliancekit.errors import PluginError
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins.settings import settings_model
from alliancekit.testing.report import Finding, Setting

SECRET_NAME: Final = re.compile(r"(^|_)(secret|password|passphrase|token|api_?key|private_key)$")


def settings_of(plugin: type[AllianceHooks]) -> tuple[Setting, ...]:
    """The settings that a plugin takes, in the order of its model; empty when there is no model."""
    try:
        model = settings_model(plugin)
    except PluginError:
        return ()
    return () if model is None else tuple(_settings(model))


def settings_problems(plugin: type[AllianceHooks]) -> Iterator[Finding]:
    """What is wrong with the settings model."""
    try:
        model = settings_model(plugin)
    except PluginError as error:
        yield Finding("settings", error.message, error.fix)
        return
    if model is not None:
        yield from _model_problems(model)


def _model_problems(model: type[BaseModel]) -> Iterator[Finding]:
    where = model.__name__
    if model.model_config.get("extra") != "forbid":
        yield Finding(
            "settings",
            f"{where} takes unknown keys, so a misspelt setting would have no effect.",
            'Give it model_config = ConfigDict(extra="forbid", frozen=True).',
        )
    documented = _attributes(model)
    for name, field in model.model_fields.items():
        if not (field.description or documented.get(name)):
            yield Finding(
                "settings",
                f"{where}.{name} is not documented.",
                "Describe it under `Attributes:` in the model's docstring, or with Field(description=…).",
            )
        if SECRET_NAME.search(name) and not _is_secret(field.annotation):
            yield Finding(
                "settings",
                f"{where}.{name} sounds like a secret and would be shown in clear.",
                "Annotate it with pydantic.SecretStr; a site then gives it by reference.",
            )
    yield from _default_problems(model)
    for inner in _inner_models(model):
        yield from _model_problems(inner)


def _default_problems(model: type[BaseModel]) -> Iterator[Finding]:
    defaults = {
        field.alias or name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    try:
        model.model_validate(defaults)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            if one["type"] != "missing":
                name = ".".join(str(part) for part in one["loc"]) or "the model"
                yield Finding(
                    "settings", f"the default of {model.__name__}.{name} does not fit: {one['msg']}."
                )


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    documented = _attributes(model)
    for name, field in model.model_fields.items():
        inner = field.annotation
        if inspect.isclass(inner) and issubclass(inner, BaseModel):
            yield from _settings(inner, f"{prefix}{name}.")
            continue
        yield Setting(
            name=f"{prefix}{field.alias or name}",
            type=_type(field),
            default=_default(field),
            description=field.description or documented.get(name, ""),
            required=field.is_required(),
            secret=_is_secret(field.annotation),
        )


def _type(field: FieldInfo) -> str:
    limits: list[str] = []
    text = _kind(field.annotation, limits)
    limits += _limits(field.metadata)
    return f"{text}, {', '.join(limits)}" if limits else text


def _kind(kind: Any, limits: list[str]) -> str:
    """A type in a reader's words; `limits` takes those that stand inside of it."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        for one in parts[1:]:
            limits += _limits(one.metadata if isinstance(one, FieldInfo) else [one])
        return _kind(parts[0], limits)
    if origin in (Union, UnionType):
        return " or ".join(_kind(part, limits) for part in parts)
    if origin is Literal:
        return " or ".join(_value(part) for part in parts)
    if kind is NoneType:
        return "none"
    if origin is not None:
        inner = ", ".join("…" if part is Ellipsis else _kind(part, limits) for part in parts)
        return f"{origin.__name__}[{inner}]"
    return str(getattr(kind, "__name__", kind))


def _limits(metadata: Iterable[Any]) -> list[str]:
    return [
        f"{sign} {getattr(one, kind):g}"
        for one in metadata
        for kind, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
        if isinstance(getattr(one, kind, None), int | float)
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None or _is_secret(field.annotation):
        return "none"
    return _value(value)


def _value(value: Any) -> str:
    """A value as a configuration file writes it, where it can."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset | set | list | tuple):
        return f"[{', '.join(map(_value, sorted(value) if isinstance(value, frozenset | set) else value))}]"
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _is_secret(annotation: Any) -> bool:
    return annotation in (SecretStr, SecretBytes) or any(_is_secret(part) for part in get_args(annotation))


def _inner_models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                yield kind


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the `Attributes:` section of the docstrings says of each field, base classes included."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        section = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition("Attributes:\n")[2]
        name = ""
        for line in section.splitlines():
            if line and not line.startswith(" "):
                break
            if match := re.match(r" {4}(\w+)(?: \([^)]*\))?: (.*)", line):
                name = match[1]
                found[name] = match[2].strip()
            elif name and line.strip():
                found[name] += f" {line.strip()}"
    return found
