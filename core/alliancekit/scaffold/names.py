"""Which names are free for a new plugin, and what to suggest instead of one that is not."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from alliancekit.errors import ScaffoldError
from alliancekit.plugins import DEFAULT_PLUGINS, PluginHost, PluginsConfig
from alliancekit.plugins.find import GROUPS, find

LONGEST: Final = 30
"""Characters; instruments named after the plugin may have 64, and carry more than its name."""

RESERVED: Final = frozenset(
    {
        *("adapter", "adapters", "alliance", "alliancekit", "client", "contrib", "core", "demo", "dev"),
        *("example", "examples", "host", "hooks", "kit", "main", "new", "pip", "plugin", "plugins"),
        *("setup", "setuptools", "src", "template", "test", "tests", "testing", "therapist", "wheel"),
    }
)
"""Words that mean something else here or to Python's packaging."""

_SHAPE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Names:
    """The forms that one name takes: `motivational_style` is the entry point's."""

    name: str

    @property
    def module(self) -> str:
        """The package: `alliancekit_motivational_style`."""
        return f"alliancekit_{self.name}"

    @property
    def dashed(self) -> str:
        """As instruments are named: `motivational-style`."""
        return self.name.replace("_", "-")

    @property
    def distribution(self) -> str:
        """What pip installs, and the folder: `alliancekit-motivational-style`."""
        return f"alliancekit-{self.dashed}"

    @property
    def camel(self) -> str:
        """In the names of classes: `MotivationalStyle`."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def title(self) -> str:
        """For people: `Motivational style`."""
        return self.name.replace("_", " ").capitalize()


def free_name(name: str, into: Path, *, ending: str) -> Names:
    """The forms of a name that nothing else has.

    Args:
        name: what somebody typed.
        into: the folder that will hold the distribution's folder.
        ending: what a suggestion may end in: the kind of plugin.

    Raises:
        ScaffoldError: the name is no identifier of the form wanted, is taken, or would collide; suggests one.
    """
    if reason := _refusal(name, into):
        suggested = next(other for other in _others(name, ending) if not _refusal(other, into))
        raise ScaffoldError(
            f"The name {name!r} cannot be used: {reason}. Nothing was written.",
            fix=f"Try {suggested!r}, for example.",
        )
    return Names(name)


def _refusal(name: str, into: Path) -> str:
    """Why a name cannot be used; empty when it can."""
    if not _SHAPE.fullmatch(name):
        return "use lower-case letters a to z, digits and single underscores, beginning with a letter"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, and {LONGEST} are allowed"
    return _meant(name) or _taken(Names(name)) or _occupied(into / Names(name).distribution)


def _meant(name: str) -> str:
    """What a name means elsewhere."""
    if name.startswith("alliancekit_"):
        return "the prefix alliancekit_ is added by itself"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return "it is a keyword of Python"
    if name in sys.stdlib_module_names:
        return "the standard library has a module of this name"
    return "it means something else here or to Python's packaging" if name in RESERVED else ""


def _taken(names: Names) -> str:
    offers = find().get(names.name, ())
    if offers or names.name in DEFAULT_PLUGINS:
        source = next((offer.distribution for offer in offers if offer.distribution), "AllianceKit")
        return f"a plugin of this name is installed already, by {source}"
    for module in (names.module, names.name):
        if find_spec(module) is not None:
            return f"a module {module} is installed already"
    if any(dist.name.replace("_", "-").lower() == names.distribution for dist in distributions()):
        return f"a distribution {names.distribution} is installed already"
    for what, known in _registered().items():
        if names.name in known or names.dashed in known:
            return f"{what} of this name is installed already"
    return ""


def _occupied(folder: Path) -> str:
    return f"{folder} exists already" if folder.exists() or folder.is_symlink() else ""


def _registered() -> dict[str, frozenset[str]]:
    """What the installed plugins that run by default named; adapters bring neither, and import slowly."""
    quick = [
        name
        for name, offers in find().items()
        if name in DEFAULT_PLUGINS and all(offer.group == GROUPS[0] for offer in offers)
    ]
    host = PluginHost(PluginsConfig(enabled=quick))
    host.load()
    return {
        "a style": frozenset(host.styles),
        "an instrument": frozenset(one.name for one in host.instruments),
    }


def _others(name: str, ending: str) -> Iterator[str]:
    """Names near this one, better and better known to be free."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    plain = re.sub(r"^(alliancekit_)+", "", "_".join(words)).lstrip("0123456789_")[: LONGEST - 12].strip("_")
    plain = "" if plain == "alliancekit" else plain
    yield plain
    for start in (plain, f"my_{plain}" if plain else "my"):
        yield f"{start}_{ending}" if start and not start.endswith(ending) else start
    number = 2
    while True:
        yield f"{plain or 'my'}_{ending}_{number}"
        number += 1
