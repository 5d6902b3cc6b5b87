"""A package that AllianceKit brings, under another name.

Renamed are the package, classes that carry its name, its routes and settings table, and whatever it
registers: styles, instruments, rules and adapters, so that original and copy run side by side.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from alliancekit.errors import ScaffoldError
from alliancekit.plugins import PluginHost, PluginsConfig
from alliancekit.scaffold.names import Names

TEST: Final = "copy_test.py"
"""The file in a package of AllianceKit with the test that a copy of it starts with."""

MANUAL: Final = "README.md"


class Original:
    """A plugin or adapter of AllianceKit, read from its installed files.

    Raises:
        ScaffoldError: its package is not installed as files.
    """

    def __init__(self, point: EntryPoint) -> None:
        self.name, self.group = point.name, point.group
        self.module = point.module.partition(".")[0]
        self.attribute = point.attr
        spec = find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise ScaffoldError(
                f"The package {self.module} of AllianceKit is not installed, so it cannot be copied.",
                fix="Reinstall AllianceKit: pip install --force-reinstall alliancekit",
            )
        self._folder = Path(next(iter(spec.submodule_search_locations)))

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Content by path in the package."""
        return {
            path.relative_to(self._folder).as_posix(): path.read_bytes()
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    @property
    def is_style(self) -> bool:
        """Whether it is a style with a book."""
        return "style.json" in self.files

    @property
    def extra(self) -> str:
        """The extra of AllianceKit that brings what it needs; empty when it needs nothing more."""
        return self.name if self.name in (metadata("alliancekit").get_all("Provides-Extra") or ()) else ""

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """Every method marked `@hookimpl` in its files, in the order of the alphabet."""
        marked = {
            node.name
            for tree in self._trees()
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and any(isinstance(each, ast.Name) and each.id == "hookimpl" for each in node.decorator_list)
        }
        return tuple(sorted(marked))

    def class_name(self, names: Names) -> str:
        """What the plugin's class is called in the copy."""
        return self._classes(names).get(self.attribute, self.attribute)

    def copied(self, names: Names) -> dict[str, bytes]:
        """Content of the copy's package, by path."""
        left_out = (TEST, MANUAL, "py.typed")
        return {
            path: self._renamed(path, content, names)
            for path, content in self.files.items()
            if path not in left_out
        }

    def test(self, names: Names) -> bytes | None:
        """The copy's test; None where the original brings none."""
        return self._renamed(TEST, self.files[TEST], names) if TEST in self.files else None

    def manual(self, names: Names) -> str:
        """The original's manual without its title, with the copy's names."""
        text = self.files.get(MANUAL, b"").decode()
        body = text.partition("\n")[2] if text.startswith("# ") else text
        for old, new in self.registered(names).items():
            body = body.replace(f"`{old}`", f"`{new}`")
        return self._plain(re.sub(r"^#", "##", body, flags=re.MULTILINE), names).strip()

    def forms(self, names: Names) -> list[tuple[str, str]]:
        """Name and form of the copy's instruments, sorted."""
        found = [
            (_own(data["name"], self.name, names), str(data.get("form", "client")))
            for data in (_data(path, content) for path, content in self.files.items())
            if "items" in data and isinstance(data.get("name"), str)
        ]
        return sorted(found)

    def registered(self, names: Names) -> dict[str, str]:
        """The copy's names of the original's instruments."""
        found: dict[str, str] = {}
        for path, content in self.files.items():
            data = _data(path, content)
            if "items" in data and isinstance(data.get("name"), str):
                found[data["name"]] = _own(data["name"], self.name, names)
        return found

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules and exporters it registers; for these it is loaded once, with defaults."""
        if {"register_rules", "register_exporters"}.isdisjoint(self.hooks):
            return ()
        host = PluginHost(PluginsConfig(enabled=[self.name]))
        host.load()
        return (*(rule.name for rule in host.rules), *host.exporters)

    # inside --------------------------------------------------------------------------------------------

    def _trees(self) -> Iterator[ast.Module]:
        for path, content in self.files.items():
            if path.endswith(".py"):
                yield ast.parse(content)

    def _classes(self, names: Names) -> dict[str, str]:
        """The copy's names of classes that carry the original's, however it is written: `WebRTCSettings`."""
        key = self.name.replace("_", "")
        found: dict[str, str] = {}
        for tree in self._trees():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and key in node.name.lower():
                    begin = node.name.lower().index(key)
                    found[node.name] = node.name[:begin] + names.camel + node.name[begin + len(key) :]
        return found

    def _rules(self, names: Names) -> dict[str, str]:
        """The copy's names of the original's rules and exporters."""
        return {
            rule: f"{rule} ({names.title})" if "register_rules" in self.hooks else f"{names.dashed}-{rule}"
            for rule in self.rules
        }

    def _renamed(self, path: str, content: bytes, names: Names) -> bytes:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        if path.endswith(".py"):
            text = self._python(text, names)
        elif path.endswith((".json", ".toml")):
            text = self._named(text, _data(path, content), names)
        return self._plain(text, names).encode()

    def _plain(self, text: str, names: Names) -> str:
        """Text of any kind with the package, the routes and the settings table renamed."""
        text = re.sub(rf"(?<![A-Za-z0-9_]){self.module}(?![A-Za-z0-9])", names.module, text)
        text = re.sub(rf"\bplugins(/|\.settings\.){self.name}\b", rf"plugins\g<1>{names.name}", text)
        return re.sub(rf"\b(plugin|adapter) (['\"`]){self.name}\2", rf"\g<1> \g<2>{names.name}\g<2>", text)

    def _python(self, text: str, names: Names) -> str:
        """A module with its classes, and what it says of its own instruments and adapter, renamed."""
        classes, strings, rules = self._classes(names), self.registered(names), self._rules(names)
        lines = text.splitlines(keepends=True)
        changes: list[tuple[int, int, int, str]] = []
        before: list[str] = ["", ""]
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            new = ""
            if token.type == tokenize.NAME:
                new = classes.get(token.string, "")
            elif token.type == tokenize.STRING and token.string[0] in "\"'":
                value = ast.literal_eval(token.string)
                new = classes.get(value) or strings.get(value, "")
                if before[1] == "=" and before[0] == "name" and value == self.name:
                    new = names.name
                elif before[1] == "=" and (before[0].isupper() or before[0] in ("name", "rule")):
                    # Elsewhere the same word may be a kind of signal.
                    new = rules.get(value, new)
                new = f'"{new}"' if new else ""
            if new:
                changes.append((token.start[0] - 1, token.start[1], token.end[1], new))
            before = [before[1], token.string]
        for line, begin, end, new in reversed(changes):
            lines[line] = lines[line][:begin] + new + lines[line][end:]
        return "".join(lines)

    def _named(self, text: str, data: Mapping[str, Any], names: Names) -> str:
        """A data file of an instrument or a style book under the copy's name."""
        for rule, new in self._rules(names).items():
            text = text.replace(f'"{rule}":', f'"{new}":')
        old = data.get("name")
        if not isinstance(old, str) or not ({"items", "next_step"} & set(data)):
            return text
        if "next_step" in data:
            # A name is the same in every language until its author translates it.
            book = dict(data) | {"name": names.name, "title": dict.fromkeys(data["title"], names.title)}
            return json.dumps(book, indent=2, ensure_ascii=False) + "\n"
        pattern = rf'^(\s*"?name"?\s*[:=]\s*)"{re.escape(old)}"'
        return re.sub(pattern, rf'\g<1>"{_own(old, self.name, names)}"', text, count=1, flags=re.MULTILINE)


def untyped_imports(original: Original) -> list[str]:
    """The third-party modules that a package imports and that bring no types, for mypy's configuration."""
    known = {*sys.stdlib_module_names, "alliancekit", "typing_extensions", original.module}
    found: set[str] = set()
    for path, content in original.files.items():
        if not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return sorted(name for name in found - known if not _typed(name))


def _typed(module: str) -> bool:
    spec = find_spec(module)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return any((Path(place) / "py.typed").is_file() for place in places)


def _data(path: str, content: bytes) -> dict[str, Any]:
    """A JSON or TOML file's object; empty for anything else."""
    try:
        if path.endswith(".json"):
            data = json.loads(content)
        elif path.endswith(".toml"):
            data = tomllib.loads(content.decode("utf-8"))
        else:
            return {}
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _own(old: str, source: str, names: Names) -> str:
    """A copy's name for an instrument: `fit-directive` becomes `fit-mine`, `pulse` becomes `mine-pulse`."""
    dashed = source.replace("_", "-")
    return old.replace(dashed, names.dashed) if dashed in old else f"{names.dashed}-{old}"
