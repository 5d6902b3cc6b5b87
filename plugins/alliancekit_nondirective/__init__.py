"""The non-directive style: reflection without advice. Its texts are in `style.json`, its fit items in `fit.json`."""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["NonDirective"]


class NonDirective(StylePlugin):
    """No advice: the client explores their own solutions, and the therapist reflects what they hear."""

    folder = files("alliancekit_nondirective")
