"""The facilitative style: exploring feelings and thoughts. Its texts are in `style.json`, its fit items in `fit.json`."""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["Facilitative"]


class Facilitative(StylePlugin):
    """Exploring the client's feelings and thoughts together, so that they understand themselves better and grow."""

    folder = files("alliancekit_facilitative")
