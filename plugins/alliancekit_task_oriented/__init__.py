"""The task-oriented style: goals, skills and practice. Its texts are in `style.json`, its fit items in `fit.json`."""

from __future__ import annotations

from importlib.resources import files

from alliancekit.styles import StylePlugin

__all__ = ["TaskOriented"]


class TaskOriented(StylePlugin):
    """Specific goals and new skills, through practical activities that the therapist sets."""

    folder = files("alliancekit_task_oriented")
