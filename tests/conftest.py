"""What all tests share: databases, plugin hosts, running services; in CI a skipped test is a failure."""

from __future__ import annotations

pytest_plugins = [
    "tests.postgres",
    "tests.cheap_passwords",
    "tests.databases",
    "tests.plugin_hosts",
    "tests.services",
    "tests.no_skips",
]
