"""What the commands about measures share: all instruments of this deployment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from alliancekit.instruments.catalogue import Instruments
    from alliancekit.instruments.site import Deployed


def registered_and_folder() -> tuple[Instruments, Path]:
    """What the configured plugins bring, and the site's folder; a plugin that failed is said.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    from alliancekit.config import load
    from alliancekit.plugins import PluginHost
    from alliancekit.service import plugins_config

    settings = load()
    host = PluginHost(plugins_config(settings))
    for entry in host.load().entries:
        if entry.status == "failed":
            typer.echo(
                f"The plugin {entry.name!r} failed: what it brings is not here. {entry.reason}", err=True
            )
    return host.instruments, settings.measures_folder()


def deployment() -> Deployed:
    """All instruments of this deployment, as the service has them.

    Raises:
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    from alliancekit.instruments.site import deployed

    return deployed(*registered_and_folder())
