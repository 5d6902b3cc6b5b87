"""Which plugins are installed: entry-point names, read before anything is imported."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Final

GROUPS: Final = ("alliancekit.plugins", "alliancekit.adapters")


@dataclass(frozen=True, slots=True)
class Found:
    """One entry point that offers a plugin."""

    name: str
    group: str
    module: str
    distribution: str
    version: str
    entry_point: EntryPoint


def find() -> dict[str, tuple[Found, ...]]:
    """Every offered plugin by name; more than one entry means that several distributions claim the name."""
    found: dict[str, list[Found]] = defaultdict(list)
    for group in GROUPS:
        for point in entry_points(group=group):
            dist = point.dist
            one = Found(
                point.name,
                group,
                point.module,
                dist.name if dist else "",
                dist.version if dist else "",
                point,
            )
            if one not in found[point.name]:
                found[point.name].append(one)
    return {name: tuple(offers) for name, offers in found.items()}


def conflict(name: str, found: Mapping[str, Sequence[Found]]) -> str:
    """Why a name cannot be loaded: two offers for it, or its module offered by two distributions.

    pip lets one distribution's files replace another's of the same import name without a word, so which code
    would run is unknown. Empty when there is no conflict.
    """
    offers = found.get(name, ())
    if len(offers) > 1:
        sources = " and ".join(sorted(f"{o.distribution or 'unknown'} ({o.group})" for o in offers))
        return f"several distributions claim this name: {sources}"
    for offer in offers:
        root = offer.module.partition(".")[0]
        others = {
            other.distribution
            for all_of_one in found.values()
            for other in all_of_one
            if other.module.partition(".")[0] == root and other.distribution != offer.distribution
        }
        if others:
            names = ", ".join(sorted({offer.distribution, *others}))
            return f"several distributions install the module {root}: {names}"
    return ""


def extra_with(missing: str, plugin: str, dist: Distribution | None) -> str:
    """The distribution with the extra that brings a missing module, as pip names it; empty without one."""
    candidates: list[tuple[int, str]] = []
    wanted = _plain(missing)
    for line in (dist.requires or []) if dist else []:
        match = re.match(r"\s*([A-Za-z0-9._-]+).*extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if match is None:
            continue
        requirement, extra = _plain(match[1]), match[2]
        if requirement == wanted or requirement.startswith(wanted + "-"):
            candidates.append((2 * (extra != plugin) + (requirement != wanted), extra))
    if dist and candidates:
        return f"{dist.name}[{min(candidates)[1]}]"
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
