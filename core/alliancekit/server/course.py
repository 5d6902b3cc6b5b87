"""What therapists say on a client's page: talked about it, agreed tasks, private notes.

Every form works without JavaScript: it is answered with the page it stood on. What is not the therapist's own
is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection

from alliancekit.errors import NotFoundError
from alliancekit.server import auth, schemas
from alliancekit.server.forms import FormRoute, form, see_other
from alliancekit.server.therapist import stored
from alliancekit.server.tokens import TherapistClaims
from alliancekit.store import course
from alliancekit.store import sessions as rows

T = TypeVar("T")
Id = Annotated[str, Path(max_length=64, pattern=schemas.ID)]

router = APIRouter(include_in_schema=False, route_class=FormRoute, prefix="/therapist/episodes/{episode}")


@router.post("/talked")
async def talked(request: Request, episode: Id) -> Response:
    """Fields `session` and `outcome` (`repaired`, `not_yet`)."""
    fields, claims = await _sent(request)

    def work(conn: Connection, session: str, now: float) -> None:
        outcome = fields.get("outcome", "")
        course.record_talk(conn, claims.tenant, session, outcome, actor=_actor(claims), now=now)

    return await _done(request, claims, episode, fields.get("session", ""), work, at="signals")


@router.post("/talked/{talk}/undo")
async def undo(request: Request, episode: Id, talk: Id) -> Response:
    """Take back what was said about a session."""
    _, claims = await _sent(request)

    def work(conn: Connection, session: str, now: float) -> None:
        course.undo_talk(conn, claims.tenant, talk, actor=_actor(claims), now=now)

    found = await _find(request, lambda conn: course.talks_of(conn, claims.tenant, episode), talk)
    return await _done(request, claims, episode, found.session, work, at="signals")


@router.post("/tasks")
async def agree(request: Request, episode: Id) -> Response:
    """Fields `session` and `text`."""
    fields, claims = await _sent(request)

    def work(conn: Connection, session: str, now: float) -> None:
        course.add_task(conn, claims.tenant, session, fields.get("text", ""), actor=_actor(claims), now=now)

    return await _done(request, claims, episode, fields.get("session", ""), work, at="tasks")


@router.post("/tasks/{task}")
async def decide(request: Request, episode: Id, task: Id) -> Response:
    """Field `status`: `done`, `partly`, `not_done`, `open`; `remove` deletes a task that is open."""
    fields, claims = await _sent(request)
    status = fields.get("status", "")

    def work(conn: Connection, session: str, now: float) -> None:
        if status == "remove":
            course.remove_task(conn, claims.tenant, task, actor=_actor(claims), now=now)
        else:
            course.decide_task(conn, claims.tenant, task, status, actor=_actor(claims), now=now)

    found = await _find(request, lambda conn: course.tasks_of(conn, claims.tenant, episode), task)
    return await _done(request, claims, episode, found.session, work, at="tasks")


@router.post("/notes")
async def note(request: Request, episode: Id) -> Response:
    """Fields `session` and `text`; an empty text deletes the note."""
    fields, claims = await _sent(request)

    def work(conn: Connection, session: str, now: float) -> None:
        text = fields.get("text", "")
        course.write_note(conn, claims.tenant, session, text, therapist=claims.therapist, now=now)

    return await _done(request, claims, episode, fields.get("session", ""), work, at="notes")


async def _sent(request: Request) -> tuple[dict[str, str], TherapistClaims]:
    """The fields of a form and who sent it.

    Raises:
        MissingTokenError: nobody is signed in.
    """
    fields = await form(request)
    claims = auth.reader(request, TherapistClaims)
    if claims is None:
        raise auth.MissingTokenError("You are not signed in any more.", fix="Sign in again.")
    return fields, claims


async def _find(request: Request, work: Callable[[Connection], tuple[T, ...]], key: str) -> T:
    database = auth.backend_of(request).service.database
    found = next((one for one in await database.read(work) if getattr(one, "id", None) == key), None)
    if found is None:
        raise NotFoundError("This is not there any more.", fix="Open the page again.")
    return found


async def _done(
    request: Request,
    claims: TherapistClaims,
    episode: str,
    session: str,
    work: Callable[[Connection, str, float], None],
    *,
    at: str,
) -> Response:
    """Change something about a session of the therapist's own episode, tell other pages, go back."""
    service = auth.backend_of(request).service
    now = service.clock()

    def change(conn: Connection) -> None:
        stored.own_episode(conn, claims, episode)
        if rows.read_session(conn, claims.tenant, session).episode != episode:
            raise NotFoundError("There is no such session.", fix="Open the page again.")
        work(conn, session, now)

    await service.database.write(change)
    await service.updated(claims.tenant, session)
    return see_other(f"/therapist/episodes/{episode}#{at}")


def _actor(claims: TherapistClaims) -> str:
    return course.actor_of(claims.therapist)
