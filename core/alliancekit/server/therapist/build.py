"""From the database to the views: what the therapist may see of their own clients."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from alliancekit import visibility
from alliancekit.events import Guidance, Response, Role, Signal, Style
from alliancekit.languages.pages import Words
from alliancekit.server.live import PATH as LIVE_PATH
from alliancekit.server.therapist import client_says, findings, measure, panels, plugin_pages, views
from alliancekit.server.therapist.sentences import known
from alliancekit.server.therapist.series import rated
from alliancekit.server.therapist.stored import Stored, ratings_only, read, read_latest
from alliancekit.server.therapist.views import Reading, ReadingState, ResponseState
from alliancekit.server.tokens import TherapistClaims
from alliancekit.service import Service
from alliancekit.store.series import SeriesSession
from alliancekit.store.sessions import Episode


async def caseload(service: Service, claims: TherapistClaims, token: str, words: Words) -> views.CaseloadView:
    """Today, for one therapist who reads `words`: what the latest `RECENT` sessions of each client say."""
    now = service.clock()
    found = await service.database.read(lambda conn: read_latest(conn, claims, now, latest=views.RECENT))
    entries = []
    for stored, count, example in found:
        course = stored.course
        style = _style(service, stored)
        view = _Builder(service, stored, words, everything=False).view(course, style, "")
        entries.append(
            views.CaseloadEntry(
                episode=course.id,
                url=f"/therapist/episodes/{course.id}",
                external_id=course.external_id,
                style=style.title_in(words.language.tag),
                count=count,
                example=example,
                total=view.total,
                sessions=view.sessions,
                signals=view.signals,
                guidance=view.guidance,
            )
        )
    return views.CaseloadView(entries=tuple(entries), live=views.Live(url=LIVE_PATH, token=token))


async def episode(
    service: Service,
    claims: TherapistClaims,
    episode_id: str,
    token: str,
    words: Words,
    *,
    with_panels: bool = True,
    note_on: int | None = None,
    everything: bool = False,
    opened: int | None = None,
) -> views.EpisodeView:
    """One client's page for a therapist who reads `words`, with the panels that plugins show there.

    Args:
        service: the running service.
        claims: who is signed in.
        episode_id: whose page.
        token: for the live connection.
        words: the reader's.
        with_panels: whether plugins are asked for their panels.
        note_on: the number of the session whose private note is to be written; by default the latest.
        everything: whether lists go back to the first session; see `EpisodeView.recent`.
        opened: the number of a session that is looked at closer, beside the latest.

    Raises:
        NotFoundError: there is no such episode, or it is another therapist's.
    """
    now = service.clock()

    latest = None if everything else max(views.DRAWN, views.RECENT)
    stored = await service.database.read(
        lambda conn: read(conn, claims, episode_id, now, latest=latest, opened=opened)
    )
    course, found = stored.course, stored.found
    style = _style(service, stored)
    pages = plugin_pages.of_rules(service.plugins, words)
    made = _Builder(service, stored, words, everything=everything, opened=opened).view(course, style, token)
    view = replace(made, rule_pages=pages)
    if any(one.number == note_on for one in view.sessions):
        view = replace(view, note_on=note_on)
    if not with_panels:
        return view
    shown, gaps = await panels.of(service.hooks, course, found, style=style.name, words=words, now=now)
    said = await client_says.of(service, course, words)
    return replace(view, panels=shown, client_says=said, not_computed=(*view.not_computed, *gaps))


async def for_others(service: Service, course: Episode, words: Words) -> views.EpisodeView:
    """What the therapist may see of an episode, for others who may look: no notes, tasks, answers, panels.

    Args:
        service: the running service.
        course: the episode; whoever calls has made sure that it may be seen.
        words: the reader's, of the section `therapist`.
    """
    found = await service.database.read(lambda conn: ratings_only(conn, course))
    style = Style(name=course.style, title=course.style, description="")
    return _Builder(service, found, words, everything=True).view(course, style, "")


def _style(service: Service, stored: Stored) -> Style:
    name = stored.found[-1].session.style if stored.found else stored.course.style
    return service.plugins.styles.get(name, Style(name=name, title=name, description=""))


class _Builder:
    def __init__(
        self,
        service: Service,
        stored: Stored,
        words: Words,
        *,
        everything: bool,
        opened: int | None = None,
    ) -> None:
        self._everything = everything
        self._opened = opened
        self._instruments = service.instruments
        self._found = stored.found
        self._asked = stored.asked
        self._segments = stored.segments
        self._noted = stored.noted
        self._rules = service.plugins.rules
        self._words = words
        self._rated: dict[tuple[str, str, str], list[int]] = {}
        self._ended = visibility.last_ended(stored.found)
        self._held = [one.session.number for one in stored.found]
        self._whole = set(self._held if everything else self._held[-views.DRAWN :])
        over = [one.session.number for one in stored.found if one.session.status == "ended"]
        # Nobody is shown item by item to others who may look.
        closer = [*over[-1:], *([] if opened is None else [opened])]
        self._closer = set(closer if stored.with_answers else ())
        self._whole |= self._closer
        self._measure = stored.found[-1].session.measure if stored.found else "check-in"
        self._form = next(iter(self._instruments.forms(self._measure)), None)
        self._total = measure.total(self._form)

    def view(self, course: Episode, style: Style, token: str) -> views.EpisodeView:
        form = self._form
        newest = self._found[-1] if self._found else None
        answered, guidance = self._guidance()
        sessions = tuple(self._session(one) for one in self._found)
        return views.EpisodeView(
            episode=course.id,
            external_id=course.external_id,
            style=style,
            measure=self._measure if form is None else measure.text(form.title, self._words),
            validated=False if form is None else form.validated,
            validation="" if form is None else measure.own("validation", form.validation, self._words),
            total=measure.total(form),
            scales=measure.scales(form, self._words),
            cut_off=measure.cut_off(form, self._words),
            sessions=sessions,
            check_in=self._check_in(),
            signals=findings.of(
                [(one.session.number, signal) for one in self._found for _, signal in one.signals],
                rated=max((n for n, _ in rated(sessions, measure.total(form))), default=0),
                known=self._rules,
                have=self._sessions_until,
                course=self._noted,
                words=self._words,
                explained=None if self._everything else {*self._held[-views.EXPLAINED :]},
            ),
            course=self._noted,
            everything=self._everything,
            opened=self._opened if self._opened in self._held else None,
            guidance=guidance,
            guidance_session=answered,
            not_computed=()
            if newest is None
            else tuple(
                views.NotComputed(
                    what=known(self._words, "hook", gap.hook), plugin=gap.plugin, status=gap.status
                )
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
        course = signal.instrument, signal.scale, signal.role
        if course not in self._rated:
            self._rated[course] = [
                one.session.number
                for one in self._found
                if any(self._counts(one, r, signal) for r in one.responses)
            ]
        return {
            "rated": bisect_right(self._rated[course], number),
            "held": bisect_right(self._held, number),
        }

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
        whole = row.number in self._whole
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
                for r in (one.responses if whole else ())
                if r.moment == "in_call"
            ),
            segments=self._segments.get(row.id, ()),
            talk_balance=one.talk_balance,
            responses=tuple(self._responses(one)) if whole else (),
            closer=self._look(one) if row.number in self._closer else None,
        )

    def _look(self, one: SeriesSession) -> views.CloserView:
        """Every answer of a session that the therapist may see, in the order of the answers."""
        seen = [r for r in one.responses if self._state(one, r) == "shown"]
        forms = [(r, self._instruments.get(r.instrument, r.role)) for r in seen if self._known(r)]
        return views.CloserView(
            answers=tuple(
                views.AnswersView(
                    role=response.role,
                    moment=response.moment,
                    title=measure.text(form.title, self._words),
                    items=measure.answered(form, response.answers, self._words),
                )
                for response, form in forms
            )
        )

    def _known(self, response: Response) -> bool:
        return (response.instrument, response.role) in self._instruments

    def _state(self, one: SeriesSession, response: Response) -> ReadingState:
        return visibility.state_of(response, one.session.number, self._ended)

    def _readings(self, one: SeriesSession, role: Role) -> dict[str, Reading]:
        """Scale → reading of the main measure; from the newest answer, or why there is none."""
        answers = self._answers(one, role)
        if answers:
            response = answers[-1]
            state = self._state(one, response)
            if state == "shown":
                whole = one.session.number in self._whole
                return {
                    score.scale: Reading.of_score(score)
                    for score in response.scores
                    if not score.plugin and (whole or score.scale == self._total)
                }
            return {score.scale: Reading(state=state) for score in response.scores if not score.plugin}
        asked = [
            a
            for a in self._asked.get(one.session.id, ())
            if a.role == role and self._measure in a.instruments
        ]
        if not asked:
            return {}
        state = "waiting" if asked[-1].status == "open" else "no_answer"
        return {} if self._form is None else {s.name: Reading(state=state) for s in self._form.scales}

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
        for asked in self._asked.get(one.session.id, ()):
            if asked.status != "answered":
                yield views.ResponseView(
                    role=asked.role,
                    moment=asked.moment,
                    title=self._title(asked.instruments[0], asked.role),
                    state="waiting" if asked.status == "open" else "no_answer",
                )

    def _title(self, name: str, role: Role) -> str:
        if (name, role) in self._instruments:
            return measure.text(self._instruments.get(name, role).title, self._words)
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
                    asked = self._instruments.get(self._measure, role)
                    marks[role] = measure.labels(asked, response.answers, self._words)
            form = next(iter(self._instruments.forms(self._measure)), None)
            titles = measure.facets(form, self._words)
            return views.CheckInView(
                session=one.session.number,
                client_state=states["client"],
                therapist_state=states["therapist"],
                facets=tuple(measure.facet(name, title, marks) for name, title in titles.items()),
            )
        return None
