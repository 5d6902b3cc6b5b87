"""Which session a room's news belongs to: early visits, rooms used again, names that several claim."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliancekit import happenings, sessions
from alliancekit.inbound.rooms import over_since
from alliancekit.sessions import CallState, Gone, Over, Present
from alliancekit.testing.site import bearer
from tests.services import MakeSite, Meeting, Site
from tests.test_inbound import asked, state, visit
from tests.toy_platform import ToyPlatform, counts, post, said


@pytest.fixture
async def site(make_site: MakeSite, url: str) -> Site:
    return await make_site(url=url, extra=[("toy", ToyPlatform())])


def early(at: float, person: str, room: str) -> list[dict[str, Any]]:
    """Somebody tries the link; the platform closes the room when they have gone."""
    key = {"person": person, "connection": f"{room}-{person}"}
    return [
        said("started", at, room),
        said("joined", at, room, **key),
        said("left", at + 60, room, joined_at=at, **key),
        said("over", at + 80, room),
    ]


async def summary(site: Site, meeting: Meeting) -> tuple[str, list[tuple[str, float, float, str]], list[str]]:
    roles = await asked(site, meeting)
    shown = await state(site, meeting)
    segments = [(s["role"], s["joined_at"], s["left_at"], s["how"]) for s in shown["segments"]]
    return shown["status"], segments, roles


# early visits -----------------------------------------------------------------------------------------


async def test_an_early_visit_leaves_the_session_waiting_and_the_next_room_is_the_same_session(
    site: Site,
) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    start = site.clock()
    for one in early(start, "c1", "early-1"):
        await post(site, one)
    site.clock.now = start + 3000
    await site.settle()
    assert (await state(site, meeting))["status"] != "ended"
    assert await asked(site, meeting) == []
    site.clock.now = start + 6000
    for one in visit(start + 4000, "real-1"):
        await post(site, one)
    found = await summary(site, meeting)
    assert (found[0], found[2]) == ("ended", ["client", "therapist"])
    assert len(found[1]) == 4


async def test_a_visit_that_was_called_off_is_over_at_once(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, *early(site.clock() - 100, "c1", "early-1"))
    await post(site, said("cancelled", site.clock(), "early-1"))
    assert (await state(site, meeting))["status"] == "ended"
    assert await asked(site, meeting) == []


async def test_the_vendors_own_end_is_final(site: Site) -> None:
    meeting = await site.session(adapter="toy", room="visit-1")
    await post(site, *early(site.clock() - 100, "c1", "early-1"))
    reply = await site.post(f"/v1/sessions/{meeting.id}/end")
    assert reply.json()["status"] == "ended"
    assert reply.json()["end_reason"] == "explicit"


async def test_early_visits_change_nothing_in_whatever_order_they_come(site: Site) -> None:
    """Permutations of two early visits and the call itself, through HTTP and the database.

    Of an early visit that is told only after the end, nothing is stored: no session waits for its room.
    """
    start = site.clock()
    site.clock.now += 20_000
    found = []
    for number in range(10):
        name = f"visit-{number}"
        meeting = await site.session(adapter="toy", room=name)
        messages = [
            {**one, "name": name, "room": f"{one['room']}-{number}"}
            for one in [
                *early(start, "c1", "early"),
                *early(start + 500, "t1", "test"),
                *visit(start + 4000, "real", name),
            ]
        ]
        chance = random.Random(number)
        if number:
            messages += chance.sample(messages, k=3)
            chance.shuffle(messages)
        for one in messages:
            assert (await post(site, one, nonce=chance.random())).status_code == 200
        status, segments, roles = await summary(site, meeting)
        assert len(segments) >= 3
        found.append((status, [one for one in segments if one[1] > start + 4000], roles))
    assert found[0][0] == "ended"
    assert len(found[0][1]) == 3
    assert found[0][2] == ["client", "therapist"]
    assert [one for one in found if one != found[0]] == []


# rooms that are used again ----------------------------------------------------------------------------


def weekly(start: float, week: str) -> list[dict[str, Any]]:
    """A call in a room whose only id is its name; connections of a week are its own."""
    messages = visit(start, "weekly", "weekly")
    return [
        {**one, "connection": f"{week}-{one['connection']}"} if one.get("connection") else one
        for one in messages
    ]


async def test_a_permanent_room_goes_on_to_the_next_session(site: Site) -> None:
    start = site.clock()
    first = await site.session(adapter="toy", room="weekly")
    site.clock.now = start + 2000
    for one in weekly(start, "one"):
        await post(site, one)
    assert (await state(site, first))["status"] == "ended"
    before = await summary(site, first)
    site.clock.now = start + 600_000
    second = await site.session(adapter="toy", room="weekly")
    site.clock.now = start + 606_000
    for one in weekly(start + 604_000, "two"):
        await post(site, one)
    after = await summary(site, second)
    assert await summary(site, first) == before
    moved = [(role, a + 604_000, b + 604_000, how) for role, a, b, how in before[1]]
    assert after == ("ended", moved, ["client", "therapist"])


@pytest.mark.parametrize("lost", [7, 8, 9], ids=["the client's leaving", "the therapist's", "the end"])
async def test_late_news_of_the_call_before_stay_with_it(site: Site, lost: int) -> None:
    """The next call has begun when the platform gets round to telling how the one before ended."""
    start = site.clock()
    first = await site.session(adapter="toy", room="weekly")
    messages = weekly(start, "one")
    late = messages.pop(lost)
    site.clock.now = start + 2000
    for one in messages:
        await post(site, one)
    await site.post(f"/v1/sessions/{first.id}/end")
    site.clock.now += 60
    second = await site.session(adapter="toy", room="weekly")
    again = weekly(start + 22_000, "two")
    site.clock.now = start + 22_400
    for one in again[:4]:
        await post(site, one)
    await post(site, late)
    site.clock.now = start + 24_000
    for one in again[4:]:
        await post(site, one)
    for number, meeting in enumerate((first, second)):
        status, segments, roles = await summary(site, meeting)
        assert (status, roles) == ("ended", ["client", "therapist"])
        assert [how for *_, how in segments].count("dropped") == 1
        assert all(
            start + 22_000 * number <= a <= b <= start + 22_000 * number + 2000 for _, a, b, _ in segments
        )


async def test_while_somebody_of_the_call_is_left_it_is_no_new_call(site: Site) -> None:
    """The vendor ended the session; one of them reconnects, and next week's session waits already."""
    start = site.clock()
    bound = await site.session(adapter="toy", room="weekly")
    await post(site, said("joined", start, "weekly", "weekly", person="c1", connection="a"))
    await post(site, said("joined", start, "weekly", "weekly", person="t1", connection="b"))
    site.clock.now = start + 1000
    await site.post(f"/v1/sessions/{bound.id}/end")
    following = await site.session(adapter="toy", room="weekly")
    site.clock.now = start + 1100
    await post(site, said("joined", start + 1050, "weekly", "weekly", person="c1", connection="c"))
    assert (await state(site, following))["status"] == "waiting"
    for connection, person in (("a", "c1"), ("c", "c1"), ("b", "t1")):
        gone = said("left", start + 1100, "weekly", "weekly", person=person, connection=connection)
        await post(site, gone)
    site.clock.now = start + 5000
    await post(site, said("joined", start + 4900, "weekly", "weekly", person="c1", connection="d"))
    assert (await state(site, following))["status"] == "live"


