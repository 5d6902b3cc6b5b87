"""From the database to the views: what the therapist may see of their own clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from alliancekit import calls, visibility
from alliancekit.errors import NotFoundError
from alliancekit.events import Guidance, Response, Role, RuleInfo, Segment, Signal, Style
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.model import CutOff, Instrument, Item
from alliancekit.server.live import PATH as LIVE_PATH
from alliancekit.server.therapist import course as between
from alliancekit.server.therapist import findings, panels, plugin_pages, views, words
from alliancekit.server.therapist.course import CourseView
from alliancekit.server.therapist.series import rated
from alliancekit.server.therapist.views import Reading, ReadingState, ResponseState
from alliancekit.server.tokens import TherapistClaims
from alliancekit.service import Service
from alliancekit.store import course as noted
from alliancekit.store import prompts, series
from alliancekit.store import sessions as rows
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Episode
from alliancekit.store.tables import participant, prompt
from alliancekit.store.text import load

LANGUAGE = "en"
"""The language of the therapist's pages."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt of a session."""

    session: str
    role: Role
    moment: Any
    instruments: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that is stored of an episode and that its page is made of."""

    course: Episode
    found: tuple[SeriesSession, ...]
    asked: Sequence[Asked]
    segments: Mapping[str, tuple[Segment, ...]]
    noted: CourseView


async def caseload(service: Service, claims: TherapistClaims, token: str) -> views.CaseloadView:
    """Today, for one therapist."""
    courses = await service.database.read(
        lambda conn: rows.episodes(conn, claims.tenant, therapist=claims.therapist)
    )
    entries = []
    for course in courses:
        view = await episode(service, claims, course.id, token, with_panels=False)
        entries.append(
            views.CaseloadEntry(
                episode=course.id,
                url=f"/therapist/episodes/{course.id}",
                external_id=course.external_id,
                style=view.style.title,
                count=len(view.sessions),
                example=view.example,
                total=view.total,
                sessions=view.sessions,
                signals=view.signals,
            )
        )
    return views.CaseloadView(entries=tuple(entries), live=views.Live(url=LIVE_PATH, token=token))


async def episode(
    service: Service,
    claims: TherapistClaims,
    episode_id: str,
    token: str,
    *,
    with_panels: bool = True,
    note_on: int | None = None,
) -> views.EpisodeView:
    """One client's page, with the panels that plugins show there.

    Args:
        service: the running service.
        claims: who is signed in.
        episode_id: whose page.
        token: for the live connection.
        with_panels: whether plugins are asked for their panels.
        note_on: the number of the session whose private note is to be written; by default the latest.

    Raises:
        NotFoundError: there is no such episode, or it is another therapist's.
    """
    now = service.clock()

    stored = await service.database.read(lambda conn: _read(conn, claims, episode_id, now))
    course, found = stored.course, stored.found
    name = found[-1].session.style if found else course.style
    style = service.plugins.styles.get(name, Style(name=name, title=name, description=""))
    builder = _Builder(service.instruments, stored, service.plugins.rules)
    view = replace(builder.view(course, style, token), rule_pages=plugin_pages.of_rules(service.plugins))
    if any(one.number == note_on for one in view.sessions):
        view = replace(view, note_on=note_on)
    if not with_panels:
        return view
    shown, gaps = await panels.of(service.hooks, course, found, style=name, language=LANGUAGE, now=now)
    return replace(view, panels=shown, not_computed=(*view.not_computed, *gaps))


def _read(conn: Connection, claims: TherapistClaims, episode_id: str, now: float) -> Stored:
    course = own_episode(conn, claims, episode_id)
    found = series.read_series(conn, claims.tenant, episode_id, answers=True)
    return Stored(
        course,
        found,
        _asked(conn, [one.session.id for one in found], now),
        {one.session.id: calls.segments_of(conn, one.session, now) for one in found},
        between.view_of(
            {one.session.id: one.session.number for one in found},
            talks=noted.talks_of(conn, claims.tenant, episode_id),
            tasks=noted.tasks_of(conn, claims.tenant, episode_id),
            notes=noted.notes_of(conn, claims.tenant, episode_id, therapist=claims.therapist),
        ),
    )


def own_episode(conn: Connection, claims: TherapistClaims, episode_id: str) -> Episode:
    """Return an episode of this therapist.

    Raises:
        NotFoundError: there is no such episode, or it is another therapist's.
    """
    course = rows.read_episode(conn, claims.tenant, episode_id)
    if course.therapist != claims.therapist:
        raise NotFoundError("There is no such client.", fix="Go back to Today and choose from your list.")
    return course


def _asked(conn: Connection, sessions: Sequence[str], now: float) -> list[Asked]:
    query = (
        select(
            prompt.c.session,
            participant.c.role,
            prompt.c.moment,
            prompt.c.instruments,
            prompts.status_at(now),
        )
        .join(participant, participant.c.id == prompt.c.participant)
        .where(prompt.c.session.in_(sessions))
        .order_by(prompt.c.created_at, prompt.c.id)
    )
    return [
        Asked(s, role, moment, tuple(load(names)), status)
        for s, role, moment, names, status in conn.execute(query)
    ]


class _Builder:
    def __init__(
        self,
        instruments: Instruments,
        stored: Stored,
        rules: Sequence[RuleInfo],
    ) -> None:
        self._instruments = instruments
        self._found = stored.found
        self._asked = stored.asked
        self._segments = stored.segments
        self._noted = stored.noted
        self._rules = rules
        self._ended = visibility.last_ended(stored.found)
        self._measure = stored.found[-1].session.measure if stored.found else "check-in"

    def view(self, course: Episode, style: Style, token: str) -> views.EpisodeView:
        form = next(iter(self._instruments.forms(self._measure)), None)
        newest = self._found[-1] if self._found else None
        answered, guidance = self._guidance()
        sessions = tuple(self._session(one) for one in self._found)
        return views.EpisodeView(
            episode=course.id,
            external_id=course.external_id,
            style=style,
            measure=self._measure if form is None else _text(form.title),
            validated=False if form is None else form.validated,
            validation="" if form is None else form.validation,
            total=_total(form),
            scales=_scales(form),
            cut_off=_cut_off(form),
            sessions=sessions,
            check_in=self._check_in(),
            signals=findings.of(
                [(one.session.number, signal) for one in self._found for _, signal in one.signals],
                rated=max((n for n, _ in rated(sessions, _total(form))), default=0),
                known=self._rules,
                have=self._sessions_until,
                course=self._noted,
            ),
            course=self._noted,
            guidance=guidance,
            guidance_session=answered,
            not_computed=()
            if newest is None
            else tuple(
                views.NotComputed(what=words.hook(gap.hook), plugin=gap.plugin, status=gap.status)
                for gap in newest.not_computed
            ),
            not_asked=()
            if newest is None
            else tuple(
                views.NotAsked(title=self._title(gap.instrument, gap.form), role=gap.form, reason=gap.reason)
                for gap in newest.not_asked
            ),
            live=views.Live(url=LIVE_PATH, token=token),
        )

    def _sessions_until(self, number: int, signal: Signal) -> dict[str, int]:
        """How many sessions a rule could read for a signal of session `number`."""
        until = [one for one in self._found if one.session.number <= number]
        rated = [one for one in until if any(self._counts(one, r, signal) for r in one.responses)]
        return {"rated": len(rated), "held": len(until)}

    def _counts(self, one: SeriesSession, response: Response, signal: Signal) -> bool:
        if (response.instrument, response.role) != (signal.instrument, signal.role):
            return False
        scored = any(
            score.value is not None and signal.scale in ("", score.scale) for score in response.scores
        )
        return scored and response.moment != "in_call" and self._state(one, response) == "shown"

    def _guidance(self) -> tuple[int | None, tuple[Guidance, ...]]:
        """The newest advice on a rating, with its session's number, and the remark on the last talk."""

        def newest(*, on_talk: bool) -> tuple[int | None, tuple[Guidance, ...]]:
            for one in reversed(self._found):
                given = tuple(a for _, a in one.guidance if (a.kind == "talk_balance") == on_talk)
                if given:
                    return one.session.number, given
            return None, ()

        number, advice = newest(on_talk=False)
        remarked, remark = newest(on_talk=True)
        heard = max((one.session.number for one in self._found if one.talk_balance is not None), default=None)
        return number, (*advice, *(remark if remarked == heard else ()))

    def _session(self, one: SeriesSession) -> views.SessionView:
        row = one.session
        began = row.started_at or row.created_at
        return views.SessionView(
            id=row.id,
            number=row.number,
            at=began,
            attended=row.started_at is not None or row.status != "ended",
            begun=row.started_at is not None or row.status == "ended",
            in_progress=row.status == "live",
            example=row.example,
            seconds=row.seconds,
            client=self._readings(one, "client"),
            therapist=self._readings(one, "therapist"),
            pulses=tuple(
                views.PulseView(
                    role=r.role, after_seconds=max(0.0, r.at - began), reading=self._pulse(one, r)
                )
                for r in one.responses
                if r.moment == "in_call"
            ),
            segments=self._segments.get(row.id, ()),
            talk_balance=one.talk_balance,
            responses=tuple(self._responses(one)),
        )

    def _state(self, one: SeriesSession, response: Response) -> ReadingState:
        return visibility.state_of(response, one.session.number, self._ended)

    def _readings(self, one: SeriesSession, role: Role) -> dict[str, Reading]:
        """Scale → reading of the main measure; from the newest answer, or why there is none."""
        answers = self._answers(one, role)
        if answers:
            response = answers[-1]
            state = self._state(one, response)
            if state == "shown":
                return {score.scale: Reading.of_score(score) for score in response.scores if not score.plugin}
            return {score.scale: Reading(state=state) for score in response.scores if not score.plugin}
        asked = [
            a
            for a in self._asked
            if a.session == one.session.id and a.role == role and self._measure in a.instruments
        ]
        if not asked:
            return {}
        state = "waiting" if asked[-1].status == "open" else "no_answer"
        form = next(iter(self._instruments.forms(self._measure)), None)
        return {} if form is None else {scale.name: Reading(state=state) for scale in form.scales}

    def _answers(self, one: SeriesSession, role: Role) -> list[Response]:
        return [
            r
            for r in one.responses
            if r.role == role and r.instrument == self._measure and r.moment != "in_call"
        ]

    def _pulse(self, one: SeriesSession, response: Response) -> Reading:
        state = self._state(one, response)
        if state != "shown":
            return Reading(state=state)
        scores = [score for score in response.scores if not score.plugin]
        return Reading.of_score(scores[0]) if scores else Reading(state="not_scored")

    def _responses(self, one: SeriesSession) -> Iterable[views.ResponseView]:
        for response in one.responses:
            state: ResponseState = {"shown": "shared", "later": "later", "private": "private"}[  # type: ignore[assignment]
                self._state(one, response)
            ]
            yield views.ResponseView(
                role=response.role,
                moment=response.moment,
                title=self._title(response.instrument, response.role),
                state=state,
            )
        for asked in self._asked:
            if asked.session == one.session.id and asked.status != "answered":
                yield views.ResponseView(
                    role=asked.role,
                    moment=asked.moment,
                    title=self._title(asked.instruments[0], asked.role),
                    state="waiting" if asked.status == "open" else "no_answer",
                )

    def _title(self, name: str, role: Role) -> str:
        if (name, role) in self._instruments:
            return _text(self._instruments.get(name, role).title)
        return name

    def _check_in(self) -> views.CheckInView | None:
        """The latest session's check-in, item by item; facets pair what both sides answered."""
        for one in reversed(self._found):
            sides = {role: self._answers(one, role) for role in ("client", "therapist")}
            if not any(sides.values()):
                continue
            marks: dict[str, dict[str, tuple[str, float]]] = {}
            states: dict[str, ReadingState] = {}
            for role, answers in sides.items():
                response = answers[-1] if answers else None
                states[role] = "no_answer" if response is None else self._state(one, response)
                if (
                    response is not None
                    and states[role] == "shown"
                    and (self._measure, role) in self._instruments
                ):
                    marks[role] = _labels(self._instruments.get(self._measure, role), response.answers)
            form = next(iter(self._instruments.forms(self._measure)), None)
            titles = (
                {} if form is None else {item.facet or item.id: _facet_title(item) for item in form.items}
            )
            return views.CheckInView(
                session=one.session.number,
                client_state=states["client"],
                therapist_state=states["therapist"],
                facets=tuple(_facet(name, title, marks) for name, title in titles.items()),
            )
        return None


