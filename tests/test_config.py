"""Settings: precedence, refusals with suggestions, secrets that never show."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from alliancekit.config import Settings, effective, load, problems
from alliancekit.errors import ConfigError
from alliancekit.onward import Origin
from alliancekit.secret_refs import local_key, resolved
from alliancekit.sessions import CallPolicy

SECRET = "correct-horse-battery-staple-and-more"


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory without a configuration file, and no variable of ours."""
    for name in list(os.environ):
        if name.startswith("ALLIANCEKIT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "alliancekit.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def refused(**overrides: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**overrides)
    return str(caught.value)


def test_everything_has_a_safe_default() -> None:
    settings = load()
    assert settings.host == "127.0.0.1"
    assert (settings.base_url(), settings.token_issuer()) == ("http://127.0.0.1:8420", "alliancekit")
    assert settings.database().get_secret_value() == "sqlite:///.alliancekit/alliancekit.db"
    assert settings.call.policy() == CallPolicy()
    assert problems(settings) == []


def test_arguments_win_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("port = 1\nhost = 'from-file'\n[call]\ngrace = 1\ntimeout = 1\n")
    monkeypatch.setenv("ALLIANCEKIT_PORT", "2")
    monkeypatch.setenv("ALLIANCEKIT_CALL__GRACE", "2")
    settings = load(port=3)
    assert (settings.port, settings.host) == (3, "from-file")
    assert (settings.call.grace, settings.call.timeout) == (2, 1)
    assert load().port == 2


def test_the_named_file_wins_over_the_one_in_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    write("port = 1")
    write("port = 2", "other.toml")
    assert load().port == 1
    monkeypatch.setenv("ALLIANCEKIT_CONFIG", "other.toml")
    assert load().port == 2


def test_a_named_file_that_is_missing_or_broken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCEKIT_CONFIG", "absent.toml")
    assert "absent.toml cannot be read" in refused()
    write("port = = 1", "absent.toml")
    assert "not valid TOML" in refused()
    assert "line 1" in refused()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "prot: unknown setting, did you mean 'port'"),
        ("[call]\ngrce = 1", "call.grce: unknown setting, did you mean 'grace'"),
        ("[prompts]\nexpire = 1", "prompts.expire: unknown setting, did you mean 'expire_after'"),
        (
            "signing_keys = [{ kid = 'a', fiel = 'x' }]",
            "signing_keys.0.fiel: unknown setting, did you mean 'file'",
        ),
        ("entirely_else = 1", "entirely_else: unknown setting"),
        ("port = 70000", "port: Input should be less than or equal to 65535"),
        ("[call]\ngrace = -1", "call.grace: Input should be greater than or equal to 0"),
        ("[call]\ngrace = inf", "call.grace: Input should be a finite number"),
        (
            "[prompts]\nredirect_to = ['https://clinic.example/exit']",
            "prompts.redirect_to.0: must be an origin",
        ),
        (
            "[prompts]\nredirect_to = ['http://clinic.example']",
            "prompts.redirect_to.0: must begin with https",
        ),
        ("[prompts]\nlink_after = 3600", "prompts: link_after and link_channel belong together"),
        ("[prompts]\nlink_channel = 'sms'", "prompts: link_after and link_channel belong together"),
        (
            "[prompts]\nlink_channel = 'sms'\nlink_after = 600\nexpire_after = 600",
            "prompts: link_after must be shorter than expire_after",
        ),
        ("public_url = 'feedback.example'", "public_url: must start with http:// or https://"),
        ("[metrics]\ntoken = 'in-plain-text'", "metrics.token: Input should be"),
        ("[limits]\ntenant = 'often'", "limits.tenant: give a rate as 120/minute"),
        ("[log]\nformat = 'xml'", "log.format: Input should be 'text' or 'json'"),
        ("[health]\nleave_after = 3600", "health.leave_after: Input should be less than or equal to 60"),
        ("trusted_proxies = ['proxy']", "trusted_proxies.0"),
        ("signing_keys = [{ kid = 'a' }]", "signing_keys.0: give a secret as { env"),
        ("database_url = { env = 'A', file = 'B' }", "database_url: give a secret as { env"),
    ],
)
def test_mistakes_in_the_file_are_named(text: str, said: str) -> None:
    write(text)
    assert said in refused()


def test_the_ladder_by_file_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[prompts]\nlink_after = 3600\nredirect_to = ['https://*.Clinic.example']")
    monkeypatch.setenv("ALLIANCEKIT_PROMPTS__LINK_CHANNEL", "outbox_folder")
    found = load().prompts
    assert (found.link_after, found.link_channel) == (3600, "outbox_folder")
    assert found.origins() == (Origin("https", "clinic.example", 443, below=True),)
    shown = effective(load())["prompts"]
    assert (shown["link_after"], shown["redirect_to"]) == (3600, ["https://*.Clinic.example"])


def test_an_unknown_variable_is_refused_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCEKIT_DATABSE_URL", "x")
    assert "ALLIANCEKIT_DATABSE_URL: unknown setting, did you mean 'ALLIANCEKIT_DATABASE_URL" in refused()


def test_all_mistakes_are_named_at_once_without_their_values() -> None:
    message = refused(port=SECRET, call={"grace": SECRET}, database_url=[SECRET])
    assert "port:" in message
    assert "call.grace:" in message
    assert "database_url" in message
    assert SECRET not in message


