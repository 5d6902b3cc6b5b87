"""What a client agreed to can be told years later: every wording has its version."""

from __future__ import annotations

import hashlib

from alliancekit.languages import own_languages
from alliancekit.languages.pages import Words
from alliancekit.server.client import consent

WORDINGS = {
    "1": {
        "en": "8adf8e6af8eb0743",
        "es": "9fffb71b64537f0f",
        "it": "baeef0a2f20b82cf",
        "zh": "7ef36b7bc07ce97d",
        "ar": "a78363183d0dd9b6",
    }
}
"""Version → language → the beginning of the wording's SHA-256; a line once released is never changed."""


def test_another_wording_is_another_version() -> None:
    found = {
        one.tag: hashlib.sha256(consent.wording(Words(one, "client")).encode()).hexdigest()[:16]
        for one in own_languages()
    }
    assert found == WORDINGS[consent.VERSION], "raise consent.VERSION and add its line here"


def test_what_is_kept_is_what_was_agreed_to() -> None:
    words = Words(next(one for one in own_languages() if one.tag == "es"), "client")
    assert consent.agreed(consent.kept(words)) == (consent.VERSION, consent.wording(words))
