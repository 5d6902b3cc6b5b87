"""Prompts as Vonage signals, to a fake Vonage over HTTP; tokens are checked as Vonage does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from pydantic import SecretStr, ValidationError
from tests.adapters.fake_vonage import APPLICATION, FakeVonage, key, pem, read, running
from vonage_jwt import JwtClient

from alliancekit.adapters import PromptHint, Whereabouts
from alliancekit.errors import PluginError
from alliancekit.testing.fake_adapter import RecordingHost
from alliancekit_vonage import VonageSettings, VonageVideo
from alliancekit_vonage.rest import VonageError, VonageRest

ROOM = "2_MX4xMzExMjU3MX5-MTQ3MDI1NzY3OTkxOH45QXRr~=?"
HINT = PromptHint(
    tenant="ten_1",
    prompt="prm_1",
    session="ses_1",
    participant="par_client",
    role="client",
    moment="in_call",
)
HERE = Whereabouts(
    tenant="ten_1", session="ses_1", room=ROOM, name=ROOM, person="par_client", connections=("c-2", "c-1")
)


@pytest.fixture
async def vonage() -> AsyncIterator[FakeVonage]:
    async with running() as fake:
        yield fake


@pytest.fixture
def host() -> RecordingHost:
    host = RecordingHost()
    host.places["par_client"] = HERE
    return host


@pytest.fixture
async def adapter(vonage: FakeVonage, host: RecordingHost) -> AsyncIterator[VonageVideo]:
    adapter = VonageVideo(settings(api=vonage.url))
    await adapter.start(host)
    yield adapter
    await adapter.stop()


def settings(**more: Any) -> VonageSettings:
    return VonageSettings(application_id=APPLICATION, private_key=SecretStr(pem()), **more)


async def test_a_prompt_goes_to_the_latest_connection_with_ids_only(
    adapter: VonageVideo, vonage: FakeVonage
) -> None:
    assert adapter.capabilities.in_call_prompts
    assert await adapter.deliver(HINT)
    ((room, connection, kind, data),) = vonage.signals
    assert (room, connection, kind) == (ROOM, "c-2", "alliancekit")
    said = {"type": "prompt", "prompt": "prm_1", "moment": "in_call", "session": "ses_1"}
    assert json.loads(data) == said
    assert len(data.encode()) < 1024


async def test_it_is_taken_back_where_it_was_sent_and_once(adapter: VonageVideo, vonage: FakeVonage) -> None:
    await adapter.withdraw("prm_never_sent")
    assert vonage.signals == []
    assert await adapter.deliver(HINT)
    for _ in range(2):
        await adapter.withdraw("prm_1")
    (_, (room, connection, _, data)) = vonage.signals
    assert (room, connection) == (ROOM, "c-2")
    assert json.loads(data) == {"type": "prompt_closed", "prompt": "prm_1"}


@pytest.mark.parametrize("there", [None, replace(HERE, connections=())])
async def test_who_is_in_no_call_is_not_reached(
    adapter: VonageVideo, vonage: FakeVonage, host: RecordingHost, there: Whereabouts | None
) -> None:
    host.places = {} if there is None else {"par_client": there}
    assert not await adapter.deliver(HINT)
    assert vonage.signals == []


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 0])
async def test_what_vonage_refuses_or_leaves_waiting_is_not_delivered(
    adapter: VonageVideo, vonage: FakeVonage, status: int
) -> None:
    vonage.statuses = [status]
    assert not await adapter.deliver(HINT)
    await adapter.withdraw("prm_1")
    assert vonage.signals == []


async def test_nobody_answers(host: RecordingHost) -> None:
    adapter = VonageVideo(settings(api="http://127.0.0.1:9"))
    await adapter.start(host)
    assert not await adapter.deliver(HINT)
    await adapter.stop()


async def test_without_credentials_no_prompt_is_sent(host: RecordingHost) -> None:
    adapter = VonageVideo(VonageSettings())
    await adapter.start(host)
    assert not adapter.capabilities.in_call_prompts
    assert VonageVideo.capabilities.in_call_prompts
    assert not await adapter.deliver(HINT)
    await adapter.stop()


async def test_tokens_say_what_vonages_own_package_says() -> None:
    theirs = read(JwtClient(APPLICATION, pem()).generate_application_jwt().decode())
    rest = VonageRest(APPLICATION, pem(), "http://127.0.0.1:9")
    ours = read(rest._token())
    assert ours.keys() == theirs.keys()
    assert ours["exp"] - ours["iat"] == theirs["exp"] - theirs["iat"]
    assert ours["jti"] != read(rest._token())["jti"]
    session = read(rest._token(session_id=ROOM))
    assert session["acl"] == {"paths": {"/session/**": {}}}
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(rest._token() + "AA", key().public_key(), algorithms=["RS256"])
    await rest.close()


async def test_a_connection_that_has_ended_already_is_ended(vonage: FakeVonage) -> None:
    rest = VonageRest(APPLICATION, pem(), vonage.url)
    vonage.statuses = [404, 403, 503]
    await rest.disconnect(ROOM, "c-1")
    for again in (False, True):
        with pytest.raises(VonageError) as caught:
            await rest.disconnect(ROOM, "c-1")
        assert caught.value.again is again
    await rest.close()


@pytest.mark.parametrize("given", ["no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_private_key_that_is_none_is_said_when_the_plugin_is_loaded(given: str) -> None:
    with pytest.raises(PluginError, match="private_key") as caught:
        VonageVideo(VonageSettings(application_id=APPLICATION, private_key=SecretStr(given)))
    assert given not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"application_id": APPLICATION},
        {"private_key": "key"},
        {"application_id": "not/one", "private_key": "key"},
        {"listen": True},
        {"application_id": APPLICATION, "private_key": "key", "listen": True},
        {"api": "ftp://video.example.org"},
        {"public_url": "feedback.example.org"},
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VonageSettings.model_validate(wrong)
