"""The facilitative style: exploring feelings and thoughts.

Its texts are in `style.json`, its fit items in `fit.json`.
"""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["Facilitative"]


class Facilitative(StylePlugin):
    """The facilitative style, from its style book."""

    folder = files("alliancekit_facilitative")
