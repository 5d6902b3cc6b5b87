"""From the database to the client's views: what one client answered and chose in one course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from alliancekit import visibility
from alliancekit.choices import ClientSees
from alliancekit.errors import InstrumentError, NotFoundError
from alliancekit.events import Response
from alliancekit.instruments.catalogue import Instruments, ShownInstrument, ShownItem, localise
from alliancekit.instruments.model import Instrument, Texts
from alliancekit.languages.pages import Words
from alliancekit.server.client import consent, views
from alliancekit.server.client.seen import Sharing
from alliancekit.server.therapist.views import Reading, SessionView
from alliancekit.service import Service
from alliancekit.store import looks, own, series
from alliancekit.store import sessions as rows
from alliancekit.store.audit import Entry
from alliancekit.store.choices import ClientChoice, read_client_choice, read_therapist
from alliancekit.store.course import Task, tasks_of
from alliancekit.store.own import Own
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is stored about one client of a course; `found` holds only this client's responses."""

    episode: Episode
    found: tuple[SeriesSession, ...]
    everything: tuple[SeriesSession, ...]
    choice: ClientChoice
    sees: ClientSees
    tasks: tuple[Task, ...]
    entries: tuple[Entry, ...]
    alone: bool


async def course(service: Service, who: Own) -> Course:
    """Read a client's course.

    Raises:
        NotFoundError: the course was erased, or this client is not in it.
    """

    def work(conn: Connection) -> Course:
        episode = rows.read_episode(conn, who.tenant, who.episode)
        people = set(own.people_of(conn, who))
        if not people:
            raise NotFoundError("This client is not in this episode.")
        everything = series.read_series(conn, who.tenant, who.episode, answers=True)
        found = tuple(
            replace(one, responses=tuple(r for r in one.responses if r.participant in people))
            for one in everything
        )
        return Course(
            episode=episode,
            found=found,
            everything=everything,
            choice=read_client_choice(conn, who.tenant, who.episode),
            sees=read_therapist(conn, who.tenant, episode.therapist).client_sees,
            tasks=tasks_of(conn, who.tenant, who.episode),
            entries=looks.of_client(conn, who),
            alone=own.is_alone(conn, who),
        )

    return await service.database.read(work)


def view(
    name: str, service: Service, known: Course, words: Words
) -> views.HomeView | views.AnswersView | views.ChoicesView | views.DataView:
    """What the page of this name shows."""
    if name == "answers":
        return answers(service, known, words)
    if name == "choices":
        return choices(known)
    return data(known, words) if name == "data" else home(service, known, words)


def home(service: Service, known: Course, words: Words) -> views.HomeView:
    """The first page."""
    numbers = {one.session.id: one.session.number for one in known.found}
    return views.HomeView(
        sees=known.sees,
        trend=None if known.sees == "nothing" else _trend(service.instruments, known, words),
        tasks=tuple(
            views.TaskView(text=one.text, status=one.status, session=numbers[one.session])
            for one in known.tasks
        ),
        answered=sum(len({r.at for r in one.responses}) for one in known.found),
        erasure_asked_at=known.choice.erasure_asked_at,
    )


def answers(service: Service, known: Course, words: Words) -> views.AnswersView:
    """All own answers, the newest session first."""
    sharing = Sharing(known.everything, known.entries)
    sessions = [
        views.SessionAnswers(
            number=one.session.number,
            at=one.session.started_at or one.session.created_at,
            given=tuple(_given(service.instruments, one, r, sharing, words) for r in one.responses),
        )
        for one in reversed(known.found)
        if one.responses
    ]
    return views.AnswersView(sessions=tuple(sessions))


def choices(known: Course) -> views.ChoicesView:
    """What the client chose."""
    version, text = consent.agreed(known.choice.supervision_text or "")
    return views.ChoicesView(
        asked=known.choice.asked,
        alone=known.alone,
        supervision_at=known.choice.supervision_at,
        agreed_version=version,
        agreed_text=text,
    )


WHO = ("therapist", "supervisor", "vendor")


