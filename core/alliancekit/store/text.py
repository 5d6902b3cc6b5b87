"""Identifiers and JSON columns: how the store writes them as text."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_plain).encode


def new_id(prefix: str) -> str:
    """Return a new identifier such as `ses_8J3k…`: the prefix and 128 random bits, URL-safe."""
    return f"{prefix}_{secrets.token_urlsafe(16)}"


def dump(value: object) -> str:
    """Return the text of a JSON column: sorted keys, no spaces."""
    return _encode(value)


def load(text: str) -> Any:
    """Return what `dump` wrote."""
    return from_json(text)
