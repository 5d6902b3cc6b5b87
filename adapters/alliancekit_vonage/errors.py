"""What may go wrong when Vonage is asked for something."""

from __future__ import annotations


class VonageError(Exception):
    """Vonage did not do what was asked.

    Args:
        reason: a status or the name of an exception; never what Vonage wrote.
        again: whether it may do it the next time.
    """

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
