"""The supportive style: comfort and the guidance needed. Its texts are in `style.json`, its fit items in `fit.json`."""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["Supportive"]


class Supportive(StylePlugin):
    """Emotional support and comfort, with as much guidance as the client needs."""

    folder = files("alliancekit_supportive")
