"""Show what a plugin raised, with its file, line and text: in development only, on standard error."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from alliancekit.isolation import ErrorReport


def to_stderr(home: Path) -> ErrorReport:
    """A report for `PluginHost(on_error=…)`.

    Args:
        home: the plugin's file or folder; frames elsewhere are left out, unless there are no others.
    """

    def show(plugin: str, doing: str, error: BaseException) -> None:
        print(text(plugin, doing, error, home), end="", file=sys.stderr)

    return show


def text(plugin: str, doing: str, error: BaseException, home: Path) -> str:
    """The mistake for its author: where in the plugin, the source line, the exception and its text."""
    told = traceback.TracebackException.from_exception(error, compact=True)
    place = home.resolve()
    own = [frame for frame in told.stack if Path(frame.filename).resolve().is_relative_to(place)]
    told.stack = traceback.StackSummary.from_list(own or list(told.stack)[-1:])
    told.__cause__ = told.__context__ = None
    return f"\nplugin {plugin}, {doing}:\n{''.join(told.format())}"
