"""What commands print for programs: JSON, with numbers to ten significant digits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import typer

DIGITS = 10
"""Significant digits printed: more than any published number has, fewer than rounding errors reach."""


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print records, mappings, sequences and numbers as JSON on standard output."""
    typer.echo(json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False))


def plain(value: object) -> Any:
    """Frozen records as mappings, tuples as lists, floats rounded; everything else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return value
