"""Fixtures that several parts of the suite share."""

from __future__ import annotations

pytest_plugins = ["tests.postgres", "tests.databases"]
