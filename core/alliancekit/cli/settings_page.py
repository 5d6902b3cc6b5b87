"""Write `SETTINGS.md`, the table of every setting, from the settings themselves.

`python -m alliancekit.cli.settings_page` writes it, `--check` fails when it is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from alliancekit.config import PREFIX, Settings
from alliancekit.secret_refs import Section

PAGE: Final = Path(__file__).parents[2] / "SETTINGS.md"
"""Beside the package in the source tree; not installed."""

_HEAD: Final = f"""# Settings

Written by `python -m alliancekit.cli.settings_page` from the settings themselves; do not edit it.

A value is taken from the first that has it: the command line, environment variables, the TOML file that
`{PREFIX}CONFIG` names (else `./alliancekit.toml`), the default. `alliancekit config check` prints what is in
effect, secrets masked, and says what would keep the service from starting. An unknown setting is refused.

- A variable's name is `{PREFIX}` and the setting in capitals; what stands in a table has two underscores
  between: `{PREFIX}CALL__GRACE=30`. Lists and tables are written as JSON.
- Secrets are given by reference, `{{ env = "NAME" }}` or `{{ file = "/run/secrets/name" }}`. Short forms:
  `{PREFIX}DATABASE_URL`, `{PREFIX}SIGNING_KEY` and `{PREFIX}METRICS_TOKEN` hold the secret,
  the same names with `_FILE` at their end a path to it.
- Every default is safe, and a new release never needs a new setting.
"""


def page() -> str:
    """The whole page as Markdown."""
    tables = [(name, field) for name, field in Settings.model_fields.items() if _table(field)]
    plain = [(name, field) for name, field in Settings.model_fields.items() if not _table(field)]
    lines = [_HEAD, *_rows("", ((name, field, field.description or "") for name, field in plain))]
    for name, field in tables:
        model = _table(field)
        assert model is not None
        first, _, _ = (inspect.getdoc(model) or "").partition("\n\nAttributes:")
        lines += ["", f"## [{name}]", "", " ".join(first.split()), ""]
        meanings = _attributes(model)
        lines += _rows(f"{name}.", ((each, one, meanings[each]) for each, one in model.model_fields.items()))
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with `--check`; returns the exit code."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{PAGE.name} is stale. Write it again: python -m alliancekit.cli.settings_page\n")
        return 3
    return 0


def _table(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _rows(prefix: str, settings: Iterator[tuple[str, FieldInfo, str]]) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field, meaning in settings:
        yield f"| `{prefix}{name}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ("", (), {}):
        return "–"
    return f"`{json.dumps(to_jsonable_python(value), ensure_ascii=False)}`"


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring of a table says of each of its settings."""
    _, _, listed = (inspect.getdoc(model) or "").partition("\n\nAttributes:\n")
    found = re.findall(r"^    (\w+): (.+?)(?=^    \w|\Z)", listed, re.MULTILINE | re.DOTALL)
    return {name: " ".join(meaning.split()) for name, meaning in found}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