async def test_an_older_session_that_still_waits_does_not_get_the_room(site: Site) -> None:
    start = site.clock()
    older = await site.session(adapter="toy", room="weekly")
    site.clock.now += 10
    newer = await site.session(adapter="toy", room="weekly")
    site.clock.now = start + 2000
    for one in weekly(start, "one"):
        await post(site, one)
    assert (await state(site, newer))["status"] == "ended"
    site.clock.now = start + 4000
    await post(site, said("joined", start + 3900, "weekly", "weekly", person="c1", connection="z"))
    assert (await state(site, older))["status"] == "waiting"


async def test_a_room_used_again_never_goes_to_another_tenant(site: Site) -> None:
    _, key = await site.another_tenant()
    start = site.clock()
    await site.session(adapter="toy", room="weekly")
    site.clock.now = start + 2000
    for one in weekly(start, "one"):
        await post(site, one)
    theirs = await site.session(adapter="toy", room="weekly", key=key)
    site.clock.now = start + 4000
    await post(site, said("joined", start + 3900, "weekly", "weekly", person="c1", connection="z"))
    mine = await site.session(adapter="toy", room="weekly")
    await post(site, said("joined", start + 3950, "weekly", "weekly", person="c1", connection="y"))
    assert (await site.get(f"/v1/sessions/{theirs.id}", key=key)).json()["status"] == "waiting"
    assert (await state(site, mine))["status"] == "waiting", "two tenants claim the name"
    assert (await counts(site))["taken"] == 12


async def test_an_erased_session_takes_its_late_news_along(site: Site) -> None:
    start = site.clock()
    first = await site.session(adapter="toy", room="weekly", episode="one")
    site.clock.now = start + 2000
    for one in weekly(start, "one"):
        await post(site, one)
    second = await site.session(adapter="toy", room="weekly", episode="two")
    site.clock.now = start + 4000
    await post(site, said("joined", start + 3900, "weekly", "weekly", person="c1", connection="z"))
    assert (await state(site, second))["status"] == "live"
    erased = await site.http.delete(f"/v1/episodes/{first.episode}", headers=bearer(site.key))
    assert erased.status_code == 200
    reply = await post(site, said("left", start + 1800, "weekly", "weekly", person="c1", connection="one-b"))
    assert reply.status_code == 200
    assert len((await state(site, second))["segments"]) == 1


# whether a room is over -------------------------------------------------------------------------------

KEY = happenings.room_key("toy", "inst-1")
PREFIX = happenings.room_prefix(KEY)
TIMES = st.integers(0, 9).map(float)
FACTS = st.one_of(
    st.builds(Over, at=TIMES, room=st.sampled_from(["", PREFIX, "another-"])),
    st.builds(Present, connection=st.sampled_from([PREFIX + "a", "x"]), participant=st.just("p"), at=TIMES),
    st.builds(Gone, connection=st.sampled_from([PREFIX + "a", "x"]), participant=st.just("p"), at=TIMES),
)


@given(st.lists(FACTS, max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_room_is_over_until_somebody_is_in_it_again(facts: list[sessions.Fact]) -> None:
    over = over_since(sessions.merge_all(CallState(), facts), KEY)
    final = [one.at for one in facts if isinstance(one, Over) and not one.room]
    ends = [one.at for one in facts if isinstance(one, Over) and one.room == PREFIX] + sorted(final)[:1]
    later = [one.at for one in facts if not isinstance(one, Over) and one.connection.startswith(PREFIX)]
    if not ends:
        assert over is None
    elif all(at <= max(ends) for at in later):
        assert over == max(ends)
