"""Whom a platform means, and what an adapter may begin once a message was applied."""

from __future__ import annotations

from typing import Any

import pytest
from typing_extensions import override

from alliancekit.adapters import Verified
from tests.services import MakeSite, Site
from tests.toy_platform import Toy, ToyPlatform, counts, post, said


class Beginning(Toy):
    """Keeps what it may begin with; fails when the message says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Any] = []

    @override
    def taken(self, message: Verified) -> None:
        self.begun.append(message.content["happenings"])
        if message.content.get("fail"):
            raise RuntimeError("Ana said something")


@pytest.fixture
def toy() -> ToyPlatform:
    platform = ToyPlatform()
    platform.adapter = Beginning()
    return platform


@pytest.fixture
async def site(make_site: MakeSite, toy: ToyPlatform, url: str) -> Site:
    """A service with the toy platform, on every database."""
    return await make_site(url=url, extra=[("toy", toy)])


def begun(toy: ToyPlatform) -> list[Any]:
    assert isinstance(toy.adapter, Beginning)
    return toy.adapter.begun


async def test_whom_the_platform_means(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    who, now = site.service.who, site.clock()
    assert await who("toy", "inst-1", person="c1") is None
    await post(site, said("joined", now, person="c1", connection="a"))
    client = await who("toy", "inst-1", person="c1")
    assert client is not None
    assert (client.id, client.role) == (meeting.client.id, "client")
    assert await who("toy", "inst-1", connection="a") == client
    assert await who("toy", "inst-1", person=meeting.client.id, connection="new") == client
    therapist = await who("toy", "inst-1", person="t1", connection="b")
    assert therapist is not None
    assert therapist.role == "therapist"
    for nobody in (
        {"person": "visitor"},
        {"person": "visitor", "connection": "a"},
        {"connection": "b"},
        {"connection": ""},
    ):
        assert await who("toy", "inst-1", **nobody) is None, nobody
    assert await who("toy", "inst-2", person="c1") is None
    assert await who("other", "inst-1", person="c1") is None


async def test_nobody_is_meant_once_the_call_is_over(site: Site) -> None:
    await site.session(adapter="toy", room="visit-1")
    now = site.clock()
    await post(site, said("joined", now, person="c1", connection="a"))
    await post(site, said("over", now + 1))
    assert await site.service.who("toy", "inst-1", person="c1") is None


async def test_an_adapter_begins_after_a_message_was_applied_and_not_when_it_comes_again(
    site: Site, toy: ToyPlatform
) -> None:
    await site.session(adapter="toy", room="visit-1")
    one = said("joined", site.clock(), person="c1", connection="a")
    for _ in range(3):
        assert (await post(site, one)).status_code == 200
    assert begun(toy) == [[one]]
    assert (await post(site, one, token="wrong")).status_code != 200
    nonsense = said("joined", -1.0, person="c1")
    assert (await post(site, nonsense)).status_code == 422
    assert begun(toy) == [[one]]


async def test_it_begins_with_messages_that_say_nothing_of_presence(site: Site, toy: ToyPlatform) -> None:
    assert (await post(site)).status_code == 200
    assert begun(toy) == [[]]


async def test_what_it_raises_changes_nothing(
    site: Site, toy: ToyPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    one = said("joined", site.clock(), person="c1", connection="a")
    assert (await post(site, one, fail=True)).status_code == 200
    assert begun(toy) == [[one]]
    found = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    assert len(found["segments"]) == 1
    assert (await counts(site))["taken"] == 1
    assert "RuntimeError" in caplog.text
    assert "Ana" not in caplog.text
