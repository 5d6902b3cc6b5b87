"""What platforms post, applied once: rooms find their sessions, whatever comes when."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import pytest
from sqlalchemy import select

from alliancekit import inbound
from alliancekit.adapters import Happening, Rejected
from alliancekit.errors import StoreError
from alliancekit.store import inbound as store
from alliancekit.store import presence, tenants
from alliancekit.store.tables import inbound_message, prompt, room
from tests.services import MakeSite, Meeting, Site
from tests.toy_platform import ToyPlatform, counts, post, said


@pytest.fixture
def toy() -> ToyPlatform:
    return ToyPlatform()


@pytest.fixture
async def site(make_site: MakeSite, toy: ToyPlatform, url: str) -> Site:
    """A service with the toy platform, on every database."""
    return await make_site(url=url, extra=[("toy", toy)])


async def state(site: Site, meeting: Meeting) -> dict[str, Any]:
    found: dict[str, Any] = (await site.get(f"/v1/sessions/{meeting.id}")).json()
    return found


async def asked(site: Site, meeting: Meeting) -> list[str]:
    """The roles of who was asked to rate; twice, if asked twice."""
    await site.settle()
    roles = {one.id: one.role for one in meeting.people}

    def work(conn):
        query = select(prompt.c.participant).where(prompt.c.session == meeting.id)
        return [roles[one] for one in conn.execute(query.where(prompt.c.moment == "end_of_call")).scalars()]

    return sorted(await site.service.database.read(work))


def visit(start: float, room: str = "inst-1", name: str = "visit-1") -> list[dict[str, Any]]:
    """A call in which the client's connection is lost once."""

    def one(kind: str, after: float, **fields: Any) -> dict[str, Any]:
        return said(kind, start + after, room, name, **fields)

    return [
        one("started", 0),
        one("joined", 5, person="t1", connection="t"),
        one("joined", 10, person="c1", connection="a"),
        one("left", 300, person="c1", connection="a", how="dropped", joined_at=start + 10),
        one("joined", 310, person="c1", connection="b"),
        one("spoke", 400, person="c1", seconds=20.0),
        one("spoke", 440, person="t1", seconds=30.0),
        one("left", 1800, person="c1", connection="b", joined_at=start + 310),
        one("left", 1805, person="t1", connection="t", joined_at=start + 5),
        one("over", 1810),
    ]


# rooms ------------------------------------------------------------------------------------------------


async def test_a_room_is_bound_by_its_name_to_the_newest_session_and_then_by_instance(site: Site) -> None:
    older = await site.session(adapter="toy", room="weekly")
    site.clock.now += 60
    newer = await site.session(adapter="toy", room="weekly")
    now = site.clock()
    await post(site, said("joined", now, "inst-1", "weekly", person="c1", connection="a"))
    await post(site, said("joined", now, "inst-1", "", person="t1", connection="b"))
    site.clock.now += 2
    await post(site, said("over", now + 1, "inst-1", "another name"))
    assert len((await state(site, newer))["segments"]) == 2
    assert (await state(site, newer))["status"] == "ended"
    assert (await state(site, older))["segments"] == []
    await post(site, said("joined", now + 2, "inst-2", "weekly", person="c1"))
    assert len((await state(site, older))["segments"]) == 1


async def test_a_session_can_name_the_instance_itself(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="inst-9")
    await post(site, said("joined", site.clock(), "inst-9", "", person="c1"))
    assert len((await state(site, meeting))["segments"]) == 1


async def test_the_room_can_be_named_later_but_not_changed(site: Site) -> None:
    meeting = await site.session(external_id="m", episode="e")
    for name in ("visit-1", "visit-2"):
        again = await site.session(external_id="m", episode="e", adapter="toy", room=name)
        assert again.id == meeting.id
    await post(site, said("joined", site.clock(), "inst-2", "visit-2", person="c1"))
    assert (await state(site, meeting))["segments"] == []
    await post(site, said("joined", site.clock(), "inst-1", "visit-1", person="c1"))
    assert len((await state(site, meeting))["segments"]) == 1


async def test_a_room_name_of_another_adapter_binds_nothing(site: Site) -> None:
    await site.session(adapter="other", room="visit-1")
    await post(site, said("joined", site.clock(), person="c1"))
    assert (await counts(site))["unknown_rooms"] == 1


