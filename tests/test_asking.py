"""Who is asked when: the therapist's switches, the limits in a call, and the client's word above all."""

from __future__ import annotations

from typing import Any

import pytest
from typing_extensions import override

from alliancekit.events import PromptPlan, PromptRequest, PromptsWanted
from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.store import prompts
from alliancekit.store.choices import ClientChoice, change_therapist, write_client_choice
from tests.services import MakeSite, Meeting, Site, bearer


async def choose(site: Site, therapist: str = "t1", **changes: Any) -> None:
    await site.service.database.write(
        lambda conn: change_therapist(conn, site.tenant, therapist, changes, site.clock())
    )


async def say(site: Site, meeting: Meeting, asked: Any) -> None:
    """The client chooses on their page."""
    closed = await site.service.database.write(
        lambda conn: write_client_choice(
            conn, site.tenant, meeting.episode, ClientChoice(asked=asked), site.clock()
        )
    )
    for one in closed:
        await site.service.withdraw(one.participant, one.id)


async def asked(site: Site, meeting: Meeting) -> list[tuple[str, str]]:
    """Role and moment of every prompt of a session, in the order in which they were made."""
    roles = {one.id: one.role for one in meeting.people}
    found = (await site.get(f"/v1/sessions/{meeting.id}")).json()["prompts"]
    return [(roles[one["participant"]], one["moment"]) for one in found]


async def by_hand(site: Site, meeting: Meeting, moment: str, role: str | None = None) -> int:
    reply = await site.post(f"/v1/sessions/{meeting.id}/prompts", {"moment": moment, "role": role})
    assert reply.status_code == 201, reply.text
    return len(reply.json()["prompts"])


async def call(site: Site, meeting: Meeting, minutes: int) -> None:
    """Both come, and so many minutes pass, one by one."""
    await site.join(meeting)
    for _ in range(minutes):
        await site.wait(meeting, 60)


BOTH = [("client", "end_of_call"), ("therapist", "end_of_call")]
PULSE = ("client", "in_call")


# the end of the call ------------------------------------------------------------------------------


async def test_ratings_off_nobody_is_asked_at_the_end(each_site: Site) -> None:
    await choose(each_site, ratings="off")
    assert await asked(each_site, await each_site.held()) == []
    await choose(each_site, ratings="on")
    assert sorted(await asked(each_site, await each_site.held())) == BOTH


async def test_the_switch_holds_for_the_call_that_is_going_on(site: Site) -> None:
    meeting = await site.session()
    await call(site, meeting, 3)
    await choose(site, ratings="off")
    await site.wait(meeting, 1800)
    await site.leave(meeting)
    assert await asked(site, meeting) == []


async def test_ratings_of_one_therapist_are_not_anothers(site: Site) -> None:
    await choose(site, "t2", ratings="off")
    assert sorted(await asked(site, await site.held())) == BOTH


async def test_the_tenants_switch_is_for_who_never_chose(site: Site) -> None:
    reply = await site.http.patch("/v1/tenant", json={"ratings": "off"}, headers=bearer(site.key))
    assert reply.json()["ratings"] == "off"
    assert await asked(site, await site.held()) == []
    await choose(site, ratings="on")
    assert sorted(await asked(site, await site.held())) == BOTH


async def test_what_the_vendor_asks_by_hand_no_switch_stops(site: Site) -> None:
    await choose(site, ratings="off", pulses="off", ask_therapist="off")
    meeting = await site.held()
    assert await by_hand(site, meeting, "end_of_call") == 2
    live = await site.session()
    await call(site, live, 1)
    assert await by_hand(site, live, "in_call") == 1


async def test_who_leaves_first_is_not_asked_either_while_ratings_are_off(site: Site) -> None:
    await choose(site, ratings="off")
    meeting = await site.session()
    await call(site, meeting, 30)
    await site.service.pipeline.leaving(site.tenant, meeting.id, meeting.client.id)
    assert await asked(site, meeting) == []
    await choose(site, ratings="on")
    await site.service.pipeline.leaving(site.tenant, meeting.id, meeting.client.id)
    assert await asked(site, meeting) == [("client", "end_of_call")]


async def test_a_therapist_who_does_not_want_to_be_asked_is_not(site: Site) -> None:
    await choose(site, ask_therapist="off")
    assert await asked(site, await site.held()) == [("client", "end_of_call")]


class Broken(AllianceHooks):
    """A style that cannot plan."""

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        raise RuntimeError("no plan")


@pytest.mark.parametrize(("ratings", "left"), [("on", [("client", "end_of_call")]), ("off", [])])
async def test_a_plugin_that_fails_asks_nobody_against_the_switches(
    make_site: MakeSite, ratings: str, left: list[tuple[str, str]]
) -> None:
    site = await make_site(
        extra=[("broken", Broken())], plugins={"enabled": ["broken", "measures"]}, default_style=""
    )
    await choose(site, ratings=ratings, ask_therapist="off")
    assert await asked(site, await site.held(style="")) == left


# during the call ----------------------------------------------------------------------------------


