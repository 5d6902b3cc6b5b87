"""`alliancekit plugins check` as a process: the ladder, the settings table, JSON and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.programs import run

PLUGIN = '''"""One plugin."""

from pydantic import BaseModel, ConfigDict, SecretStr

from alliancekit.hookspecs import AllianceHooks, hookimpl


class Settings(BaseModel):
    """What a site may set.

    Attributes:
        url: where
            the other service is.
        token: for the other service.
    """

    model_config = ConfigDict(extra="forbid")

    url: str
    token: SecretStr | None = None


class Sends(AllianceHooks):
    """Sends what happens to another service."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @hookimpl
    async def session_started(self, event):
        print("started")
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "sends.py"
    path.write_text(PLUGIN)
    return path


def test_an_installed_plugin_shows_its_ladder(tmp_path: Path) -> None:
    done = run("plugins", "check", "strain", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "strain (alliancekit_strain): gold" in done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines()[1:]] == ["bronze", "silver", "gold"]


def test_below_bronze_is_three_and_says_what_is_missing(plugin: Path, tmp_path: Path) -> None:
    done = run("plugins", "check", str(plugin), folder=tmp_path)
    assert done.returncode == 3
    assert "start: it does not start: its settings do not fit: url: Field required." in done.stdout
    assert "Missing for bronze: start" in done.stdout


def test_the_configuration_s_table_is_used(plugin: Path, tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text('[plugins.settings.sends]\nurl = "http://127.0.0.1"\n')
    done = run("plugins", "check", str(plugin), "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = json.loads(done.stdout)
    assert (report["plugin"], report["rung"], report["next"]) == ("sends", "bronze", "silver")
    assert [(one["check"], one["rung"]) for one in report["findings"]] == [("quiet", "silver")]


def test_the_settings_as_documentation(plugin: Path, tmp_path: Path) -> None:
    done = run("plugins", "check", str(plugin), "--settings", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "`[plugins.settings.sends]`",
        "",
        "| name | type | default | what it does |",
        "|---|---|---|---|",
        "| `url` | str | required | where the other service is. |",
        "| `token` | SecretStr or none | none | for the other service."
        ' A secret: give `{ env = "NAME" }` or `{ file = "PATH" }`. |',
    ]
    done = run("plugins", "check", "talk_balance", "--settings", "--json", folder=tmp_path)
    assert [one["name"] for one in json.loads(done.stdout)["talk_balance"]] == [
        "least_speech",
        "pause",
        "back_channel",
    ]


def test_a_project_folder_is_checked_by_its_entry_points(plugin: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "src" / "alliancekit_sends").mkdir(parents=True)
    body = PLUGIN.replace("    url: str\n", '    url: str = ""\n').replace('print("started")', "pass")
    (project / "src" / "alliancekit_sends" / "__init__.py").write_text(body)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "sends"\n'
        '[project.entry-points."alliancekit.plugins"]\nsends = "alliancekit_sends:Sends"\n'
    )
    for place in (project, project / "src" / "alliancekit_sends"):
        done = run("plugins", "check", str(place), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "sends (alliancekit_sends): gold" in done.stdout


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("strane", "Did you mean 'strain'?"),
        (".", "neither __init__.py nor pyproject.toml"),
        ("empty.py", "holds no plugin"),
    ],
)
def test_what_holds_no_plugin_is_refused(place: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    done = run("plugins", "check", place, folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_thread_that_never_ends_does_not_keep_the_command(plugin: Path, tmp_path: Path) -> None:
    waits = "import threading; threading.Thread(target=threading.Event().wait).start()"
    body = PLUGIN.replace("    url: str\n", '    url: str = ""\n').replace('print("started")', waits)
    plugin.write_text(body)
    done = run("plugins", "check", str(plugin), folder=tmp_path)
    assert done.returncode == 0
    assert "still runs after the last call" in done.stdout