def test_plugin_tables_are_kept_for_the_plugin_host(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[plugins.strain]\nenabled = true\nanything = [1, 2]")
    monkeypatch.setenv("ALLIANCEKIT_PLUGINS__STRAIN__LEVEL", "3")
    assert load().plugins == {"strain": {"enabled": True, "anything": [1, 2], "level": 3}}


def test_secrets_are_read_from_variables_and_files(monkeypatch: pytest.MonkeyPatch) -> None:
    write("signing_keys = [{ kid = 'new', env = 'ALLIANCEKIT_MY_KEY' }, { kid = 'old', file = 'old-key' }]")
    write(f"{SECRET}-old\n", "old-key")
    monkeypatch.setenv("ALLIANCEKIT_MY_KEY", SECRET)
    settings = load(database_url={"env": "ALLIANCEKIT_MY_KEY"})
    assert list(settings.keys().items()) == [("new", SECRET.encode()), ("old", f"{SECRET}-old".encode())]
    assert settings.database() == SecretStr(SECRET)


def test_the_short_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    write(f"  {SECRET}\n", "secret-file")
    monkeypatch.setenv("ALLIANCEKIT_DATABASE_URL_FILE", "secret-file")
    monkeypatch.setenv("ALLIANCEKIT_SIGNING_KEY", SECRET)
    assert load().database() == SecretStr(SECRET)
    assert load().keys() == {"env": SECRET.encode()}
    monkeypatch.setenv("ALLIANCEKIT_SIGNING_KEY_FILE", "secret-file")
    assert load().keys() == {"file": SECRET.encode()}


def test_every_secret_has_a_short_form_and_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write(f"  {SECRET}\n", "secret-file")
    short = ("DATABASE_URL", "SIGNING_KEY", "METRICS_TOKEN")
    for name in short:
        monkeypatch.setenv(f"ALLIANCEKIT_{name}_FILE", "secret-file")
    settings = load()
    assert settings.metrics.token is not None
    assert settings.metrics.token.read() == settings.database() == SecretStr(SECRET)
    assert settings.keys() == {"file": SECRET.encode()}
    assert SECRET not in str(effective(settings))
    for name in short:
        monkeypatch.delenv(f"ALLIANCEKIT_{name}_FILE")
        monkeypatch.setenv(f"ALLIANCEKIT_{name}", SECRET)
    settings = load()
    assert settings.metrics.token is not None
    assert settings.metrics.token.read() == settings.database() == SecretStr(SECRET)
    assert settings.keys() == {"env": SECRET.encode()}


def test_a_short_form_leaves_the_rest_of_its_table_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[metrics]\ntoken = { env = 'OTHER' }\n[log]\nformat = 'json'")
    monkeypatch.setenv("ALLIANCEKIT_LOG__LEVEL", "warning")
    assert (load().log.format, load().log.level) == ("json", "warning")
    assert load().metrics.token is not None
    with pytest.raises(ConfigError, match="OTHER"):
        load().metrics.token.read()  # type: ignore[union-attr]


def test_a_secret_that_is_not_there_is_a_problem_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    write("short", "short-key")
    write("\n", "empty")
    settings = load(
        database_url={"env": "NOT_SET"},
        signing_keys=[
            {"kid": "a", "file": "absent"},
            {"kid": "b", "file": "short-key"},
            {"kid": "c", "file": "empty"},
        ],
        metrics={"token": {"file": "short-key"}},
    )
    found = problems(settings)
    assert len(found) == 5
    assert "token of metrics has 5 bytes" in found[4]
    assert "NOT_SET" in found[0]
    assert "absent" in found[1]
    assert "'b' has 5 bytes" in found[2]
    assert "empty" in found[3]
    with pytest.raises(ConfigError):
        settings.keys()


def test_secrets_in_plugin_tables_are_resolved() -> None:
    write(SECRET, "hook-secret")
    table = {"export": {"secret": {"file": "hook-secret"}, "urls": [{"url": "x"}]}}
    assert resolved(table) == {"export": {"secret": SecretStr(SECRET), "urls": [{"url": "x"}]}}


def test_no_secret_is_shown() -> None:
    write(SECRET, "key")
    settings = load(
        database_url=f"postgresql://me:{SECRET}@db/x",
        signing_keys=[{"kid": "a", "file": "key"}],
        plugins={
            "export": {
                "api_key": SECRET,
                "token": {"value": SECRET},
                "list": [f"https://u:{SECRET}@h/"],
                "n": 3,
            },
            "other": {"secret": {"env": "SHOWN_NAME"}},
        },
    )
    shown = effective(settings)
    assert SECRET not in repr(shown)
    assert SECRET not in repr(settings.database())
    assert shown["database_url"] == "postgresql://me:********@db/x"
    assert shown["plugins"]["export"]["n"] == 3
    assert shown["plugins"]["other"] == {"secret": {"env": "SHOWN_NAME"}}
    assert shown["signing_keys"] == [{"kid": "a", "file": "key"}]


def test_every_setting_is_shown() -> None:
    assert set(Settings.model_fields) <= set(effective(load()))


def test_a_missing_key_is_generated_once_for_its_owner_only(empty_place: Path) -> None:
    settings = load(data_dir=empty_place / "data")
    effective(settings)
    assert not settings.data_dir.exists()
    first = settings.keys()
    assert len(first["local"]) >= 32
    assert settings.keys() == first
    assert stat.S_IMODE((settings.data_dir / "signing-key").stat().st_mode) == 0o600
    assert [p.name for p in settings.data_dir.iterdir()] == ["signing-key"]


def test_processes_that_start_together_get_one_key(empty_place: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: local_key(empty_place / "data"), range(8)))
    assert len(keys) == 1


def test_a_key_that_others_may_read_is_refused(empty_place: Path) -> None:
    local_key(empty_place)
    (empty_place / "signing-key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        local_key(empty_place)


def test_no_key_is_generated_for_a_shared_database() -> None:
    settings = load(database_url="postgresql://db/x")
    assert "no signing key" in problems(settings)[0]
    with pytest.raises(ConfigError, match="SIGNING_KEY_FILE"):
        settings.keys()
