"""What happens after the commit: the kinds of outbox rows, the hooks they call, and what these leave behind.

Every handler may run twice for one row (a crash between its work and its tick mark), so each one replaces
what it left before. The rows of one session run in order.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from alliancekit import asking, calls, events, outbox, review
from alliancekit.adapters import PromptHint
from alliancekit.errors import PluginError
from alliancekit.events import Moment, Participant, PromptRequest, Role
from alliancekit.feedback import Feedback
from alliancekit.hooks import Hooks
from alliancekit.instruments.catalogue import Instruments
from alliancekit.sessions import CallPolicy
from alliancekit.store import choices, presence, prompts, series, webhooks
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.prompts import Prompt
from alliancekit.store.sessions import Session

Payload = Mapping[str, Any]
Deliver = Callable[[Sequence[PromptHint]], Awaitable[None]]


class Pipeline:
    """The handlers of the outbox, by kind.

    Args:
        deliver: brings prompts to people in the call and to connected pages.
        deliver_once: the same for one prompt, unless it was tried before.
        withdraw: takes a prompt off connected pages.
        updated: called with (tenant, session) whenever the therapist's page has something new to show.
    """

    def __init__(
        self,
        database: Database,
        hooks: Hooks,
        instruments: Instruments,
        feedback: Feedback,
        policy: CallPolicy,
        *,
        deliver: Deliver,
        deliver_once: Callable[[PromptHint], Awaitable[None]],
        withdraw: Callable[[str, str], Awaitable[None]],
        updated: Callable[[str, str], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._hooks = hooks
        self._feedback = feedback
        self._policy = policy
        self._deliver = deliver
        self._deliver_once = deliver_once
        self._withdraw = withdraw
        self._updated = updated
        self._clock = clock
        self._planner = asking.Planner(database, hooks, clock)
        self._review = review.Review(database, hooks, instruments, updated=updated, clock=clock)

    def handlers(self) -> dict[str, outbox.Handler]:
        """Handler by kind of outbox row."""
        return {
            "session_started": self._session_started,
            "participant_joined": self._participant_joined,
            "participant_left": self._participant_left,
            "session_ended": self._session_ended,
            "rate": self._rate,
            "sent_out": self._sent_out,
            "ask": self._ask,
            "feedback_requested": self._feedback_requested,
            "describe": self._describe,
            "heard": self._heard,
            "review": self._review.again,
            "feedback_captured": self._feedback_captured,
            "episode_erased": self._episode_erased,
        }

    # the call ------------------------------------------------------------------------------------------

    async def _session_started(self, tenant: str, _: str, payload: Payload) -> None:
        row, people = await self._session(tenant, payload["session"])
        base = _base(row, self._clock())
        await self._updated(tenant, row.id)
        await self._hooks.session_started(
            events.SessionStarted(**base, style=row.style, number=row.number, participants=people)
        )
        requests = await self.plan(row, people, "in_call", manual=False)
        began = row.started_at or self._clock()
        work = [
            Work(
                lane=row.id,
                kind="ask",
                payload={
                    "session": row.id,
                    "role": one.role,
                    "instruments": one.instruments,
                    "number": number,
                },
                due_at=began + one.after_seconds,
            )
            for number, one in enumerate(requests)
        ]
        if work:
            await self._database.write(lambda conn: add_work(conn, tenant, work, self._clock()))

    async def _participant_joined(self, tenant: str, _: str, payload: Payload) -> None:
        row, people = await self._session(tenant, payload["session"])
        for person in people:
            if person.id == payload["participant"]:
                event = events.ParticipantJoined(**_base(row, self._clock()), participant=person)
                await self._hooks.participant_joined(event)

    async def _participant_left(self, tenant: str, _: str, payload: Payload) -> None:
        row, people = await self._session(tenant, payload["session"])
        for person in people:
            if person.id == payload["participant"]:
                event = events.ParticipantLeft(
                    **_base(row, self._clock()), participant=person, how=payload["how"]
                )
                await self._hooks.participant_left(event)

    async def _session_ended(self, tenant: str, _: str, payload: Payload) -> None:
        """People are leaving: ask first, describe and review afterwards."""
        session = payload["session"]
        row, _people = await self._session(tenant, session)

        def close_past(conn: Connection) -> list[Prompt]:
            past = {"pre_session", "in_call"}
            found = [one for one in prompts.open_prompts(conn, session) if one.moment in past]
            for one in found:
                prompts.close_prompt(conn, tenant, one.id, "cancelled", self._clock())
            add_work(conn, tenant, [Work(lane=session, kind="describe", payload=payload)], self._clock())
            told = {"reason": row.end_reason, "confidence": row.end_confidence}
            webhooks.announce(conn, row, "session.ended", key=row.id, data=told, now=self._clock())
            return found

        for one in await self._database.write(close_past):
            await self._withdraw(one.participant, one.id)
        await self._rate(tenant, "rate", payload)

    async def _rate(self, tenant: str, _: str, payload: Payload) -> None:
        row, people = await self._session(tenant, payload["session"])
        requests = await self.plan(row, people, "end_of_call", manual=False)

        def due(conn: Connection) -> tuple[str, ...]:
            return calls.to_rate(conn, row, self._policy, self._clock())

        await self.ask(
            row, "end_of_call", requests, occasion="end_of_call", who=await self._database.read(due)
        )

    async def _sent_out(self, tenant: str, _: str, payload: Payload) -> None:
        """Somebody was sent out of the call or never let in: what they were already asked is taken back."""
        session = payload["session"]

        def close(conn: Connection) -> list[Prompt]:
            out = calls.out_of(conn, rows.read_session(conn, tenant, session))
            found = [
                one
                for one in prompts.open_prompts(conn, session)
                if one.participant in out and one.moment in {"in_call", "end_of_call"}
            ]
            for one in found:
                prompts.close_prompt(conn, tenant, one.id, "cancelled", self._clock())
            return found

        for one in await self._database.write(close):
            await self._withdraw(one.participant, one.id)
            await self._updated(tenant, session)

    async def leaving(self, tenant: str, session: str, participant: str) -> None:
        """Ask somebody whom their platform has just sent out of a call that goes on: for them it is over.

        Nothing where they were not in the call with the other side for long enough. The page that they are on
        shows the questions, so that no other channel is told.
        """
        row, people = await self._session(tenant, session)

        def due(conn: Connection) -> bool:
            return calls.leaving_due(conn, row, participant, self._policy, self._clock())

        if row.status == "live" and await self._database.read(due):
            requests = await self.plan(row, people, "end_of_call", manual=False)
            await self._made(row, "end_of_call", requests, occasion="end_of_call", who=(participant,))

    # asking --------------------------------------------------------------------------------------------

    async def plan(
        self, row: Session, people: tuple[Participant, ...], moment: Moment, *, manual: bool
    ) -> tuple[PromptRequest, ...]:
        """What is asked at a moment; see `alliancekit.asking`."""
        return await self._planner.plan(row, people, moment, manual=manual)

    async def ask(
        self,
        row: Session,
        moment: Moment,
        requests: Sequence[PromptRequest],
        *,
        occasion: str,
        who: Sequence[str] | None = None,
        by_hand: bool = False,
    ) -> list[str]:
        """Store the prompts of a plan and bring them to the pages; returns the new prompts' ids."""
        made, roles = await self._made(row, moment, requests, occasion=occasion, who=who, by_hand=by_hand)
        await self._deliver([one.hint(roles[one.participant]) for one in made])
        if made:
            await self._updated(row.tenant, row.id)
        return [one.id for one in made]

    async def _made(
        self,
        row: Session,
        moment: Moment,
        requests: Sequence[PromptRequest],
        *,
        occasion: str,
        who: Sequence[str] | None,
        by_hand: bool = False,
    ) -> tuple[list[Prompt], dict[str, Role]]:
        """Store the prompts of a plan, and when a link to them will be sent; with everybody's roles."""
        policy = self._feedback.policy

        def work(conn: Connection) -> tuple[list[Prompt], dict[str, Role]]:
            now, chosen = self._clock(), choices.chosen_for(conn, row.id)
            roles = calls.roles_of(conn, row.tenant, row.id)
            meant: dict[str, Role] = {
                person: role for person, role in roles.items() if who is None or person in who
            }
            people = asking.willing(conn, row, meant, moment, chosen, by_hand=by_hand, now=now)
            made = self._feedback.make_prompts(
                conn,
                tenant=row.tenant,
                session_id=row.id,
                moment=moment,
                people=people,
                requests=requests,
                occasion=occasion,
            )
            if moment == "end_of_call" and policy.link_after is not None and chosen.settings.link == "on":
                for one in made:
                    at = now + policy.link_after
                    prompts.plan_link(conn, one, channel=policy.link_channel, at=at, now=now)
            return made, roles

        return await self._database.write(work)

    async def _ask(self, tenant: str, _: str, payload: Payload) -> None:
        """A pulse that was planned for this minute of the call."""
        row, _people = await self._session(tenant, payload["session"])
        if row.status == "live" and await self._planner.still_planned(row.id, payload["role"]):
            request = PromptRequest(
                role=payload["role"], moment="in_call", instruments=tuple(payload["instruments"])
            )
            await self.ask(row, "in_call", [request], occasion=f"in_call:planned:{payload['number']}")

    async def _feedback_requested(self, tenant: str, _: str, payload: Payload) -> None:
        found = await self._database.read(lambda conn: prompts.read_prompt(conn, tenant, payload["prompt"]))
        if found is None:
            return
        row, people = await self._session(tenant, found.session)
        for person in people:
            if person.id == found.participant:
                if found.status == "open" and not found.expired(self._clock()):
                    await self._deliver_once(found.hint(person.role))
                await self._hooks.feedback_requested(
                    events.FeedbackRequested(
                        **_base(row, self._clock()),
                        prompt=found.id,
                        participant=person,
                        moment=found.moment,
                        instruments=found.instruments,
                    )
                )

    # afterwards ----------------------------------------------------------------------------------------

    async def _describe(self, tenant: str, _: str, payload: Payload) -> None:
        """Describe who spoke, tell the hooks that the session ended, review it."""
        row, _people = await self._session(tenant, payload["session"])
        segments, balance = await self._describe_talk(row)
        await self._hooks.session_ended(
            events.SessionEnded(
                **_base(row, self._clock()),
                style=row.style,
                reason=row.end_reason or "timed_out",
                confidence=row.end_confidence or 0.0,
                seconds=row.seconds,
                segments=segments,
                talk_balance=balance,
            )
        )
        await self._review.run(row)

    async def _heard(self, tenant: str, _: str, payload: Payload) -> None:
        """Speech that was reported after the end: describe and review again."""
        row, _people = await self._session(tenant, payload["session"])
        await self._describe_talk(row)
        await self._review.run(row)

    async def _describe_talk(
        self, row: Session
    ) -> tuple[tuple[events.Segment, ...], events.TalkBalance | None]:
        def observed(conn: Connection) -> events.TalkHeard:
            now = self._clock()
            return events.TalkHeard(
                **_base(row, now),
                speech=presence.speech(conn, row.tenant, row.id),
                segments=calls.segments_of(conn, row, now),
                totals=presence.totals(conn, row.tenant, row.id),
            )

        event = await self._database.read(observed)
        segments = event.segments
        if not (event.speech or event.totals):
            return segments, None
        outcome = await self._hooks.describe_talk(event)
        balance = None if outcome is None else outcome.value
        await self._database.write(lambda conn: presence.set_talk_balance(conn, row.tenant, row.id, balance))
        return segments, balance

    async def _feedback_captured(self, tenant: str, _: str, payload: Payload) -> None:
        row, _people = await self._session(tenant, payload["session"])
        await self._updated(tenant, row.id)
        found = [
            await self._database.read(partial(_response, tenant=tenant, response_id=response_id))
            for response_id in payload["responses"]
        ]
        answered = {one.prompt: one.response for one in found}

        def tell(conn: Connection) -> None:
            for prompt, given in answered.items():
                about = {"prompt": prompt, "role": given.role, "moment": given.moment}
                webhooks.announce(conn, row, "session.rated", key=prompt, data=about, now=self._clock())

        await self._database.write(tell)
        for prompt, given in answered.items():
            await self._withdraw(given.participant, prompt)
        for stored in found:
            event = events.FeedbackCaptured(
                **_base(row, self._clock()), style=row.style, response=stored.response
            )
            await self._hooks.feedback_captured(event)
            extra = await self._review.collect_scores(row, event)
            scored = replace(stored.response, scores=(*stored.response.scores, *extra))
            await self._hooks.alliance_scored(
                events.AllianceScored(**_base(row, self._clock()), style=row.style, response=scored)
            )
        await self._review.run(row)

    async def _episode_erased(self, tenant: str, _: str, payload: Payload) -> None:
        """Tell the plugins, and again until each has taken it: what they keep elsewhere has to go too."""
        event = events.EpisodeErased(tenant=tenant, episode=payload["episode"], session="", at=self._clock())
        late = [one.plugin for one in await self._hooks.episode_erased(event) if one.status != "ok"]
        if late:
            raise PluginError(f"These plugins have not erased an episode yet: {', '.join(late)}.")

    async def _session(self, tenant: str, session: str) -> tuple[Session, tuple[Participant, ...]]:
        def work(conn: Connection) -> tuple[Session, tuple[Participant, ...]]:
            people = rows.participants_of(conn, tenant, session)
            return rows.read_session(conn, tenant, session), tuple(
                Participant(id=one.id, role=one.role, language=one.language) for one in people
            )

        return await self._database.read(work)


def _response(conn: Connection, *, tenant: str, response_id: str) -> series.StoredResponse:
    return series.read_response(conn, tenant, response_id, answers=True)


def _base(row: Session, now: float) -> dict[str, Any]:
    return {"tenant": row.tenant, "episode": row.episode, "session": row.id, "at": now}
