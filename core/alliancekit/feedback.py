"""Asking and capturing: prompts to people, answers into the database.

An answer is checked against its instrument, scored and stored with its audit entry and its outbox row in one
transaction; only then is the request answered. Everything that plugins do happens afterwards.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, bindparam, select

from alliancekit.errors import (
    ConflictError,
    InProgressError,
    InvalidAnswerError,
    NotFoundError,
    UnknownInstrumentError,
)
from alliancekit.events import Moment, PromptRequest, Role, Visibility
from alliancekit.instruments.catalogue import Instruments, localise
from alliancekit.languages import Direction
from alliancekit.scoring.scales import check_answers, score
from alliancekit.store import audit, prompts, series, tenants
from alliancekit.store import sessions as rows
from alliancekit.store.compiled import Prepared
from alliancekit.store.database import Database
from alliancekit.store.feedback import Answered, Saved, Submission, save_submission
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.prompts import NewPrompt, Prompt
from alliancekit.store.tables import participant, prompt, session
from alliancekit.store.text import load, new_id

log = logging.getLogger("alliancekit.feedback")

VISIBILITIES: tuple[Visibility, ...] = ("therapist_now", "therapist_later", "aggregate_only")

Layout = Literal["card", "steps"]
"""All items on one card, or one item at a time."""

LAYOUTS: Final[tuple[Layout, ...]] = ("card", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A participant as a token names them."""

    tenant: str
    session: str
    id: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPolicy:
    """How long prompts stay open; seconds.

    Attributes:
        in_call: an in-call prompt is forgotten after this time.
        after_call: every other prompt.
        later: how long *later* postpones a prompt.
        link_after: when a link to the rating of a call is sent, after it was asked; None: never.
        link_channel: which channel sends it.
    """

    in_call: float = 10 * 60.0
    after_call: float = 7 * 86400.0
    later: float = 5 * 60.0
    link_after: float | None = None
    link_channel: str = ""


_asked = Prepared(
    lambda _: (
        select(
            prompt.c.tenant,
            prompt.c.session,
            session.c.episode,
            prompt.c.participant,
            participant.c.role,
            prompt.c.moment,
            prompt.c.instruments,
            prompt.c.expires_at,
        )
        .join(session, session.c.id == prompt.c.session)
        .join(participant, participant.c.id == prompt.c.participant)
        .where(prompt.c.id == bindparam("prompt"), prompt.c.participant == bindparam("participant"))
    )
)