def data(known: Course, words: Words) -> views.DataView:
    """Who looked, by day, and the wish for erasure."""
    days: dict[tuple[str, str], views.LookView] = {}
    for entry in known.entries:
        who = entry.actor.partition(":")[0]
        if who in WHO and entry.action in {looks.VIEWED, "episode.exported"}:
            key = who, words.date(entry.at)
            before = days.get(key)
            days[key] = views.LookView(who=who, at=entry.at, times=1 + (before.times if before else 0))
    newest_first = sorted(days.values(), key=lambda one: -one.at)
    return views.DataView(
        looks=tuple(newest_first), alone=known.alone, erasure_asked_at=known.choice.erasure_asked_at
    )


def _given(
    instruments: Instruments, one: SeriesSession, response: Response, sharing: Sharing, words: Words
) -> views.Given:
    form, shown = worded(instruments, response.instrument, words)
    return views.Given(
        id=response.id,
        title=shown["title"] if shown else response.instrument,
        moment=response.moment,
        at=response.at,
        instrument=response.instrument,
        version=response.instrument_version,
        validated=form.validated if form else False,
        said=said(shown, response.answers, words),
        visibility=response.visibility,
        state=visibility.state_of(response, one.session.number, sharing.last_ended),
        looked_at=sharing.looked_at(response, one.session.number),
        later_is_now=sharing.last_ended > one.session.number,
        worded=shown is not None,
        changed=form is not None and form.version != response.instrument_version,
    )


def worded(
    instruments: Instruments, name: str, words: Words
) -> tuple[Instrument | None, ShownInstrument | None]:
    """An instrument's client form, and its words in the reader's language, as far as they are loaded."""
    if (name, "client") not in instruments:
        return None, None
    form = instruments.get(name, "client")
    try:
        return form, localise(form, words.language.tag)
    except InstrumentError:
        return form, None


def said(shown: ShownInstrument | None, given: Mapping[str, int], words: Words) -> tuple[views.Said, ...]:
    """Questions and answers in their order; answers to questions that are not loaded by their ids."""
    if shown is None:
        return tuple(
            views.Said(item=item, question=item, answer=words.number(value), value=value)
            for item, value in given.items()
        )
    lines = [
        views.Said(
            item=item["id"],
            question=item["text"],
            answer=_answer(item, given[item["id"]], words) if item["id"] in given else "",
            value=given.get(item["id"]),
        )
        for item in shown["items"]
    ]
    known = {one.item for one in lines}
    gone = [
        views.Said(item=item, question=item, answer=words.number(value), value=value)
        for item, value in given.items()
        if item not in known
    ]
    return (*lines, *gone)


def _answer(item: ShownItem, value: int, words: Words) -> str:
    if item["kind"] == "choice":
        return next(
            (one["label"] for one in item.get("options", []) if one["value"] == value), words.number(value)
        )
    decimals = item.get("decimals", 0)
    low, high = item.get("low", ""), item.get("high", "")
    figure = words.number(value / 10**decimals, decimals=decimals)
    return words.say("answers.slider", value=figure, low=low, high=high) if low and high else figure


def _trend(instruments: Instruments, known: Course, words: Words) -> views.Trend | None:
    measure = known.found[-1].session.measure if known.found else ""
    form, shown = worded(instruments, measure, words)
    if form is None:
        return None
    titles = {scale.name: _text(scale.title, words) or scale.name for scale in form.scales}
    whole = "total" if "total" in titles else next(iter(titles))
    parts = [name for name in titles if name != whole] if known.sees == "scales" else []
    return views.Trend(
        title=shown["title"] if shown else measure,
        validated=form.validated,
        validation=form.validation,
        lines=tuple(views.Line(scale=name, title=titles[name]) for name in (whole, *parts)),
        sessions=tuple(_point(one, measure) for one in known.found),
    )


def _point(one: SeriesSession, measure: str) -> SessionView:
    row = one.session
    rated: Sequence[Response] = [
        r for r in one.responses if r.instrument == measure and r.moment != "in_call"
    ]
    scores = rated[-1].scores if rated else ()
    return SessionView(
        id=row.id,
        number=row.number,
        at=row.started_at or row.created_at,
        attended=row.started_at is not None or row.status != "ended",
        begun=row.started_at is not None or row.status == "ended",
        in_progress=row.status == "live",
        example=row.example,
        client={score.scale: Reading.of_score(score) for score in scores if not score.plugin},
    )


def _text(texts: Texts, words: Words) -> str:
    tag = words.language.tag
    return texts.get(tag) or texts.get(tag.partition("-")[0]) or texts.get("en", "")
