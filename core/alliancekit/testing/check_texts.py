"""Whether a plugin says what it is, and whether its texts are there in every language it speaks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from alliancekit.hookspecs import AllianceHooks
from alliancekit.instruments.model import Instrument
from alliancekit.styles import StylePlugin
from alliancekit.testing.report import Finding

LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def documentation_problems(plugin: type[AllianceHooks]) -> Iterator[Finding]:
    """No docstring of its own, or neither a README nor a module docstring."""
    if not (plugin.__dict__.get("__doc__") or "").strip():
        yield Finding(
            "documented",
            f"the class {plugin.__name__} has no docstring.",
            "Say in one sentence what it does.",
        )
    module = sys.modules.get(plugin.__module__)
    if not ((module and module.__doc__) or "").strip() and not list(_readmes(module)):
        yield Finding(
            "documented",
            f"there is neither a README nor a docstring of {plugin.__module__}.",
            "Write what it does, what it needs and its settings.",
        )


def _readmes(module: Any) -> Iterator[Path]:
    file = getattr(module, "__file__", None)
    if file is None:
        return
    folder = Path(file).parent
    yield from folder.glob("README*")
    for above in (folder, *folder.parents[:3]):
        if (above / "pyproject.toml").exists():
            yield from above.glob("README*")
            return


def translation_problems(plugin: AllianceHooks, instruments: Iterable[Instrument]) -> Iterator[Finding]:
    """Texts of an instrument or a style book that lack a language which another of its texts has."""
    for instrument in instruments:
        yield from _gaps(f"the instrument {instrument.name} ({instrument.form})", instrument)
    if isinstance(plugin, StylePlugin):
        yield from _gaps(f"the style {plugin.book.name}", plugin.book)


def _gaps(what: str, model: BaseModel) -> Iterator[Finding]:
    texts = dict(_texts(model.model_dump()))
    languages = {language for text in texts.values() for language in text}
    for place, text in texts.items():
        if missing := sorted(languages - {language for language, said in text.items() if said.strip()}):
            yield Finding(
                "translated",
                f"{what} has no {', '.join(missing)} for {place}.",
                "Translate it, or take the language out of the whole.",
            )


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every wording by language inside nested dictionaries and sequences, with its place."""
    if isinstance(value, Mapping):
        if value and all(
            isinstance(k, str) and isinstance(v, str) and LANGUAGE.fullmatch(k) for k, v in value.items()
        ):
            yield place, value
            return
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            name = inner.get("id") or inner.get("name") if isinstance(inner, Mapping) else None
            yield from _texts(inner, f"{place}[{name or number}]")