class Feedback:
    """Prompts and answers of one service.

    Args:
        committed: called after each commit that queued work.
        direction: how a language is written.
    """

    def __init__(
        self,
        database: Database,
        instruments: Instruments,
        policy: AskPolicy,
        *,
        committed: Callable[[], None],
        direction: Callable[[str], Direction],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._direction = direction
        self._database = database
        self._instruments = instruments
        self.policy = policy
        self._committed = committed
        self._clock = clock
        self._in_progress: set[tuple[str, str]] = set()

    # asking --------------------------------------------------------------------------------------------

    async def current(self, person: Person) -> dict[str, Any]:
        """What to ask this person now, in their language: the body of `GET /v1/prompts/current`.

        Raises:
            NotFoundError: there is no such person.
        """
        now = self._clock()

        def work(conn: Connection) -> tuple[Prompt | None, str, Layout]:
            known = rows.read_participant(conn, person.id)
            if known is None:
                raise NotFoundError("This participant is not known here.", fix="Create the session again.")
            found = prompts.current_prompt(conn, person.id, now)
            tenant = None if found is None else tenants.read_tenant(conn, found.tenant)
            return found, known.language, layout_of({} if tenant is None else tenant.settings)

        found, language, layout = await self._database.read(work)
        shown = None if found is None else self._shown(found, person.role, language, layout)
        return {"prompt": shown, "language": language, "direction": self._direction(language)}

    def _shown(self, found: Prompt, role: Role, language: str, layout: Layout) -> dict[str, Any]:
        # A therapist's answers are the therapist's own: there is nobody to hide them from.
        visibility = {"default": VISIBILITIES[0], "choices": VISIBILITIES} if role == "client" else None
        return {
            "id": found.id,
            "moment": found.moment,
            "role": role,
            "session": found.session,
            "expires_at": found.expires_at,
            "layout": layout,
            "visibility": visibility,
            "instruments": [
                localise(self._instruments.get(name, role), language) for name in found.instruments
            ],
        }

    def make_prompts(
        self,
        conn: Connection,
        *,
        tenant: str,
        session_id: str,
        moment: Moment,
        people: Mapping[str, Role],
        requests: Sequence[PromptRequest],
        occasion: str,
    ) -> list[Prompt]:
        """Store the prompts of a plan for these people, each once per occasion, and queue their hook.

        A request whose instruments have no form for a role asks that role nothing. An instrument that cannot
        be asked, because nobody brings it or its wording is not here, is left out, and the reason is stored.
        """
        now = self._clock()
        lasting = self.policy.in_call if moment == "in_call" else self.policy.after_call
        made = []
        for request in requests:
            names = self._askable(conn, tenant, session_id, request, people)
            for person, role in people.items():
                if role != request.role or not names:
                    continue
                new = NewPrompt(
                    tenant=tenant,
                    session=session_id,
                    participant=person,
                    moment=moment,
                    occasion=occasion,
                    instruments=names,
                    expires_at=now + lasting,
                )
                stored = prompts.create_prompt(conn, new, now)
                if stored is not None:
                    made.append(stored)
        about = ({"prompt": one.id, "moment": moment} for one in made)
        work = [Work(lane=session_id, kind="feedback_requested", payload=each) for each in about]
        add_work(conn, tenant, work, now)
        return made

    def _askable(
        self,
        conn: Connection,
        tenant: str,
        session_id: str,
        request: PromptRequest,
        people: Mapping[str, Role],
    ) -> tuple[str, ...]:
        """The instruments of a request that its role can be asked; what is left out is logged and noted."""
        names = []
        for name in dict.fromkeys(request.instruments):
            try:
                reason = self._instruments.why_not_asked(name, request.role)
            except UnknownInstrumentError as error:
                if self._instruments.forms(name):
                    log.warning("the plan asks %s, which has no %s form; left out", name, request.role)
                    continue
                reason = str(error)
            if not reason:
                names.append(name)
                if self._instruments.get(name, request.role).text == "pack":
                    series.clear_not_asked(conn, session_id, instrument=name, form=request.role)
            elif request.role in people.values():
                log.warning("left out of what is asked: %s", reason)
                series.record_not_asked(
                    conn,
                    tenant,
                    session_id,
                    instrument=name,
                    form=request.role,
                    reason=reason,
                    now=self._clock(),
                )
        return tuple(names)

    async def dismiss(self, person: Person, prompt_id: str, reason: str) -> Prompt | None:
        """Put a prompt away: `later` asks again, `skip` not, `not_in_calls` never again during calls.

        Returns:
            The prompt, if it was still open.

        Raises:
            NotFoundError: it is not this person's prompt.
        """
        now = self._clock()

        def work(conn: Connection) -> Prompt | None:
            found = prompts.read_prompt(conn, person.tenant, prompt_id)
            if found is None or found.participant != person.id:
                raise _no_such_prompt()
            if reason == "later":
                done = prompts.postpone(conn, person.tenant, prompt_id, now + self.policy.later)
            else:
                done = prompts.close_prompt(
                    conn, person.tenant, prompt_id, "dismissed", now, dismissal=reason
                )
            if done:
                audit.append(
                    conn,
                    tenant=person.tenant,
                    actor=person.id,
                    action="prompt.dismissed",
                    object=prompt_id,
                    details={"reason": reason},
                    now=now,
                )
            return found if done else None

        return await self._database.write(work)

    # capturing -----------------------------------------------------------------------------------------

    async def capture(
        self,
        person: Person,
        key: str,
        prompt_id: str,
        answers: Mapping[str, Mapping[str, int]],
        visibility: Visibility,
    ) -> Saved:
        """Store a person's answers to a prompt, once; returns after the commit.

        Args:
            person: who answers.
            key: the request's Idempotency-Key.
            prompt_id: what they were asked.
            answers: instrument → item → value; items left out are not answered.
            visibility: who may see it; always `therapist_now` for a therapist's own answers.

        Raises:
            NotFoundError: not this person's prompt.
            InvalidAnswerError: an answer that the instrument does not have.
            ConflictError: the prompt is closed, or the same key is in progress.
            KeyReusedError: the same key came with other answers.
        """
        handle = (person.id, key)
        if handle in self._in_progress:
            raise InProgressError(
                "The same submission is still being stored.", fix="Wait a second and send it again unchanged."
            )
        canonical = json.dumps([prompt_id, visibility, answers], sort_keys=True, separators=(",", ":"))
        fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
        now = self._clock()
        self._in_progress.add(handle)
        try:
            saved = await self._database.write(
                lambda conn: self._capture(
                    conn,
                    person,
                    key=key,
                    fingerprint=fingerprint,
                    prompt_id=prompt_id,
                    answers=answers,
                    visibility=visibility,
                    now=now,
                )
            )
        finally:
            self._in_progress.discard(handle)
        self._committed()
        return saved

    def _capture(
        self,
        conn: Connection,
        person: Person,
        *,
        key: str,
        fingerprint: str,
        prompt_id: str,
        answers: Mapping[str, Mapping[str, int]],
        visibility: Visibility,
        now: float,
    ) -> Saved:
        row = _asked.run(conn, {"prompt": prompt_id, "participant": person.id}).fetchone()
        if row is None:
            raise _no_such_prompt()
        tenant, session_id, episode, _, role, moment, instruments, expires_at = row
        responses = self._checked(role, load(instruments), answers)
        reply = {"status": "stored", "prompt": prompt_id, "responses": [one.id for one in responses]}
        submission = Submission(
            tenant=tenant,
            episode=episode,
            session=session_id,
            participant=person.id,
            role=role,
            moment=moment,
            prompt=prompt_id,
            visibility=visibility if role == "client" else "therapist_now",
            key=key,
            fingerprint=fingerprint,
            reply=json.dumps(reply),
            responses=responses,
            work=(
                Work(
                    lane=session_id,
                    kind="feedback_captured",
                    payload={"session": session_id, "responses": reply["responses"], "moment": moment},
                ),
            ),
            at=now,
        )
        saved = save_submission(conn, submission)
        if saved.outcome == "stored" and expires_at is not None and expires_at <= now:
            raise ConflictError(
                "This prompt has expired; nothing was stored.",
                fix="Ask GET /v1/prompts/current for what is open now.",
            )
        return saved

    def _checked(
        self, role: Role, asked: Sequence[str], answers: Mapping[str, Mapping[str, int]]
    ) -> tuple[Answered, ...]:
        unknown = [name for name in answers if name not in asked]
        if unknown or not any(answers.values()):
            raise InvalidAnswerError(
                "The answers must be to the instruments of this prompt, with at least one item answered."
                " Nothing was stored.",
                fix=f"This prompt asks: {', '.join(asked)}.",
            )
        checked = []
        for name, values in answers.items():
            if not values:
                continue
            instrument = self._instruments.get(name, role)
            check_answers(instrument, values)
            checked.append(
                Answered(
                    id=new_id("rsp"),
                    instrument=name,
                    instrument_version=instrument.version,
                    answers=values,
                    scores=score(instrument, values),
                )
            )
        return tuple(checked)


def layout_of(settings: Mapping[str, Any]) -> Layout:
    """How a tenant with these settings wants its prompts to be shown: `card`, unless it chose `steps`."""
    return next((one for one in LAYOUTS if one == settings.get("layout")), "card")


def _no_such_prompt() -> NotFoundError:
    return NotFoundError(
        "There is no such prompt for this person.", fix="Ask GET /v1/prompts/current for what is open now."
    )
