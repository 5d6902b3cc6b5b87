"""What all tests share: databases, plugins to install, and that in CI a skipped test is a failure."""

from __future__ import annotations

pytest_plugins = ["tests.postgres", "tests.databases", "tests.plugin_hosts", "tests.no_skips"]
