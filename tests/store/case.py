"""A tenant with one session, two participants and open prompts: where most tests of the store start."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alliancekit.events import Score
from alliancekit.store.feedback import Answered, Submission
from alliancekit.store.outbox import Work
from alliancekit.store.prompts import NewPrompt, create_prompt
from alliancekit.store.sessions import NewParticipant, NewSession, create_session
from alliancekit.store.tenants import create_tenant

NOW = 1_800_000_000.0


@dataclass(frozen=True)
class Case:
    tenant: str
    episode: str
    session: str
    client: str
    therapist: str
    prompts: tuple[str, ...]


def new_session(tenant: str, external_id: str = "meeting-1", episode: str = "course-1") -> NewSession:
    return NewSession(
        tenant=tenant,
        external_id=external_id,
        episode=episode,
        style="supportive",
        measure="check-in",
        participants=(
            NewParticipant(role="client", external_id="c1", language="it"),
            NewParticipant(role="therapist", external_id="t1"),
        ),
        therapist="t1",
    )


def make_case(conn: Connection, prompts: int = 1) -> Case:
    tenant, _ = create_tenant(conn, "Clinic", NOW)
    made = create_session(conn, new_session(tenant), NOW)
    client, therapist = made.participants
    asked = [
        create_prompt(
            conn,
            NewPrompt(
                tenant=tenant,
                session=made.session.id,
                participant=client.id,
                moment="in_call",
                occasion=f"in_call:{number}",
                instruments=("check-in",),
            ),
            NOW,
        )
        for number in range(prompts)
    ]
    return Case(
        tenant=tenant,
        episode=made.session.episode,
        session=made.session.id,
        client=client.id,
        therapist=therapist.id,
        prompts=tuple(prompt.id for prompt in asked if prompt),
    )


def submission(case: Case, number: int = 0, *, key: str = "", at: float = NOW + 60) -> Submission:
    prompt = case.prompts[number]
    response = f"rsp_{prompt[4:]}"
    scores = tuple(
        Score(scale=scale, value=4.0, minimum=1, maximum=5, percent=75.0, answered=4, items=4)
        for scale in ("bond", "goal", "task")
    )
    return Submission(
        tenant=case.tenant,
        episode=case.episode,
        session=case.session,
        participant=case.client,
        role="client",
        moment="in_call",
        prompt=prompt,
        visibility="therapist_now",
        key=key or f"key-{prompt}",
        fingerprint=f"print-{prompt}",
        reply=f'{{"prompt":"{prompt}","responses":["{response}"],"status":"stored"}}',
        responses=(
            Answered(
                id=response,
                instrument="check-in",
                instrument_version="1",
                answers={f"item{n}": n % 5 for n in range(12)},
                scores=scores,
            ),
        ),
        work=(Work(lane=case.session, kind="feedback_captured", payload={"response": response}),),
        at=at,
    )


def other_response(sent: Submission, response: str) -> Submission:
    """The same submission with another response id, as a repeated request would make it."""
    return replace(sent, responses=(replace(sent.responses[0], id=response),))