async def test_one_message_about_two_rooms_is_applied_whole(site: Site) -> None:
    first = await site.session(adapter="toy", room="visit-1")
    second = await site.session(adapter="toy", room="visit-2")
    now = site.clock()
    await post(
        site,
        said("joined", now, "inst-1", "visit-1", person="c1"),
        said("joined", now, "inst-2", "visit-2", person="c1"),
        said("joined", now, "inst-3", "visit-3", person="c1"),
    )
    assert [len((await state(site, one))["segments"]) for one in (first, second)] == [1, 1]
    found = await counts(site)
    assert (found["taken"], found["unknown_rooms"]) == (1, 1)


# people -----------------------------------------------------------------------------------------------


async def test_strangers_are_counted_and_never_stored(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, said("joined", site.clock(), person="Ana Example", connection="x"))
    assert (await state(site, meeting))["segments"] == []
    assert "Ana" not in repr(await site.rows())
    assert (await counts(site))["strangers"] == 1


async def test_people_are_found_by_our_id_too_and_never_when_an_id_is_of_two(site: Site) -> None:
    people = [{"role": role, "external_id": "same"} for role in ("client", "therapist")]
    meeting = await site.session(adapter="toy", room="visit-1", participants=people)
    await post(site, said("joined", site.clock(), person="same", connection="a"))
    assert (await state(site, meeting))["segments"] == []
    await post(site, said("joined", site.clock(), person=meeting.client.id, connection="b"))
    assert [one["role"] for one in (await state(site, meeting))["segments"]] == ["client"]


