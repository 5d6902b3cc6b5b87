"""Renders the page behind a rating link, in the language of the person who opens it."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages import Language
from alliancekit.onward import NOWHERE, Onward

_environment = Environment(
    loader=PackageLoader("alliancekit.web"), autoescape=True, undefined=StrictUndefined
)


ISOLATED = "\u2068{}\u2069"
"""Keeps an address in its own direction within a text of the other one (Unicode UAX 9, FSI and PDI)."""


def rating_page(language: Language, *, token: str = "", way: Onward = NOWHERE) -> str:
    """The page with the element, or without a token the page that says that the link no longer works.

    Args:
        language: whose texts are shown.
        token: the participant token for the element.
        way: where the person goes on to; without an address, the page offers no way on.
    """
    site = ISOLATED.format(way.site)
    return _environment.get_template("rating.html").render(token=token, language=language, way=way, site=site)


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an `Accept-Language` header in its order, which browsers make that of preference."""
    return tuple(re.findall(r"(?:^|,)\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)", header))
