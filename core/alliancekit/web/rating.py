"""Renders the page behind a rating link, in the language of the person who opens it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

_environment = Environment(
    loader=PackageLoader("alliancekit.web"), autoescape=True, undefined=StrictUndefined
)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Language tag → key → wording of the page, from `rating.json`.

    Raises:
        OSError: the file is missing from the installation.
        ValueError: it is not JSON.
    """
    found: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "rating.json").read_text(encoding="utf-8")
    )
    return found


def rating_page(*languages: str, token: str = "") -> str:
    """The page with the element, or without a token the page that says that the link no longer works.

    Args:
        languages: tags in order of preference; the first known one counts, else English.
        token: the participant token for the element.
    """
    language = _chosen(languages)
    return _environment.get_template("rating.html").render(
        token=token,
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        words=catalogue()[language],
    )


def accepted(header: str) -> tuple[str, ...]:
    """The tags of an `Accept-Language` header in its order, which browsers make that of preference."""
    return tuple(re.findall(r"(?:^|,)\s*([A-Za-z]{2,8})", header))


def _chosen(languages: Iterable[str]) -> str:
    primary = (tag.split("-")[0].lower() for tag in languages)
    return next((tag for tag in primary if tag in catalogue()), "en")
