"""A fixture: passwords cost the least that Argon2 knows, for tests of something else."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from alliancekit import passwords


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """The hasher that is used instead."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    nobodys = cheap.hash("nobody's password")
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    monkeypatch.setattr(passwords, "_nobodys", lambda: nobodys)
    return cheap
