"""The directive style: instruction and feedback.

Its texts are in `style.json`, its fit items in `fit.json`.
"""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["Directive"]


class Directive(StylePlugin):
    """The directive style, from its style book."""

    folder = files("alliancekit_directive")
