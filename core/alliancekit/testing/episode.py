"""A course of sessions in one line: what rules, styles and pages work on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alliancekit import events
from alliancekit.errors import AllianceKitError
from alliancekit.events import Role
from alliancekit.testing.fake_clock import START
from alliancekit.testing.fake_session import FakeSession, Scored

WEEK: Final = 7 * 86400.0
"""Seconds from one session to the next."""

LENGTH: Final = 50 * 60.0
"""Seconds a session takes."""

Level = float | Scored | None
"""How a session was rated: percent of the scale `total`, percents by scale, or None for not at all."""


class EpisodeError(AllianceKitError):
    """An episode cannot be built from these arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeSession:
    """One session of an episode.

    `client` and `therapist` are percents by scale, None when they did not answer. `talk` is the client's
    share of all speech, None when nothing was heard.
    """

    id: str
    number: int
    at: float
    attended: bool
    client: Scored | None
    therapist: Scored | None
    talk: float | None

    @property
    def talk_balance(self) -> events.TalkBalance | None:
        """Who spoke how much, made up around the client's share."""
        return None if self.talk is None else balance(self.talk)


class Episode:
    """One course of therapy, a session a week, oldest first.

    Usable as it is, without a database: `updated` is what rules receive, `guidance_wanted()` what styles
    receive. `Site.write` stores it.

    Example:
        ```python
        from alliancekit.testing import Episode

        course = Episode(scores=[80, 82, 78, 80, 84, 81, 60, 64, None, 79], missed=[9])
        assert len(course.updated.series) == 10
        ```

    Args:
        scores: the client's ratings, one a session. See `Level`.
        therapist: the therapist's, from the first session on; missing ones were not given.
        talk: the client's share of speech (0–1) by session, likewise.
        missed: numbers of sessions that nobody came to, from 1; their ratings must be None.
        instrument: the instrument that was answered.
        scales: what the instrument says about its scales, for the rules' cut-offs.
        answers: item → value, the same in every client response.
        style: the style of all sessions.
        began: when the first session was; seconds since 1970 UTC.

    Raises:
        EpisodeError: no session, a percent outside 0–100, or a rating of a missed session.
    """

    def __init__(
        self,
        scores: Sequence[Level],
        *,
        therapist: Sequence[Level] = (),
        talk: Sequence[float | None] = (),
        missed: Collection[int] = (),
        instrument: str = "check-in",
        scales: Sequence[events.ScaleInfo] = (),
        answers: Mapping[str, int] | None = None,
        style: str = "directive",
        began: float = START,
    ) -> None:
        self.instrument, self.style = instrument, style
        self.scales = tuple(scales)
        self.answers = dict(answers or {})
        self.sessions = tuple(
            EpisodeSession(
                id=f"ses_{number}",
                number=number,
                at=began + (number - 1) * WEEK,
                attended=number not in missed,
                client=_level(level),
                therapist=_level(_at(therapist, number)),
                talk=_at(talk, number),
            )
            for number, level in enumerate(scores, start=1)
        )
        self._check(missed)

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def newest(self) -> EpisodeSession:
        """The last session."""
        return self.sessions[-1]

    @property
    def series(self) -> tuple[events.SeriesPoint, ...]:
        """The sessions as hooks see them."""
        return tuple(
            events.SeriesPoint(
                session=one.id,
                number=one.number,
                at=one.at,
                attended=one.attended,
                responses=self.responses(one),
            )
            for one in self.sessions
        )

    @property
    def updated(self) -> events.SeriesUpdated:
        """The event of the newest session: `detect_signals` reads it."""
        return self.at(len(self))

    def at(self, number: int) -> events.SeriesUpdated:
        """The event as it was after session `number`."""
        last = self.sessions[number - 1]
        return events.SeriesUpdated(
            tenant="ten_1",
            episode="epi_1",
            session=last.id,
            at=last.at + LENGTH,
            style=self.style,
            number=number,
            series=self.series[:number],
            scales=self.scales,
        )

    def panels_wanted(
        self, *, signals: Sequence[events.Signal] = (), language: str = "en"
    ) -> events.PanelsWanted:
        """The event for `render_panels`: the therapist opens the client's page after the newest session."""
        last = self.newest
        heard = {one.number: one.talk_balance for one in self.sessions}
        return events.PanelsWanted(
            tenant="ten_1",
            episode="epi_1",
            session=last.id,
            at=last.at + LENGTH,
            style=self.style,
            language=language,
            series=self.series,
            signals=tuple(signals),
            talk_balances={number: found for number, found in heard.items() if found is not None},
        )

    def guidance_wanted(
        self, *, signals: Sequence[events.Signal] = (), language: str = "en"
    ) -> events.GuidanceWanted:
        """The newest session's event for `suggest_guidance`."""
        last = self.newest
        return events.GuidanceWanted(
            tenant="ten_1",
            episode="epi_1",
            session=last.id,
            at=last.at + LENGTH,
            style=self.style,
            number=last.number,
            language=language,
            responses=self.responses(last),
            signals=tuple(signals),
            talk_balance=last.talk_balance,
        )

    def responses(self, one: EpisodeSession) -> tuple[events.Response, ...]:
        """The responses of a session."""
        maker = FakeSession(session=one.id, style=self.style, number=one.number, measure=self.instrument)
        maker.clock.now = one.at + LENGTH
        given: list[tuple[Role, Scored | None]] = [("client", one.client), ("therapist", one.therapist)]
        return tuple(
            maker.response(
                level,
                role=role,
                id=f"rsp_{one.number}_{role}",
                answers=self.answers if role == "client" else {},
            )
            for role, level in given
            if level is not None
        )

    def _check(self, missed: Collection[int]) -> None:
        if not self.sessions:
            raise EpisodeError("An episode needs at least one session.", fix="Give one score a session.")
        for one in self.sessions:
            rated = {**(one.client or {}), **(one.therapist or {})}
            if rated and not one.attended:
                raise EpisodeError(
                    f"Session {one.number} was missed, but it is rated.", fix="Give None for its ratings."
                )
            outside = [p for p in rated.values() if p is not None and not 0 <= p <= 100]
            if outside or not 0 <= (one.talk or 0) <= 1:
                raise EpisodeError(
                    f"Session {one.number} has a value outside its range.",
                    fix="Scores are percents from 0 to 100, talk is a share from 0 to 1.",
                )
        if unknown := [number for number in missed if not 1 <= number <= len(self)]:
            raise EpisodeError(f"There is no session {unknown[0]} to miss.", fix=f"There are {len(self)}.")


def balance(client: float, *, seconds: float = LENGTH) -> events.TalkBalance:
    """A talk balance in which the client has this share (0–1) of the speech."""
    heard = seconds * 0.86
    return events.TalkBalance(
        client=events.TalkShare(seconds=heard * client, share=client, turns=round(90 + 40 * client)),
        therapist=events.TalkShare(
            seconds=heard * (1 - client), share=1 - client, turns=round(130 - 40 * client)
        ),
        overlap=0.03,
        silence=0.17,
        observed_seconds=seconds,
    )


def _level(level: Level) -> Scored | None:
    return level if level is None or isinstance(level, Mapping) else {"total": float(level)}


def _at(values: Sequence[Any], number: int) -> Any:
    return values[number - 1] if number <= len(values) else None
