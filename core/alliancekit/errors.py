"""Every error the host raises on purpose, as one tree.

AllianceKitError
├── ConfigError                 a setting or a secret reference is wrong
├── PluginError                 a plugin cannot be loaded or was refused
├── InstrumentError             an instrument or text-pack file is not usable
│   └── UnknownInstrumentError  no instrument has this name, or not in this form
├── FormulaError                a number is outside what a formula is defined for
├── TableError                  a file of answers cannot be read, or not as it stands
├── RecordingError              a file holds no recorded session
├── ScaffoldError               a new plugin cannot be written under this name or in this place
├── StoreError                  the database cannot be used
│   └── StoreBusyError          another process already has this SQLite file
└── RefusedError                a request is refused and changed nothing
    ├── NotFoundError           no such thing, or not this tenant's
    ├── NotAllowedError         the token or key does not cover this
    ├── InvalidAnswerError      an answer does not fit the instrument
    ├── ConflictError           the state does not allow it (closed, answered)
    │   └── InProgressError     the same request is still being worked on: send it again
    └── KeyReusedError          an Idempotency-Key came again with another body

Each message says what happened, what it means and what to do. None ever holds an answer, a free text or a
person's name: messages reach logs.
"""

from __future__ import annotations

from typing import ClassVar


class AllianceKitError(Exception):
    """The root: catch this to catch everything that AllianceKit raises on purpose.

    Args:
        message: what happened and what it means, fit for a log.
        fix: what to do about it; empty where the message already says it.
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(f"{message} {fix}".strip())
        self.message = message
        self.fix = fix


class ConfigError(AllianceKitError):
    """A setting is unknown, of the wrong type, or its secret cannot be read."""


class PluginError(AllianceKitError):
    """A plugin cannot be loaded, or breaks the hook contract."""


class ExtraMissingError(PluginError):
    """A plugin needs what an extra of its distribution brings, and the extra is not installed."""


class InstrumentError(AllianceKitError):
    """An instrument file or text pack is not usable; names the file and the path in it."""


class UnknownInstrumentError(InstrumentError):
    """No registered instrument has this name, or it has no form for this role."""


class FormulaError(AllianceKitError, ValueError):
    """A number is outside what a formula is defined for, such as a reliability of 1.2."""


class TableError(AllianceKitError):
    """A file of answers or scores cannot be used; names row and column, never what the cell holds."""


class RecordingError(AllianceKitError):
    """A file holds no recorded session; names the line."""


class ScaffoldError(AllianceKitError):
    """A new plugin cannot be written: its name is taken, or what it copies does not exist."""


class StoreError(AllianceKitError):
    """The database cannot be opened, migrated or written."""


class StoreBusyError(StoreError):
    """Another process already uses this SQLite database; SQLite is for one process."""


class RefusedError(AllianceKitError):
    """A request was refused and nothing was changed.

    `status` is the HTTP status, `slug` the last part of the problem type's URI.
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "refused"


class NotFoundError(RefusedError):
    """There is no such thing, or it belongs to another tenant (the answer is the same for both)."""

    status = 404
    slug = "not-found"


class NotAllowedError(RefusedError):
    """The key or token is missing, expired, altered, or does not cover this."""

    status = 403
    slug = "not-allowed"


class InvalidAnswerError(RefusedError):
    """An answer is outside the instrument's options, or an item is unknown or missing."""

    status = 422
    slug = "invalid-answer"


class ConflictError(RefusedError):
    """The state does not allow it: the prompt is closed or was answered."""

    status = 409
    slug = "conflict"


class InProgressError(ConflictError):
    """The same request is still being worked on; sending it again later gives its answer."""

    slug = "in-progress"


class KeyReusedError(RefusedError):
    """An Idempotency-Key that was already used came again with another body."""

    status = 422
    slug = "key-reused"
