"""All files of a new distribution: what every one has, and what its kind or its original adds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distribution, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal

from jinja2 import Environment, StrictUndefined

from alliancekit.errors import ScaffoldError
from alliancekit.plugins.config import did_you_mean
from alliancekit.plugins.find import GROUPS
from alliancekit.scaffold.copies import Original, untyped_imports
from alliancekit.scaffold.names import Names

Kind = Literal["style", "instrument", "rule", "exporter", "adapter", "copy"]

KINDS: Final = {
    "style": "how a therapist works, what is asked when, what to say next",
    "instrument": "something to ask, with its scoring key",
    "rule": "finds something worth saying in an episode's series",
    "exporter": "a format that a client's episode can be exported in",
    "adapter": "connects a video platform",
}
"""What can be made, in words for people. An adapter is made by a command of its own."""

_TEMPLATES: Final = files("alliancekit.scaffold") / "templates"
_SUFFIX: Final = ".jinja"
_JINJA: Final = Environment(  # noqa: S701 - makes no HTML
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    variable_start_string="<<",
    variable_end_string=">>",
    block_start_string="<%",
    block_end_string="%>",
    comment_start_string="<#",
    comment_end_string="#>",
)
_JINJA.filters["toml"] = lambda text: json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A distribution to be written.

    Attributes:
        names: the forms of its name.
        kind: the template it starts from; `copy` where it copies something.
        holder: who has the copyright.
        year: of the copyright.
        original: what it copies, where it copies something.
    """

    names: Names
    kind: Kind
    holder: str
    year: int
    original: Original | None = None

    def files(self) -> dict[str, bytes]:
        """Content by path below the distribution's folder."""
        package = f"src/{self.names.module}"
        written: dict[str, bytes] = {}
        words = self._words()
        if self.original is None:
            for path, text in _rendered(_TEMPLATES / self.kind, words).items():
                written[path] = text.encode()
        else:
            for path, content in self.original.copied(self.names).items():
                written[f"{package}/{path}"] = content
            path = f"tests/test_{self.names.name}.py"
            test = self.original.test(self.names)
            if test is None:
                template = "style" if self.original.is_style else "copy"
                test = _rendered(_TEMPLATES / template, words)[path].encode()
            written[path] = test
        written[f"{package}/py.typed"] = b""
        for path, text in _rendered(_TEMPLATES / "common", words).items():
            written[path] = text.encode()
        return dict(sorted(written.items()))

    @property
    def group(self) -> str:
        """The group of its entry point."""
        if self.original is not None:
            return self.original.group
        return GROUPS[1] if self.kind == "adapter" else GROUPS[0]

    def _words(self) -> dict[str, Any]:
        """What templates may name."""
        names, original = self.names, self.original
        return {
            "name": names.name,
            "dashed": names.dashed,
            "module": names.module,
            "distribution": names.distribution,
            "camel": names.camel,
            "title": names.title,
            "cls": names.camel if original is None else original.class_name(names),
            "kind": self.kind,
            "group": self.group,
            "style": self.kind == "style" or (original is not None and original.is_style),
            "what": KINDS.get(self.kind, ""),
            "hooks": () if original is None else original.hooks,
            "instruments": [] if original is None else original.forms(names),
            "holder": self.holder,
            "year": self.year,
            "version": version("alliancekit"),
            "original": "" if original is None else original.name,
            "manual": "" if original is None else original.manual(names),
            "extra": "" if original is None else original.extra,
            "untyped": [] if original is None else untyped_imports(original),
        }


def source_of(name: str, group: str) -> Original:
    """The package of AllianceKit that a copy is made from.

    Args:
        name: its plugin's name.
        group: the group of entry points it must be in.

    Raises:
        ScaffoldError: AllianceKit brings no plugin of this name in this group.
    """
    points: dict[str, EntryPoint] = {}
    for point in distribution("alliancekit").entry_points:
        if point.group in GROUPS:
            points[point.name] = point
    there = {known: point for known, point in points.items() if point.group == group}
    if name in there:
        return Original(there[name])
    what = "adapter" if group == GROUPS[1] else "plugin"
    other = "plugin" if what == "adapter" else "adapter"
    raise ScaffoldError(
        f"AllianceKit brings no {what} {name!r} to copy. Nothing was written.",
        fix=f"It is one of the {other}s: alliancekit new {other} NAME --from {name}"
        if name in points
        else did_you_mean(name, there) or f"There are: {', '.join(sorted(there))}.",
    )


def _rendered(folder: Traversable, words: dict[str, Any], above: str = "") -> dict[str, str]:
    """Every file of a template folder with its placeholders filled, by path."""
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        name = _file_name(entry.name, words)
        if entry.is_dir():
            found |= _rendered(entry, words, f"{above}{name}/")
        elif entry.name.endswith(_SUFFIX):
            text = _JINJA.from_string(entry.read_text(encoding="utf-8")).render(words)
            found[f"{above}{name.removesuffix(_SUFFIX)}"] = text
    return found


def _file_name(name: str, words: dict[str, Any]) -> str:
    """A template's file name filled: the capital words, and `dot-` for a leading dot."""
    for word, value in (("MODULE", "module"), ("DASHED", "dashed"), ("NAME", "name")):
        name = name.replace(word, words[value])
    return f".{name.removeprefix('dot-')}" if name.startswith("dot-") else name
