"""Settings of plugins: secrets by reference only, whatever the plugin's model calls them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from alliancekit.config import Settings
from alliancekit.hookspecs import AllianceHooks
from alliancekit.service import plugins_config
from tests.plugin_hosts import with_code

PLAIN = "in-plain-sight-4711"


class Gateway(BaseModel):
    url: str = ""
    pass_phrase: SecretStr | None = None


class Options(BaseModel):
    key_of_site: SecretStr | None = None
    api_key: str = ""
    token_url: str = ""
    gateway: Gateway = Gateway()


class Sender(AllianceHooks):
    def __init__(self, settings: Options) -> None:
        self.settings = settings


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({"key_of_site": PLAIN}, "key_of_site"),
        ({"api_key": PLAIN}, "api_key"),
        ({"gateway": {"pass_phrase": PLAIN}}, "gateway.pass_phrase"),
    ],
)
def test_a_secret_in_plain_text_is_refused_with_what_to_do(table: Any, field: str) -> None:
    entry = with_code(("sender", Sender), settings={"sender": table}).report["sender"]
    assert entry.status == "failed"
    assert f'{field}: a secret in plain text; give it as {{ env = "NAME" }}' in entry.reason
    assert ("SecretStr" in entry.reason) == (field == "api_key")
    assert PLAIN not in entry.reason + entry.fix


def test_a_reference_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_KEY", PLAIN)
    reference = {"env": "SITE_KEY"}
    table = {"key_of_site": reference, "gateway": {"pass_phrase": reference, "url": "https://x"}}
    settings = Settings(plugins={"settings": {"sender": table}, "enabled": ["sender"]})
    made: list[Sender] = []

    class Watched(Sender):
        def __init__(self, settings: Options) -> None:
            super().__init__(settings)
            made.append(self)

    config = plugins_config(settings)
    host = with_code(("sender", Watched), **config.model_dump(include={"settings", "enabled"}))
    assert host.report["sender"].status == "loaded", host.report["sender"].reason
    found = made[0].settings
    assert found.key_of_site is not None
    assert found.key_of_site.get_secret_value() == PLAIN
    assert found.gateway.pass_phrase == found.key_of_site
    assert PLAIN not in repr(found)


def test_other_texts_are_no_secrets() -> None:
    table = {"token_url": "https://x", "gateway": {"url": "https://y"}, "api_key": ""}
    host = with_code(("sender", Sender), settings={"sender": table})
    assert host.report["sender"].status == "loaded", host.report["sender"].reason
