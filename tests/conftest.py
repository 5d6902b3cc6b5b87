"""What all tests share: the databases, and that a skipped test is a failure in continuous integration."""

from __future__ import annotations

pytest_plugins = ["tests.postgres", "tests.databases", "tests.services", "tests.no_skips"]
