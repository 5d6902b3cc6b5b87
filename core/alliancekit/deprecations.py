"""What will go, since when that is said, when it goes, and what to use instead; all such messages.

The promise is in `core/COMPATIBILITY.md`: a hook, an event field or a public name lives for two minor
releases after the one that warned of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """One thing that will go.

    Attributes:
        kind: a `hook`, a `field` (`SessionEnded.reason`) or a public `name` (`alliancekit.styles.StyleBook`).
        name: which one.
        since: the version that first warned.
        removed_in: the version that no longer has it, at least two minor releases later.
        instead: what to use, as the end of a sentence: `use plan_prompts`.
    """

    kind: Literal["hook", "field", "name"]
    name: str
    since: str
    removed_in: str
    instead: str

    @property
    def message(self) -> str:
        """The warning, as one sentence."""
        return (
            f"the {self.kind} {self.name} is deprecated since {self.since} "
            f"and goes in {self.removed_in}: {self.instead}"
        )


DEPRECATIONS: tuple[Deprecation, ...] = ()
"""Everything deprecated now, oldest first."""


def of_hooks(
    implemented: Iterable[str], deprecations: Sequence[Deprecation] | None = None
) -> tuple[str, ...]:
    """The warnings for a plugin that implements these hooks; `deprecations` defaults to `DEPRECATIONS`."""
    known = DEPRECATIONS if deprecations is None else deprecations
    hooks = {one.name: one.message for one in known if one.kind == "hook"}
    return tuple(hooks[name] for name in implemented if name in hooks)
