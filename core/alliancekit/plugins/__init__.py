"""Find, enable, load, verify and report plugins; `PluginHost` does all of it for one application.

config.py     what the configuration says about plugins
find.py       entry points: which plugins are installed, before any is imported
verify.py     whether a plugin keeps the hook contract
settings.py   build a plugin with its validated settings
data.py       the rows that plugins keep, and their migrations
registry.py   what the register hooks contributed
adapter_calls.py  what the host asks of adapters, limited and isolated
report.py     what was loaded, what was not, why, and what to do
status.py     how the plugins of a running service are doing, in a file
host.py       PluginHost
"""

from alliancekit.plugins.config import DEFAULT_PLUGINS, Limits, PluginsConfig
from alliancekit.plugins.host import PluginHost
from alliancekit.plugins.loader import Given
from alliancekit.plugins.report import LoadReport, PluginEntry

__all__ = ["DEFAULT_PLUGINS", "Given", "Limits", "LoadReport", "PluginEntry", "PluginHost", "PluginsConfig"]