def _facet_title(item: Item) -> str:
    """The page's words for a known facet; else what the instrument calls it; else the item's own wording."""
    if item.facet:
        return words.FACET_WORDS.get(item.facet, words.plain(item.facet).capitalize())
    return _text(item.text) or words.plain(item.id).capitalize()


def _facet(name: str, title: str, marks: Mapping[str, Mapping[str, tuple[str, float]]]) -> views.FacetView:
    client = marks.get("client", {}).get(name)
    therapist = marks.get("therapist", {}).get(name)
    return views.FacetView(
        title=title,
        client=client[0] if client else None,
        client_percent=client[1] if client else None,
        therapist=therapist[0] if therapist else None,
        therapist_percent=therapist[1] if therapist else None,
    )


def _labels(form: Instrument, answers: Mapping[str, int]) -> dict[str, tuple[str, float]]:
    """Facet → the chosen option's wording and its place from 0 to 100."""
    labels = {}
    for item in form.items:
        if item.id not in answers:
            continue
        value = answers[item.id]
        low, high = form.range_of(item)
        option = next((o for o in form.options_of(item) if o.value == value), None)
        wording = _text(option.label) if option is not None else str(value)
        labels[item.facet or item.id] = (wording, 100 * (value - low) / (high - low))
    return labels