async def test_pulses_come_at_the_chosen_minutes_and_no_more_of_them(site: Site) -> None:
    await choose(site, pulses="on", pulse_after=5, pulses_most=2, pulse_between=10)
    meeting = await site.session()
    await call(site, meeting, 4)
    assert await asked(site, meeting) == []
    for _ in range(2):
        await site.wait(meeting, 60)
    assert await asked(site, meeting) == [PULSE]
    for _ in range(9):
        await site.wait(meeting, 60)
    assert await asked(site, meeting) == [PULSE, PULSE]
    for _ in range(15):
        await site.wait(meeting, 60)
    assert await asked(site, meeting) == [PULSE, PULSE]


async def test_pulses_switched_off_in_a_call_end_at_once(site: Site) -> None:
    await choose(site, pulses="on", pulse_after=5)
    meeting = await site.session()
    await call(site, meeting, 3)
    await choose(site, pulses="off")
    for _ in range(5):
        await site.wait(meeting, 60)
    assert await asked(site, meeting) == []


async def test_a_planned_pulse_is_left_out_right_after_one_that_somebody_asked_for(site: Site) -> None:
    await choose(site, pulses="on", pulse_after=5, pulses_most=2, pulse_between=10)
    meeting = await site.session()
    await call(site, meeting, 4)
    assert await by_hand(site, meeting, "in_call") == 1
    for _ in range(12):
        await site.wait(meeting, 60)
    assert await asked(site, meeting) == [PULSE, PULSE], "at 4 by hand, not at 5, at 15 as planned"


async def test_who_asks_by_hand_is_not_held_by_the_limits(site: Site) -> None:
    await choose(site, pulses_most=1)
    meeting = await site.session()
    await call(site, meeting, 1)
    for _ in range(2):
        assert await by_hand(site, meeting, "in_call") == 1
        current = await site.current(meeting.client.token)
        assert current is not None
        await site.answer(meeting.client.token)


class Eager(AllianceHooks):
    """A style that would ask every two minutes."""

    @override
    @hookimpl
    async def plan_prompts(self, event: PromptsWanted) -> PromptPlan | None:
        if event.moment != "in_call":
            return None
        return PromptPlan(
            requests=tuple(
                PromptRequest(role="client", moment="in_call", instruments=("pulse",), after_seconds=60.0 * n)
                for n in range(2, 20, 2)
            )
        )


async def test_limits_hold_for_a_style_that_asks_too_often(make_site: MakeSite) -> None:
    site = await make_site(
        extra=[("eager", Eager())], plugins={"enabled": ["eager", "measures"]}, default_style=""
    )
    await choose(site, pulses_most=3, pulse_between=5)
    meeting = await site.session(style="")
    await call(site, meeting, 25)
    assert await asked(site, meeting) == [PULSE] * 3


# the client's word --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ("all", [PULSE, *BOTH]),
        ("not_in_calls", BOTH),
        ("never", [("therapist", "end_of_call")]),
    ],
)
async def test_the_clients_choice_is_kept(each_site: Site, choice: str, left: list[tuple[str, str]]) -> None:
    site = each_site
    await choose(site, pulses="on", pulse_after=5, pulses_most=1)
    meeting = await site.session()
    await say(site, meeting, choice)
    await call(site, meeting, 30)
    await site.leave(meeting)
    assert sorted(await asked(site, meeting)) == sorted(left)


async def test_not_even_by_hand_is_a_client_asked_against_their_word(site: Site) -> None:
    meeting = await site.session()
    await say(site, meeting, "never")
    await call(site, meeting, 2)
    assert await by_hand(site, meeting, "in_call") == 0
    assert await by_hand(site, meeting, "follow_up", "client") == 0
    assert await by_hand(site, meeting, "end_of_call") == 1, "the therapist alone"


async def test_the_choice_takes_back_what_is_being_asked(site: Site) -> None:
    meeting = await site.held()
    assert await site.current(meeting.client.token) is not None
    await say(site, meeting, "never")
    assert await site.current(meeting.client.token) is None
    assert await site.current(meeting.therapist.token) is not None


async def test_a_card_put_away_for_calls_is_undone_on_the_page(site: Site) -> None:
    meeting = await site.session()
    await call(site, meeting, 1)
    await by_hand(site, meeting, "in_call")
    prompt = await site.current(meeting.client.token)
    assert prompt is not None
    site.clock.now += 1
    dismissed = await site.http.post(
        f"/v1/prompts/{prompt['id']}/dismiss",
        json={"reason": "not_in_calls"},
        headers=bearer(meeting.client.token),
    )
    assert dismissed.status_code == 204
    assert await by_hand(site, meeting, "in_call") == 0
    site.clock.now += 1
    await say(site, meeting, "all")
    assert await by_hand(site, meeting, "in_call") == 1


# links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("link", "planned"), [("on", 2), ("off", 0)])
async def test_a_link_is_sent_only_where_the_therapist_wants_it(
    make_site: MakeSite, link: str, planned: int
) -> None:
    site = await make_site(prompts={"link_after": 3600.0, "link_channel": "mail"})
    await choose(site, link=link)
    meeting = await site.held()

    def count(conn: Any) -> int:
        found = [prompts.deliveries(conn, one.id) for one in prompts.open_prompts(conn, meeting.id)]
        return sum(bool(prompts.planned(one)) for one in found)

    assert await site.service.database.read(count) == planned
