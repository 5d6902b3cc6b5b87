"""Passwords of people who sign in here: which are too weak, and how they are kept.

Kept as Argon2id (RFC 9106) with the second recommended set of parameters: 64 MiB, 3 passes, 4 lanes; more
than the least that the OWASP Password Storage Cheat Sheet asks. There are no rules of composition, as NIST
SP 800-63B-4 (3.1.1.2) advises: a password has to be long and not among the first that somebody would try.
"""

from __future__ import annotations

import asyncio
import unicodedata
from functools import cache
from importlib.resources import files
from typing import ClassVar, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from alliancekit.errors import RefusedError

SHORTEST: Final = 12
"""Characters that a password has at least."""

LONGEST: Final = 256
"""Characters that a password has at most; a longer one would only cost time."""

AT_ONCE: Final = 2
"""Passwords that are hashed at the same time: each takes 64 MiB and up to four threads."""

MOST_WAITING: Final = 32
"""Passwords that may wait to be hashed; more are refused, so that a flood of them cannot pile up."""

COMMON: Final = frozenset((files("alliancekit") / "common_passwords.txt").read_text(encoding="utf-8").split())
"""Words that the commonest passwords are made of, alone, repeated, or with figures and signs around them."""

_ROWS: Final = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
)


class WeakPasswordError(RefusedError):
    """A password was not taken; `reason` is `short`, `long` or `common`. The message never holds it."""

    status: ClassVar[int] = 422
    slug: ClassVar[str] = "weak-password"

    def __init__(self, reason: str, message: str, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.reason = reason


class BusyError(RefusedError):
    """Too many people sign in at this moment."""

    status: ClassVar[int] = 503
    slug: ClassVar[str] = "busy"


def check_strength(password: str, *names: str) -> None:
    """Let pass what nobody would try first.

    Args:
        password: as it was typed.
        *names: what belongs to its person, such as the login.

    Raises:
        WeakPasswordError: shorter than `SHORTEST`, longer than `LONGEST`, or one of the commonest.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        raise WeakPasswordError(
            "short",
            f"The password has fewer than {SHORTEST} characters; nothing was changed.",
            "Three or four words that have nothing to do with each other are easy to remember.",
        )
    if len(text) > LONGEST:
        raise WeakPasswordError(
            "long",
            f"The password has more than {LONGEST} characters; nothing was changed.",
            "Choose a shorter one.",
        )
    if _is_common(text.casefold(), {_normal(name).casefold() for name in names}):
        raise WeakPasswordError(
            "common",
            "The password is among the first that somebody would try; nothing was changed.",
            "Three or four words that have nothing to do with each other are hard to guess.",
        )


def hash_password(password: str) -> str:
    """A password as it is kept; takes tens of milliseconds and 64 MiB."""
    return _hasher().hash(_normal(password))


def matches(kept: str, password: str) -> bool:
    """Whether this is the password; `kept` may be empty, which takes as long and matches nothing."""
    if len(password) > 4 * LONGEST:
        password = ""
    try:
        return _hasher().verify(kept or _nobodys(), _normal(password)) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was kept with other parameters than today's."""
    return _hasher().check_needs_rehash(kept)


class Hashing:
    """Hashes beside the event loop, at most `AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def matches(self, kept: str, password: str) -> bool:
        """See `matches`.

        Raises:
            BusyError: `MOST_WAITING` others wait already.
        """
        return bool(await self._run(matches, kept, password))

    async def hash(self, password: str) -> str:
        """See `hash_password`.

        Raises:
            BusyError: `MOST_WAITING` others wait already.
        """
        return str(await self._run(hash_password, password))

    async def _run(self, work: object, *arguments: str) -> object:
        assert callable(work)
        if self._waiting >= MOST_WAITING:
            raise BusyError("Too many people sign in at this moment.", fix="Try again in some seconds.")
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


def _normal(text: str) -> str:
    """The same characters however they were composed on the keyboard (NIST SP 800-63B-4, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def _is_common(text: str, names: set[str]) -> bool:
    letters = _letters(text)
    own = names | {part for name in names for part in name.split("@")}
    known = COMMON | own | {_letters(name) for name in own}
    return (
        len(set(text)) <= 3
        or _is_walk(text)
        or text in known
        or any(_is_repeated(whole, word) for whole in {letters, text} for word in known if word)
        or any(text == text[:length] * (len(text) // length) for length in (4, 5, 6) if len(text) >= length)
    )


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _is_repeated(whole: str, word: str) -> bool:
    return whole == word * (len(whole) // len(word)) and whole != ""


def _is_walk(text: str) -> bool:
    """Whether it is made of neighbours on a keyboard or in the alphabet, in runs of four and more."""
    pieces = {row[at : at + 4] for row in _ROWS for at in range(len(row) - 3)}
    pieces |= {piece[::-1] for piece in pieces}
    covered = {at + step for at in range(len(text) - 3) if text[at : at + 4] in pieces for step in range(4)}
    return len(covered) >= len(text) - 2


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _nobodys() -> str:
    """What is compared where there is nobody, so that the time does not tell."""
    return _hasher().hash("nobody's password")
