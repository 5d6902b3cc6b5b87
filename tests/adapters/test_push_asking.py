"""Who is asked after a call and who never is, told by a platform over HTTP from end to end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.services import MakeSite, Meeting, Site, full

from alliancekit.channels import Channel, Message
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit_push import Push, PushSettings

HALF_AN_HOUR = 1800.0
EXIT = "https://clinic.example/after"
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
_numbers = itertools.count(1)


class Nowhere(AllianceHooks):
    """A channel that takes everything."""

    async def send(self, message: Message) -> None:
        pass

    @hookimpl
    def register_channels(self) -> list[Channel]:
        return [Channel(name="nowhere", send=self.send)]


async def a_site(make_site: MakeSite, **settings: Any) -> Site:
    push = Push(PushSettings.model_validate({"secrets": [SECRET]}))
    prompts = {"link_after": 3600.0, "link_channel": "nowhere", "redirect_to": ("https://clinic.example",)}
    extra = [("push", push), ("nowhere", Nowhere())]
    return await make_site(extra=extra, prompts=prompts, **settings)


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await a_site(make_site)


def happening(kind: str, at: float, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "room": "meeting-1", "name": "visit-1", "at": at, **fields}


def joined(person: str, at: float, connection: str) -> dict[str, Any]:
    return happening("joined", at, person=person, connection=connection)


def left(person: str, at: float, connection: str, since: float, how: str = "left") -> dict[str, Any]:
    return happening("left", at, person=person, connection=connection, how=how, joined_at=since)


async def visit(site: Site) -> Meeting:
    return await site.session(adapter="push", room="visit-1")


async def tell(site: Site, *happenings: dict[str, Any]) -> None:
    """Post one signed message about the visit."""
    body = json.dumps({"happenings": happenings}).encode()
    message, at = f"msg_{next(_numbers)}", str(int(site.clock()))
    mac = hmac.new(KEY, f"{message}.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": message,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    reply = await site.http.post("/v1/adapters/push/events", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    await site.settle()


async def together(site: Site, seconds: float) -> float:
    """Client and therapist are in the call for a while; when it began."""
    began = site.clock()
    await tell(site, joined("c1", began, "a"), joined("t1", began, "b"))
    site.clock.now += seconds
    return began


async def over(site: Site, began: float, *people: str) -> None:
    """These leave, and the platform says that the call is over."""
    now = site.clock()
    connections = {"c1": "a", "t1": "b"}
    gone = [left(person, now, connections[person], began) for person in people]
    await tell(site, *gone, happening("over", now))


async def asked(site: Site, meeting: Meeting) -> dict[str, str]:
    """Role → status of the question about the call."""
    state = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    roles = {one.id: one.role for one in meeting.people}
    found = [one for one in state["prompts"] if one["moment"] == "end_of_call"]
    assert len({one["participant"] for one in found}) == len(found)
    return {roles[one["participant"]]: one["status"] for one in found}


async def exits(site: Site, meeting: Meeting) -> int:
    """What the client gets at the address to which the platform sends who leaves."""
    url = meeting.client.rating_url.partition("http://alliancekit.test")[2]
    return (await site.http.get(f"{url}?next={quote(EXIT, safe='')}")).status_code


BOTH = {"client": "open", "therapist": "open"}


async def test_after_a_usual_call_both_are_asked(site: Site) -> None:
    meeting = await visit(site)
    await over(site, await together(site, HALF_AN_HOUR), "c1", "t1")
    assert await asked(site, meeting) == BOTH


@pytest.mark.parametrize(("seconds", "expected"), [(299, {}), (300, BOTH)])
async def test_the_configured_minutes_together_are_needed(
    make_site: MakeSite, seconds: float, expected: dict[str, str]
) -> None:
    site = await a_site(make_site, call={"minimum_together": 300.0})
    meeting = await visit(site)
    began = await together(site, seconds)
    assert await exits(site, meeting) == (200 if expected else 303)
    await over(site, began, "c1", "t1")
    assert await asked(site, meeting) == expected


async def test_time_alone_is_no_time_together(site: Site) -> None:
    """The therapist waits half an hour, the client looks in for half a minute."""
    meeting = await visit(site)
    began = site.clock()
    await tell(site, joined("t1", began, "b"))
    site.clock.now += HALF_AN_HOUR
    now = site.clock()
    await tell(site, left("c1", now, "a", now - 30), left("t1", now, "b", began), happening("over", now))
    assert await asked(site, meeting) == {}


@pytest.mark.parametrize(
    ("how", "expected"),
    [("ejected", {"therapist": "open"}), ("declined", {"therapist": "open"}), ("dropped", BOTH)],
)
async def test_who_was_sent_out_of_the_call_is_not_asked(
    site: Site, how: str, expected: dict[str, str]
) -> None:
    meeting = await visit(site)
    began = await together(site, HALF_AN_HOUR)
    await tell(site, left("c1", site.clock(), "a", began, how))
    if how != "dropped":
        assert await exits(site, meeting) == 303
    await over(site, began, "t1")
    assert await asked(site, meeting) == expected


async def test_who_came_back_after_being_sent_out_is_asked(site: Site) -> None:
    meeting = await visit(site)
    began = await together(site, 600)
    await tell(site, left("c1", site.clock(), "a", began, "ejected"))
    site.clock.now += 5
    await tell(site, joined("c1", site.clock(), "a"))
    site.clock.now += 600
    await over(site, began, "c1", "t1")
    assert await asked(site, meeting) == BOTH


async def test_a_client_who_was_never_let_in_had_no_call(site: Site) -> None:
    meeting = await visit(site)
    began = site.clock()
    await tell(site, joined("t1", began, "b"))
    site.clock.now += HALF_AN_HOUR
    await tell(site, happening("left", site.clock(), person="c1", how="declined"))
    await over(site, began, "t1")
    assert await asked(site, meeting) == {}


async def test_nor_had_the_therapist_where_only_the_vendor_tells_the_end(site: Site) -> None:
    """Without any presence the vendor's word is enough, but not against what the platform said."""
    meeting = await visit(site)
    await tell(site, happening("left", site.clock(), person="t1", how="declined"))
    assert (await site.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
    await site.settle()
    assert await asked(site, meeting) == {}


@pytest.mark.parametrize("before", [True, False])
async def test_a_visit_that_was_called_off_asks_nobody(site: Site, before: bool) -> None:
    meeting = await visit(site)
    await tell(site, happening("cancelled" if before else "started", site.clock()))
    assert (await site.post(f"/v1/sessions/{meeting.id}/end")).status_code == 200
    await site.settle()
    if not before:
        assert await asked(site, meeting) == BOTH
        await tell(site, happening("cancelled", site.clock()))
    assert await asked(site, meeting) == ({} if before else dict.fromkeys(BOTH, "cancelled"))


# news that come when people are asked already -----------------------------------------------------


async def test_late_news_of_an_ejection_take_the_question_back(site: Site) -> None:
    meeting = await visit(site)
    began = await together(site, HALF_AN_HOUR)
    at = site.clock()
    await over(site, began, "t1")
    assert await asked(site, meeting) == BOTH
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    heard: list[str] = []

    async def page(text: str) -> None:
        heard.append(text)

    site.service.live.connect(("participant", meeting.client.id), page, lambda: None)
    await tell(site, left("c1", at, "a", began, "ejected"))
    await asyncio.sleep(0)
    assert await asked(site, meeting) == {"client": "cancelled", "therapist": "open"}
    assert await site.current(meeting.client.token) is None
    assert [json.loads(text) | {"seq": 0} for text in heard] == [
        {"type": "prompt_closed", "prompt": prompt["id"], "seq": 0}
    ]
    deliveries = (await site.get(f"/v1/prompts/{prompt['id']}")).json()["deliveries"]
    assert [(one["channel"], one["status"]) for one in deliveries] == [
        ("nowhere", "planned"),
        ("live", "unreachable"),
        ("nowhere", "cancelled"),
    ]
    reply = await site.respond(meeting.client.token, prompt["id"], full(prompt))
    assert reply.status_code == 409


async def test_an_answer_that_was_given_before_such_news_stays(site: Site) -> None:
    meeting = await visit(site)
    began = await together(site, HALF_AN_HOUR)
    await over(site, began, "t1")
    await site.answer(meeting.client.token)
    await tell(site, left("c1", site.clock(), "a", began, "ejected"))
    assert await asked(site, meeting) == {"client": "answered", "therapist": "open"}


async def test_who_was_asked_on_the_way_out_and_is_then_known_to_be_sent_out(site: Site) -> None:
    meeting = await visit(site)
    began = await together(site, HALF_AN_HOUR)
    assert await exits(site, meeting) == 200
    assert await asked(site, meeting) == {"client": "open"}
    await tell(site, left("c1", site.clock(), "a", began, "ejected"))
    assert await asked(site, meeting) == {"client": "cancelled"}
    assert await exits(site, meeting) == 303


async def test_a_question_during_the_call_ends_for_who_is_sent_out(site: Site) -> None:
    meeting = await visit(site)
    began = await together(site, HALF_AN_HOUR)
    await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": "in_call", "role": "client"})
    assert await site.current(meeting.client.token) is not None
    await tell(site, left("c1", site.clock(), "a", began, "ejected"))
    assert await site.current(meeting.client.token) is None
