"""Runs a command inside this process: as `tests.programs.run`, without starting Python anew."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from alliancekit.cli import main


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a directory; nothing of it outlives the call."""
    raw = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, encoding="utf-8", newline="", write_through=True) for each in raw)
    code = 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", ["alliancekit", *arguments]),
        patch.dict("os.environ", {"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return subprocess.CompletedProcess(list(arguments), code, *(each.getvalue().decode() for each in raw))