async def test_who_left_without_a_name_is_known_by_the_connection(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    await post(site, said("joined", start, person="c1", connection="a"))
    site.clock.now += 60
    await post(site, said("left", start + 60, connection="a"))
    (segment,) = (await state(site, meeting))["segments"]
    assert (segment["role"], segment["left_at"], segment["how"]) == ("client", start + 60, "left")


@pytest.mark.parametrize(("how", "expected"), [("ejected", ["therapist"]), ("left", ["client", "therapist"])])
async def test_who_was_sent_out_is_not_asked(site: Site, how: str, expected: list[str]) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    happened = visit(site.clock())
    happened[7]["how"] = how
    site.clock.now += 1900
    for one in happened:
        await post(site, one)
    assert await asked(site, meeting) == expected


async def test_who_was_let_in_again_is_asked(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    happened = visit(site.clock())
    happened[3]["how"] = "ejected"
    site.clock.now += 1900
    for one in happened:
        await post(site, one)
    assert await asked(site, meeting) == ["client", "therapist"]


async def test_a_visit_that_is_called_off_ends_and_asks_nobody(site: Site) -> None:
    """Although a session without any presence asks on the vendor's word."""
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, said("cancelled", site.clock()))
    assert (await state(site, meeting))["status"] == "ended"
    assert await asked(site, meeting) == []
    told = await site.session(adapter="toy", room="visit-2")
    await site.post(f"/v1/sessions/{told.id}/end")
    assert await asked(site, told) == ["client", "therapist"]


# order, repetition, loss ------------------------------------------------------------------------------


async def test_whatever_comes_when_and_how_often_it_is_one_session(site: Site) -> None:
    """Same segments, same speech, everybody asked once."""
    found: list[Any] = []
    start = site.clock()
    site.clock.now += 2000
    for number in range(8):
        meeting = await site.session(adapter="toy", room=f"visit-{number}")
        messages = visit(start, f"inst-{number}", f"visit-{number}")
        chance = random.Random(number)
        if number:
            messages += chance.sample(messages, k=3)
            chance.shuffle(messages)
        for one in messages:
            assert (await post(site, one, nonce=chance.random())).status_code == 200
        assert await asked(site, meeting) == ["client", "therapist"]
        shown = await state(site, meeting)
        segments = [(s["role"], s["joined_at"], s["left_at"], s["how"]) for s in shown["segments"]]
        heard = await site.service.database.read(
            lambda conn, meeting=meeting: presence.speech(conn, site.tenant, meeting.id)
        )
        found.append((segments, shown["status"], shown["started_at"], shown["seconds"], heard))
    assert found[0][0] == [
        ("therapist", start + 5, start + 1805, "left"),
        ("client", start + 10, start + 300, "dropped"),
        ("client", start + 310, start + 1800, "left"),
    ]
    assert [(s.role, s.start, s.end) for s in found[0][-1]] == [
        ("client", start + 380, start + 400),
        ("therapist", start + 410, start + 440),
    ]
    for one in found[1:]:
        assert one == found[0]


async def test_with_any_one_message_lost_nobody_is_asked_twice(site: Site) -> None:
    for lost in range(len(visit(0.0))):
        start = site.clock()
        site.clock.now += 2000
        meeting = await site.session(adapter="toy", room=f"visit-{lost}")
        for number, one in enumerate(visit(start, f"inst-{lost}", f"visit-{lost}")):
            if number != lost:
                await post(site, one)
        site.clock.now += 5 * 3600
        await site.service.calls.report(site.tenant, meeting.id, ())
        assert await asked(site, meeting) == ["client", "therapist"], f"message {lost} lost"


async def test_the_same_message_at_once_is_taken_once(site: Site) -> None:
    await site.session(adapter="toy", room="visit-1")
    message = said("joined", site.clock(), person="c1")
    replies = await asyncio.gather(*(post(site, message) for _ in range(5)))
    assert {one.status_code for one in replies} == {200}
    found = await counts(site)
    assert (found["taken"], found["refused"]) == (1, {"repeated": 4})


async def test_a_failure_while_applying_leaves_nothing_and_the_message_can_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    message = said("joined", site.clock(), person="c1")
    before = await site.rows()

    def fails(*_: Any, **__: Any) -> None:
        raise StoreError("The disk is full. Nothing was stored.")

    with monkeypatch.context() as patch:
        patch.setattr(inbound.calls, "apply", fails)
        reply = await post(site, message)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert await site.rows() == before
    assert (await post(site, message)).status_code == 200
    assert len((await state(site, meeting))["segments"]) == 1


async def test_taken_messages_are_forgotten_after_a_month(site: Site) -> None:
    await site.session(adapter="toy", room="visit-1")
    await post(site, said("joined", site.clock(), person="c1"))
    site.clock.now += inbound.KEEP_SECONDS + 1
    await post(site, said("joined", site.clock(), person="t1"))

    def work(conn):
        return conn.execute(select(inbound_message.c.received_at)).scalars().all()

    assert await site.service.database.read(work) == [site.clock()]


# trust ------------------------------------------------------------------------------------------------


async def test_a_tenant_can_demand_signatures(site: Site, toy: ToyPlatform) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await site.service.database.write(
        lambda conn: tenants.set_settings(conn, site.tenant, {"require_signed": True})
    )
    reply = await post(site, said("joined", site.clock(), person="c1"))
    assert reply.status_code == 400
    assert reply.json()["type"].endswith("weak")
    assert (await state(site, meeting))["segments"] == []
    assert (await counts(site))["refused"] == {"weak": 1}
    _, key = await site.another_tenant()
    other = await site.session(adapter="toy", room="visit-2", key=key)
    await post(site, said("joined", site.clock(), "inst-2", "visit-2", person="c1"))
    assert len((await site.get(f"/v1/sessions/{other.id}", key=key)).json()["segments"]) == 1


# looking into rooms -----------------------------------------------------------------------------------


def roster(at: float, *people: tuple[str, str], room: str = "inst-1") -> Happening:
    return Happening(kind="roster", room=room, at=at, people=people)


async def test_two_looks_into_a_room_find_who_was_lost_without_a_word(site: Site, toy: ToyPlatform) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    for person in ("c1", "t1"):
        await post(site, said("joined", start, person=person, connection=person))
    rooms = toy.adapter.rooms
    looks = itertools.count(1)

    async def look(*people: tuple[str, str]) -> None:
        site.clock.now = start + 60 * next(looks)
        rooms["inst-1"] = roster(site.clock(), *people)
        await site.service.inbound.reconcile(["toy"])

    await look(("c1", "c1"), ("t1", "t1"))
    await look(("t1", "t1"))
    assert {one["how"] for one in (await state(site, meeting))["segments"]} == {"ended"}
    await look(("t1", "t1"))
    found = {one["role"]: one for one in (await state(site, meeting))["segments"]}
    assert (found["client"]["left_at"], found["client"]["how"]) == (start + 60, "dropped")
    assert found["therapist"]["left_at"] == start + 180
    assert (await counts(site))["reconciliations"] == 1


async def test_a_look_that_fails_changes_nothing_and_says_nothing_of_why(
    site: Site, toy: ToyPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    await site.session(adapter="toy", room="visit-1")
    await post(site, said("joined", site.clock(), person="c1", connection="a"))
    await site.settle()
    before = await site.rows()
    answers: list[Any] = [None, RuntimeError("Ana"), roster(-1.0), roster(1.0, room="inst-7")]
    for answer in answers:
        toy.adapter.rooms["inst-1"] = answer
        await site.service.inbound.reconcile(["toy"])
    assert await site.rows() == before
    assert "Ana" not in caplog.text


async def test_only_open_rooms_of_sessions_that_go_on_are_looked_into(site: Site) -> None:
    def work(conn):
        return tuple((one.instance, one.name) for one in store.open_rooms(conn, "toy"))

    first = await site.session(adapter="toy", room="visit-1")
    await site.session(adapter="toy", room="visit-2")
    now = site.clock()
    await post(site, said("joined", now, "inst-1", "visit-1", person="c1"))
    await post(site, said("joined", now, "inst-2", "visit-2", person="c1"))
    assert await site.service.database.read(work) == (("inst-1", "visit-1"), ("inst-2", "visit-2"))
    await post(site, said("over", now, "inst-2", "visit-2"))
    assert await site.service.database.read(work) == (("inst-1", "visit-1"),)
    await site.post(f"/v1/sessions/{first.id}/end")
    assert await site.service.database.read(work) == ()


async def test_an_erased_episode_takes_its_rooms_along(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, said("over", site.clock()))
    await site.settle()
    reply = await site.http.delete(
        f"/v1/episodes/{meeting.episode}", headers={"Authorization": f"Bearer {site.key}"}
    )
    assert reply.status_code == 200
    assert await site.service.database.read(lambda conn: conn.execute(select(room)).all()) == []


# what adapters say by themselves ------------------------------------------------------------------------


def joined(at: float, person: str, connection: str = "", name: str = "visit-1") -> Happening:
    return Happening(kind="joined", room="inst-1", name=name, at=at, person=person, connection=connection)


async def test_what_an_adapter_says_counts_like_what_its_platform_posts(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    tell = site.service.happened
    for _ in range(2):
        await tell("toy", [joined(start, "t1", "t"), joined(start + 5, "c1", "c")])
    site.clock.now = start + 900
    await tell("toy", [Happening(kind="spoke", room="inst-1", at=start + 60, person="c1", seconds=20)])
    await tell("toy", [Happening(kind="over", room="inst-1", at=start + 900)])
    assert await asked(site, meeting) == ["client", "therapist"]
    assert (await state(site, meeting))["status"] == "ended"
    spans = await site.service.database.read(lambda conn: presence.speech(conn, site.tenant, meeting.id))
    assert [(span.role, span.end - span.start) for span in spans] == [("client", 20)]
    found = await counts(site)
    assert (found["last_at"], found["unknown_rooms"]) == (site.clock(), 0)


async def test_what_no_platform_can_mean_is_refused_whole(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    nonsense = Happening(kind="joined", room="", name="visit-1", at=start, person="c1")
    with pytest.raises(Rejected, match="malformed"):
        await site.service.happened("toy", [joined(start, "t1"), nonsense])
    assert (await state(site, meeting))["status"] == "waiting"
    await site.service.happened("toy", [joined(start, "t1", name="another")])
    assert (await counts(site))["unknown_rooms"] == 1


async def test_the_host_knows_where_a_participant_is_while_they_are_there(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    client, start = meeting.client.id, site.clock()
    ask = site.service.whereabouts
    assert await ask("toy", client) is None
    await site.service.happened("toy", [joined(start, "c1", "first"), joined(start + 9, "c1", "second")])
    place = await ask("toy", client)
    assert place is not None
    assert (place.tenant, place.session) == (site.tenant, meeting.id)
    assert (place.room, place.name, place.person) == ("inst-1", "visit-1", "c1")
    assert place.connections == ("second", "first")
    assert await ask("other", client) is None
    assert await ask("toy", meeting.therapist.id) is None
    gone = [
        Happening(kind="left", room="inst-1", at=start + 20, person="c1", connection=one)
        for one in ("first", "second")
    ]
    await site.service.happened("toy", gone[1:])
    place = await ask("toy", client)
    assert place is not None
    assert place.connections == ("first",)
    await site.service.happened("toy", gone[:1])
    assert await ask("toy", client) is None


async def test_a_link_opens_the_persons_own_questions(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    link = await site.service.link(meeting.client.id)
    assert link is not None
    assert link.startswith("http://alliancekit.test/r/")
    assert (await site.http.get(link)).status_code == 200
    assert await site.service.link("par_nobody") is None
