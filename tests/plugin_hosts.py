"""Plugin hosts for tests, and real distributions to find in a temporary folder."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins import PluginHost, PluginsConfig

GOOD = """
from alliancekit.hookspecs import AllianceHooks, hookimpl
class Plugin(AllianceHooks):
    @hookimpl
    async def session_started(self, event):
        pass
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution with one module that offers one plugin."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def make(
        name: str,
        source: str = GOOD,
        *,
        distribution: str = "",
        module: str = "",
        group: str = "plugins",
        requires: str = "",
    ) -> None:
        distribution = distribution or f"alliancekit-{name}"
        module = module or f"alliancekit_test_{name}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n{requires}"
        )
        (info / "entry_points.txt").write_text(f"[alliancekit.{group}]\n{name} = {module}:Plugin\n")

    yield make
    for loaded in set(sys.modules) - before:
        if loaded.startswith("alliancekit_test_"):
            del sys.modules[loaded]


def loaded(*enabled: str, **config: Any) -> PluginHost:
    host = PluginHost(PluginsConfig(enabled=list(enabled), **config))
    host.load()
    return host


def with_code(*extra: tuple[str, Any], **config: Any) -> PluginHost:
    host = PluginHost(PluginsConfig(**config), extra=extra, discover=False)
    host.load()
    return host


def reason_for(plugin: type[AllianceHooks]) -> str:
    """Why the host does not run this plugin."""
    entry = with_code(("it", plugin)).report["it"]
    assert entry.status == "failed"
    assert entry.hooks == ()
    return entry.reason
