"""What the commands about measures share: the configured plugins and all instruments of this deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from alliancekit.instruments.catalogue import Instruments
    from alliancekit.instruments.site import Deployed
    from alliancekit.plugins import PluginHost


def host_and_folder(changed: Mapping[str, Mapping[str, Any]] | None = None) -> tuple[PluginHost, Path]:
    """The configured plugins, loaded, and the site's folder; a plugin that failed is said.

    Args:
        changed: plugin → settings that replace configured ones.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.service import plugins_config

    settings = load()
    config = plugins_config(settings)
    for plugin, values in (changed or {}).items():
        merged = {**config.settings.get(plugin, {}), **values}
        config = config.model_copy(update={"settings": {**config.settings, plugin: merged}})
    host = PluginHost(config)
    for entry in host.load().entries:
        if entry.status == "failed":
            typer.echo(
                f"The plugin {entry.name!r} failed: what it brings is not here. {entry.reason}", err=True
            )
    return host, settings.measures_folder()


def registered_and_folder() -> tuple[Instruments, Path]:
    """What the configured plugins bring, and the site's folder.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    host, folder = host_and_folder()
    return host.instruments, folder


def deployment() -> Deployed:
    """All instruments of this deployment, as the service has them.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    from alliancekit.instruments.site import deployed

    return deployed(*registered_and_folder())
