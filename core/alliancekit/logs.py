"""Logging to standard error: levels, names and our own messages, which never hold answers or names."""

from __future__ import annotations

import logging


def to_stderr(level: int = logging.INFO) -> None:
    """Send the log of the service to standard error.

    Libraries below are heard from `WARNING` up: at `INFO` some of them log addresses and headers.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("alliancekit").setLevel(level)
