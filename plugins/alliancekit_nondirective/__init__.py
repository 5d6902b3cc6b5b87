"""The non-directive style: reflection without advice.

Its texts are in `style.json`, its fit items in `fit.json`.
"""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["NonDirective"]


class NonDirective(StylePlugin):
    """The non-directive style, from its style book."""

    folder = files("alliancekit_nondirective")
