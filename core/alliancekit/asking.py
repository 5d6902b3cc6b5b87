"""What is planned at a moment, and who of those wants to be asked.

The style plans; the therapist's choices leave things out and set the minutes in the call; what the client
chose holds against everybody. Somebody who asks by hand (a vendor's button) is held by the client's word
only: neither the therapist's switches nor the limits in a call are in their way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from alliancekit import events
from alliancekit.choices import adjusted, within_limits
from alliancekit.events import Moment, Participant, PromptRequest, Role
from alliancekit.hooks import Hooks
from alliancekit.store import choices
from alliancekit.store.choices import Chosen
from alliancekit.store.database import Database
from alliancekit.store.sessions import Session


class Planner:
    """Asks the style's plugin what to ask, and leaves out what the therapist does not want.

    Args:
        database: where choices are stored.
        hooks: the plugins.
        clock: seconds since 1970 UTC.
    """

    def __init__(self, database: Database, hooks: Hooks, clock: Callable[[], float]) -> None:
        self._database = database
        self._hooks = hooks
        self._clock = clock

    async def plan(
        self, row: Session, people: tuple[Participant, ...], moment: Moment, *, manual: bool
    ) -> tuple[PromptRequest, ...]:
        """What is asked at a moment; what somebody asks by hand (`manual`), no switch stops."""
        chosen = await self._database.read(lambda conn: choices.chosen_for(conn, row.id))
        # The minutes are the therapist's then; what a pulse asks is still the style's.
        pulses = moment == "in_call" and chosen.settings.pulses == "on"
        requests = await self._of_the_style(row, people, moment, manual=manual or pulses)
        return requests if manual else adjusted(requests, moment, chosen.settings, ratings=chosen.ratings)

    async def _of_the_style(
        self, row: Session, people: tuple[Participant, ...], moment: Moment, *, manual: bool
    ) -> tuple[PromptRequest, ...]:
        """The plugins' plan.

        When no plugin answers, the end of the call is still asked about, with the session's measure: a plugin
        that failed must not cost a rating.
        """
        event = events.PromptsWanted(
            tenant=row.tenant,
            episode=row.episode,
            session=row.id,
            at=self._clock(),
            style=row.style,
            moment=moment,
            number=row.number,
            measure=row.measure,
            participants=people,
            manual=manual,
        )
        outcome = await self._hooks.plan_prompts(event)
        if outcome is None or outcome.value is None:
            roles: tuple[Role, ...] = ("client", "therapist") if moment == "end_of_call" else ()
            return tuple(PromptRequest(role=r, moment=moment, instruments=(row.measure,)) for r in roles)
        return tuple(one for one in outcome.value.requests if one.moment == moment)

    async def still_planned(self, session: str, role: Role) -> bool:
        """Whether a role is still to be asked what was planned in a call when it began."""
        chosen = await self._database.read(lambda conn: choices.chosen_for(conn, session))
        request = PromptRequest(role=role, moment="in_call", instruments=())
        return bool(adjusted([request], "in_call", chosen.settings, ratings=chosen.ratings))


def willing(
    conn: Connection,
    row: Session,
    people: Mapping[str, Role],
    moment: Moment,
    chosen: Chosen,
    *,
    by_hand: bool,
    now: float,
) -> dict[str, Role]:
    """Who of these people is asked: not whoever chose otherwise, and in a call not too often.

    Args:
        conn: the transaction that stores the prompts.
        row: the session.
        people: role by participant.
        moment: when they would be asked.
        chosen: what was chosen about asking in this session.
        by_hand: somebody asks now, on purpose: the limits of calls do not hold.
        now: seconds since 1970 UTC.
    """
    in_call = moment == "in_call"
    found = {}
    for person, role in people.items():
        client = role == "client"
        if not choices.wants(conn, row.tenant, person, client=client, in_call=in_call, choice=chosen):
            continue
        if in_call and not by_hand:
            earlier = choices.asked_in_call(conn, person)
            if not within_limits(earlier, now, chosen.settings):
                continue
        found[person] = role
    return found
