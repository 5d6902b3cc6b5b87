"""The directive style: instruction and feedback. Its texts are in `style.json`, its fit items in `fit.json`."""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["Directive"]


class Directive(StylePlugin):
    """The therapist takes an active part: gives instruction and feedback to change behaviour or patterns of thought."""

    folder = files("alliancekit_directive")