def _text(texts: Mapping[str, str]) -> str:
    return texts.get(LANGUAGE, "")


def _total(form: Instrument | None) -> str:
    names = [] if form is None else [scale.name for scale in form.scales]
    return "total" if "total" in names or not names else names[0]


def _scales(form: Instrument | None) -> tuple[views.ScaleView, ...]:
    if form is None:
        return ()
    total = _total(form)
    return tuple(
        views.ScaleView(name=scale.name, title=_text(scale.title) or scale.name.capitalize())
        for scale in form.scales
        if scale.name != total
    )


def _cut_off(form: Instrument | None) -> views.CutOffView | None:
    if form is None:
        return None
    found = next((c for c in form.cut_offs if c.scale == _total(form)), None)
    if found is None:
        return None
    scale = next(s for s in form.scales if s.name == found.scale)
    items = [item for item in form.items if item.id in scale.items]
    low, high = (sum(form.range_of(item)[end] for item in items) for end in (0, 1))
    if scale.method == "mean":
        return _cut(found, low / len(items), high / len(items))
    return _cut(found, low, high)


def _cut(found: CutOff, low: float, high: float) -> views.CutOffView:
    return views.CutOffView(
        percent=100 * (found.value - low) / (high - low), meaning=found.meaning, source=found.source
    )
