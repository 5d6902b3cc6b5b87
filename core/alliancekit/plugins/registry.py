"""What plugins contribute at start through the register hooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alliancekit.adapters import Adapter, Route
from alliancekit.channels import Channel
from alliancekit.errors import PluginError
from alliancekit.events import RuleInfo, Style
from alliancekit.exports import Exporter
from alliancekit.hookspecs import AllianceHooks
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.model import Instrument
from alliancekit.languages import Language
from alliancekit.languages.checks import check, remarks
from alliancekit.languages.wording import worded
from alliancekit.pages import Page
from alliancekit.plugins.verify import MARK


class Registry:
    """What plugins contributed, by name; the first plugin in configured order keeps a name."""

    def __init__(self) -> None:
        self.instruments = Instruments()
        self.styles: dict[str, Style] = {}
        self.rules: dict[str, RuleInfo] = {}
        self.adapters: dict[str, tuple[str, Adapter]] = {}
        self.routes: dict[tuple[str, str, str], Route] = {}
        self.channels: dict[str, tuple[str, Channel]] = {}
        self.exporters: dict[str, tuple[str, Exporter]] = {}
        self.languages: dict[str, Language] = {}
        self.pages: dict[tuple[str, str], Page] = {}
        self._owners: dict[tuple[str, ...], str] = {}

    def take(self, plugin: str, hooks: AllianceHooks) -> list[str]:
        """Call a plugin's register hooks and keep all that they return, or nothing of it.

        Returns: what its author should know, although it runs.

        Raises:
            PluginError: a value has the wrong type, a name is taken, or a language is not complete.
            BaseException: whatever the plugin raises.
        """
        instruments = _returned(hooks, "register_instruments", Instrument)
        styles = _returned(hooks, "register_styles", Style)
        rules = _returned(hooks, "register_rules", RuleInfo)
        adapters = _returned(hooks, "register_adapters", Adapter)
        routes = _returned(hooks, "register_routes", Route)
        channels = _returned(hooks, "register_channels", Channel)
        exporters = _returned(hooks, "register_exporters", Exporter)
        languages = _returned(hooks, "register_languages", Language)
        pages = _returned(hooks, "register_pages", Page)
        claims: list[tuple[str, ...]] = [("instrument", one.name, one.form) for one in instruments]
        claims += [("style", one.name) for one in styles]
        claims += [("rule", one.name) for one in rules]
        claims += [("adapter", one.name) for one in adapters]
        claims += [("route", plugin, one.method, one.path.strip("/")) for one in routes]
        claims += [("channel", one.name) for one in channels]
        claims += [("exporter", one.name) for one in exporters]
        claims += [("language", str(one.tag).lower()) for one in languages]
        claims += [("page", plugin, one.path) for one in pages]
        self._check(plugin, claims)
        known = {(one.name, one.form): one for one in (*self.instruments, *instruments)}
        for language in languages:
            check(language, known)
        for instrument in instruments:
            self.instruments.add(instrument)
        self.styles |= {style.name: style for style in styles}
        self.rules |= {rule.name: rule for rule in rules}
        self.adapters |= {one.name: (plugin, one) for one in adapters}
        self.routes |= {(plugin, one.method, one.path.strip("/")): one for one in routes}
        self.channels |= {one.name: (plugin, one) for one in channels}
        self.exporters |= {one.name: (plugin, one) for one in exporters}
        self.pages |= {(plugin, one.path): one for one in pages}
        for language in languages:
            self._speak(language)
        self._owners |= dict.fromkeys(claims, plugin)
        return [remark for language in languages for remark in remarks(language, known)]

    def owners(self, kind: str) -> dict[str, str]:
        """Name → the plugin that brought it, of one kind of contribution."""
        return {claim[1]: owner for claim, owner in self._owners.items() if claim[0] == kind}

    def forget(self, plugin: str) -> None:
        """Take back what a plugin would do; what it told (instruments, styles) stays."""
        for kind, *name in [claim for claim, owner in self._owners.items() if owner == plugin]:
            if kind == "adapter":
                del self.adapters[name[0]]
            elif kind == "exporter":
                del self.exporters[name[0]]
            elif kind == "channel":
                del self.channels[name[0]]
            elif kind == "page":
                del self.pages[name[0], name[1]]
            elif kind == "language":
                del self.languages[name[0]]

    def _speak(self, language: Language) -> None:
        self.languages[language.tag.lower()] = language
        for one in language.instruments:
            if (one.instrument, one.form) in self.instruments:
                there = self.instruments.get(one.instrument, one.form)
                self.instruments.replace(worded(there, language.tag, one.texts))

    def _check(self, plugin: str, claims: Sequence[tuple[str, ...]]) -> None:
        for number, claim in enumerate(claims):
            owner = plugin if claim in claims[:number] else self._owners.get(claim)
            if owner is not None:
                raise PluginError(
                    f"the {' '.join(claim)} is already registered by plugin {owner}.",
                    fix="Rename it, or add one of the two plugins to plugins.disabled.",
                )


def _returned(hooks: AllianceHooks, hook: str, kind: type[Any]) -> list[Any]:
    function = getattr(hooks, hook)
    if not hasattr(function, MARK):
        return []
    values = function()
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise PluginError(f"{hook} returned {type(values).__name__}, expected a sequence of {kind.__name__}.")
    for value in values:
        if not isinstance(value, kind):
            raise PluginError(
                f"{hook} returned a sequence with {type(value).__name__}, expected {kind.__name__}."
            )
    return list(values)
