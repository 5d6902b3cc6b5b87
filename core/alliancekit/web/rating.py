"""Renders the page behind a rating link, in the language of the person who opens it."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.languages import Language

_environment = Environment(
    loader=PackageLoader("alliancekit.web"), autoescape=True, undefined=StrictUndefined
)


def rating_page(language: Language, *, token: str = "") -> str:
    """The page with the element, or without a token the page that says that the link no longer works.

    Args:
        language: whose texts are shown.
        token: the participant token for the element.
    """
    return _environment.get_template("rating.html").render(token=token, language=language)


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an `Accept-Language` header in its order, which browsers make that of preference."""
    return tuple(re.findall(r"(?:^|,)\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)", header))
