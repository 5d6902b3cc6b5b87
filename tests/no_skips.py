"""With `CI=true` a skipped test or file is a failure: a check that does not run looks like a passed one."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest


def _refuse(report: Any) -> Any:
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI=true forbids: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """A skipped test."""
    return _refuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """A file that skips itself as a whole."""
    return _refuse((yield))
