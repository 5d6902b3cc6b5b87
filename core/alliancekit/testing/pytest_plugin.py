"""The fixtures of the test kit; pytest finds them where AllianceKit is installed.

Nothing of AllianceKit is imported before a test asks for a fixture: the kit costs other test runs nothing,
and a plugin's own modules are imported late enough to be measured by coverage.

None of the fixtures needs an event loop, so they work with every plugin that runs asynchronous tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from alliancekit.testing.alliance import Alliance
    from alliancekit.testing.episode import Episode
    from alliancekit.testing.fake_adapter import FakeAdapter
    from alliancekit.testing.fake_clock import FakeClock
    from alliancekit.testing.fake_session import FakeSession
    from alliancekit.testing.site import Site


pytest.register_assert_rewrite("alliancekit.testing.adapter_contract", "alliancekit.testing.site")


@pytest.fixture
def alliance() -> Callable[..., Alliance]:
    """Makes hosts with only the plugins passed: `alliance(MyPlugin)`, `alliance((MyPlugin, {"drop": 5}))`."""
    from alliancekit.testing.alliance import Alliance

    return Alliance


@pytest.fixture
def fake_clock() -> FakeClock:
    """Time that goes on only when told to; the other fixtures of the test share it."""
    from alliancekit.testing.fake_clock import FakeClock

    return FakeClock()


@pytest.fixture
def fake_session(fake_clock: FakeClock) -> FakeSession:
    """The events of one session: `fake_session.started()`, `.captured({"bond": 40})`, `.ended()`."""
    from alliancekit.testing.fake_session import FakeSession

    return FakeSession(clock=fake_clock)


@pytest.fixture
def fake_adapter(fake_clock: FakeClock) -> FakeAdapter:
    """A platform that says what the test tells it to, and keeps what was delivered."""
    from alliancekit.testing.fake_adapter import FakeAdapter

    return FakeAdapter(clock=fake_clock)


@pytest.fixture
def episode() -> type[Episode]:
    """Makes a course of sessions in one line: `episode(scores=[80, 82, 60])`."""
    from alliancekit.testing.episode import Episode

    return Episode


@pytest.fixture(scope="session")
def alliancekit_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file at the newest schema; each `client` works on a copy of it."""
    from alliancekit.store.migrate import upgrade

    path = tmp_path_factory.mktemp("alliancekit") / "alliancekit.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def client(tmp_path: Path, alliancekit_database: Path) -> Callable[..., AbstractAsyncContextManager[Site]]:
    """Makes whole services over HTTP, each on a database of its own.

    Used as `async with client(MyPlugin) as site`, then `await site.post("/v1/sessions", …)`. The plugins
    passed run beside the usual ones and are asked before them, in the order in which they are passed;
    `plugins={"enabled": []}` switches the usual ones off.
    """
    import shutil

    from alliancekit.plugins import DEFAULT_PLUGINS
    from alliancekit.testing.alliance import name_of
    from alliancekit.testing.site import PLAIN, running_site

    count = 0

    def make(*given: Any, plugins: Any = PLAIN, **options: Any) -> AbstractAsyncContextManager[Site]:
        nonlocal count
        count += 1
        directory = tmp_path / f"alliancekit-{count}"
        directory.mkdir()
        shutil.copy(alliancekit_database, directory / "alliancekit.db")
        settings = {name_of(one): dict(one[1]) for one in given if isinstance(one, tuple)}
        table = {**plugins, "settings": {**plugins.get("settings", {}), **settings}}
        # A plugin passed under the name of a usual one takes its place.
        placed = {*table.get("also", ()), *table.get("enabled", DEFAULT_PLUGINS)}
        first = [name for name in map(name_of, given) if name not in placed]
        table["also"] = [*first, *table.get("also", ())]
        extra = [(name_of(one), one[0] if isinstance(one, tuple) else one) for one in given]
        return running_site(directory, extra=extra, plugins=table, **options)

    return make
