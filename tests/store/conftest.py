"""Without a PostgreSQL on the machine its own tests are left out; with CI set that is a failure."""

from __future__ import annotations

from tests.postgres import binaries

collect_ignore = [] if binaries() else ["test_postgres.py"]
