"""The task-oriented style: goals, skills and practice.

Its texts are in `style.json`, its fit items in `fit.json`.
"""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["TaskOriented"]


class TaskOriented(StylePlugin):
    """The task-oriented style, from its style book."""

    folder = files("alliancekit_task_oriented")
