"""The ladder that a plugin is held to, and what a check found of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from typing_extensions import override

Rung = Literal["bronze", "silver", "gold"]
"""bronze: safe to run. silver: a good neighbour. gold: a pleasure to use."""

RUNGS: Final[tuple[Rung, ...]] = ("bronze", "silver", "gold")

CHECKS: Final[dict[Rung, dict[str, str]]] = {
    "bronze": {
        "import": "its module can be imported by itself",
        "network": "opens no connection while it is imported",
        "contract": "keeps the hook contract: names, async or plain, arguments, hook API",
        "names": "no method looks like a misspelt hook",
        "start": "starts with its default settings",
        "answers": "every hook answers usual events in time, with the right type",
        "sparse": "every hook bears sparse events: an empty series, no responses, one session",
        "loop": "no hook holds the event loop",
        "adapters": "its adapters start, take a prompt for nobody, and stop in time",
    },
    "silver": {
        "settings": "its settings are a pydantic model: unknown keys refused, every field documented",
        "needs": "reads only the sensitive fields that it declares",
        "newer": "bears events with fields of a later version",
        "quiet": "prints nothing",
        "leftovers": "leaves no task and no thread running",
        "discreet": "puts no exception text and nothing of its events into the log",
    },
    "gold": {
        "current": "implements no hook that will go",
        "spare": "declares no need that no hook uses",
        "documented": "says what it is: a docstring of the class, and a README or the module's docstring",
        "translated": "every text is there in every language of the instrument or style",
        "import-time": "is imported quickly",
    },
}
"""Rung → check → what it demands."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What keeps a plugin from a rung: which check, what is wrong, what to do."""

    check: str
    problem: str
    fix: str = ""

    @property
    def rung(self) -> Rung:
        """The rung that the check belongs to."""
        return next(rung for rung in RUNGS if self.check in CHECKS[rung])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a plugin, from its pydantic model.

    `name` is dotted for a table inside the table. `secret` ones are given by reference:
    `{ env = "NAME" }` or `{ file = "PATH" }`.
    """

    name: str
    type: str
    default: str
    description: str
    required: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the checks found of one plugin.

    Attributes:
        plugin: its name.
        module: where its class is.
        hooks: what it implements.
        findings: what is wrong, worst rung first.
        unchecked: checks that could not be made, because something before them failed.
        settings: what a site may set.
    """

    plugin: str
    module: str
    hooks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def rung(self) -> Rung | None:
        """The highest rung reached with all rungs below it; None when not even bronze is."""
        reached: Rung | None = None
        for rung in RUNGS:
            if self.missing(rung):
                break
            reached = rung
        return reached

    def missing(self, rung: Rung) -> tuple[str, ...]:
        """The checks of a rung that failed or could not be made."""
        failed = {finding.check for finding in self.findings} | set(self.unchecked)
        return tuple(check for check in CHECKS[rung] if check in failed)

    @property
    def next_rung(self) -> Rung | None:
        """The rung to reach next; None at the top."""
        return next((rung for rung in RUNGS if self.missing(rung)), None)

    def to_json(self) -> dict[str, Any]:
        """As plain dictionaries and lists, fit for `json.dumps`."""
        return {
            "plugin": self.plugin,
            "module": self.module,
            "rung": self.rung,
            "next": self.next_rung,
            "hooks": list(self.hooks),
            "findings": [{"rung": finding.rung, **asdict(finding)} for finding in self.findings],
            "unchecked": list(self.unchecked),
            "settings": [asdict(setting) for setting in self.settings],
        }

    @override
    def __str__(self) -> str:
        lines = [f"{self.plugin} ({self.module}): {self.rung or 'no rung yet'}"]
        for rung in RUNGS:
            missing = self.missing(rung)
            total = len(CHECKS[rung])
            lines.append(f"  {'✓' if not missing else '✗'} {rung:<6} {total - len(missing)} of {total}")
            for check in missing:
                lines += self._lines(check)
            if missing:
                lines.append(f"  Missing for {rung}: {', '.join(missing)}.")
        return "\n".join(lines)

    def _lines(self, check: str) -> list[str]:
        lines = []
        for finding in self.findings:
            if finding.check == check:
                lines.append(f"      {check}: {finding.problem}")
                if finding.fix:
                    lines.append(f"        → {finding.fix}")
        return lines or [f"      {check}: not checked, because of what failed before"]
