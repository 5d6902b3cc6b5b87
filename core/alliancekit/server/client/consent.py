"""The wording with which a client lets a supervisor see their course."""

from __future__ import annotations

from typing import Final

from alliancekit.languages.pages import Words

VERSION: Final = "1"
"""Of the wording in every language; a new one with every change of a sentence."""


def wording(words: Words) -> str:
    """The exact wording in the reader's language."""
    return words.say("supervision.consent")


def kept(words: Words) -> str:
    """What is stored with a consent: version, language and the exact wording."""
    return f"{VERSION} {words.language.tag}: {wording(words)}"


def agreed(stored: str) -> tuple[str, str]:
    """Version and wording of a stored consent."""
    head, _, text = stored.partition(": ")
    return head.partition(" ")[0], text
