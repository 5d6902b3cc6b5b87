"""Write `HOOKS.md`, the page about every hook, from the hook specifications themselves.

`python -m alliancekit.cli.hooks_page` writes it, `--check` fails when it is stale.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, get_type_hints

from alliancekit import events, languages, pages, panels
from alliancekit.hookspecs import HOOK_API, HOOKS, AllianceHooks, HookInfo

PAGE: Final = Path(__file__).parents[2] / "HOOKS.md"
"""Beside the package in the source tree; not installed."""

ON_FAILURE: Final = {
    "register": "The plugin is disabled with a reason; the service starts, unless the plugin is required.",
    "notify": "Recorded, never raised.",
    "collect": "The value is missing, and is said to be missing.",
    "first": "The next plugin is asked.",
}

_HEAD: Final = f"""# Hooks

Written by `python -m alliancekit.cli.hooks_page` from `alliancekit.hookspecs`; do not edit it.
Hook API {HOOK_API}.

A plugin inherits `AllianceHooks` and marks the hooks it implements with `@hookimpl`. Each example is a
complete plugin. Limits are per plugin and call and can be changed in `[plugins.limits]`. An event field
marked with a need stays empty unless the plugin names it in `needs`; `hidden` concerns responses only that
their client does not show to the therapist at once. That keeps data small; it is not a sandbox.

A plugin may keep rows of its own: see `alliancekit.data`.
"""

_NEEDS: Final = {
    ("TalkHeard", "speech"): "speech",
    ("TalkHeard", "totals"): "speech",
    ("SeriesUpdated", "series"): "series",
    ("PanelsWanted", "series"): "series",
    ("Response", "answers"): "answers",
    ("Response", "scores"): "hidden",
}


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for kind in ON_FAILURE:
        parts.append(f"\n## {kind.capitalize()} hooks\n\nWhen one fails: {ON_FAILURE[kind]}\n")
        parts += [_section(info) for info in HOOKS.values() if info.kind == kind]
    parts.append("\n## Types\n\nThe frozen dataclasses that event fields and return values are made of.\n")
    parts += [_type_section(cls) for cls in _parts_of_events()]
    return "".join(parts)


def example(hook: str) -> str:
    """The source of a hook's example plugin.

    Raises:
        ValueError: its docstring has none.
    """
    found = re.search(r"```python\n(.*?)\n\s*```", _doc(hook), re.DOTALL)
    if found is None:
        raise ValueError(f"the docstring of {hook} has no example")
    return dedent(found[1]) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it with `--check`; returns the exit code."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{PAGE.name} is stale. Write it again: python -m alliancekit.cli.hooks_page\n")
        return 3
    return 0


def _doc(hook: str) -> str:
    return inspect.cleandoc(getattr(AllianceHooks, hook).__doc__ or "")


def _section(info: HookInfo) -> str:
    function = getattr(AllianceHooks, info.name)
    text, _, _ = _doc(info.name).partition("Example:")
    prose, _, returns = text.partition("Returns:")
    colour = "async def" if inspect.iscoroutinefunction(function) else "def"
    limit = f"{info.limit:g} s" if info.limit else "none, it must not wait"
    signature = f"{colour} {info.name}{inspect.signature(function)}".replace("'", "")
    lines = [
        f"\n### {info.name}\n",
        f"{prose.strip()}\n",
        f"*Kind:* {info.kind}. *Limit:* {limit}. *Since:* {info.since}. *When:* {info.when}.\n",
        f"```python\n{signature}\n```\n",
    ]
    if event := get_type_hints(function, vars(sys.modules[AllianceHooks.__module__]), _later()).get("event"):
        lines.append(f"`event` is `{event.__name__}`: {_first_paragraph(event)}\n")
        lines.append(_table(event))
    lines.append(f"*Returns:* {' '.join(returns.split())}\n")
    lines.append(f"```python\n{example(info.name)}```\n")
    return "\n".join(lines)


def _type_section(cls: type[Any]) -> str:
    return f"\n### {cls.__name__}\n\n{_first_paragraph(cls)}\n\n{_table(cls)}"


def _table(cls: type[Any]) -> str:
    rows = ["| field | type | default | need |", "| --- | --- | --- | --- |"]
    for one in fields(cls):
        kind = str(one.type).replace("|", "\\|")
        need = _NEEDS.get((cls.__name__, one.name), "")
        rows.append(f"| `{one.name}` | `{kind}` | {_default(one)} | {f'`{need}`' if need else ''} |")
    return "\n".join(rows) + "\n"


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"`{one.default!r}`"
    return "empty" if one.default_factory is not MISSING else ""


def _first_paragraph(cls: type[Any]) -> str:
    return " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())


def _parts_of_events() -> list[type[Any]]:
    return [
        cls
        for module in (events, panels, pages, languages)
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and is_dataclass(cls)
        and not issubclass(cls, events.Event)
        and cls.__module__.startswith(module.__name__)
    ]


def _later() -> dict[str, Any]:
    """Names that `hookspecs` imports for type checkers only."""
    from alliancekit.adapters import Adapter, Route
    from alliancekit.channels import Channel
    from alliancekit.exports import Exporter
    from alliancekit.languages import Language
    from alliancekit.pages import Page

    return {
        "Adapter": Adapter,
        "Channel": Channel,
        "Exporter": Exporter,
        "Language": Language,
        "Page": Page,
        "Panel": panels.Panel,
        "Route": Route,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
