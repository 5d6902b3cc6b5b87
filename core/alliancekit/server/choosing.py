"""What there is to choose from, and how a therapist's choice comes into effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from alliancekit import episodes
from alliancekit.choices import Switch, TherapistSettings
from alliancekit.errors import RefusedError
from alliancekit.events import Style, StyleWanted
from alliancekit.server import schemas
from alliancekit.service import Service
from alliancekit.store import audit, choices, tenants
from alliancekit.store import sessions as rows
from alliancekit.styles import say

NOT_LOADED: Final = "not_loaded"
CANNOT_BE_ASKED: Final = "cannot_be_asked"


class UnknownChoiceError(RefusedError):
    """A request names a style, an instrument or a language that is not loaded."""

    status = 422
    slug = "invalid-request"


class CannotBeAskedError(RefusedError):
    """A request names an instrument that has no wording here."""

    status = 422
    slug = "cannot-be-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What holds for a therapist who never chose."""

    ratings: Switch
    style: str
    measure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure to choose; `cannot_be_asked` says why not, and is empty where it can."""

    name: str
    title: str
    cannot_be_asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What there is to choose from; `links`: whether the practice sends links to who did not answer."""

    styles: tuple[Style, ...]
    measures: tuple[Measure, ...]
    languages: tuple[str, ...]
    links: bool

    def refused(self, changes: Mapping[str, Any]) -> dict[str, str]:
        """Which of these changes cannot be made: field → `not_loaded` or `cannot_be_asked`."""
        found = {}
        style, measure, language = (changes.get(name) for name in ("style", "measure", "language"))
        if style is not None and style not in {one.name for one in self.styles}:
            found["style"] = NOT_LOADED
        if measure is not None:
            reasons = [one.cannot_be_asked for one in self.measures if one.name == measure]
            if not reasons or reasons[0]:
                found["measure"] = CANNOT_BE_ASKED if reasons else NOT_LOADED
        if language is not None and language not in self.languages:
            found["language"] = NOT_LOADED
        return found


def offer(service: Service, language: str = "en") -> Offer:
    """What a therapist can choose from; of measures those that clients answer, without a style's own.

    Args:
        service: what is loaded.
        language: of the measures' titles.
    """
    styles = tuple(service.plugins.styles.values())
    further = {one.fit_instrument for one in styles}
    return Offer(
        styles=styles,
        measures=tuple(
            Measure(
                name=one.name,
                title=say(one.title, language) or one.name,
                cannot_be_asked=service.instruments.why_nobody_is_asked(one.name),
            )
            for one in service.instruments
            if one.form == "client" and one.name not in further and "end_of_call" in one.moments
        ),
        languages=tuple(one.tag for one in service.languages),
        links=service.settings.prompts.link_after is not None,
    )


async def change(
    service: Service, tenant: str, therapist: str, changes: Mapping[str, Any], *, actor: str
) -> TherapistSettings:
    """Store a therapist's choices with an audit entry, and tell their open pages; returns all choices.

    Args:
        service: where they are stored.
        tenant: the therapist's.
        therapist: the vendor's identifier.
        changes: fields of `TherapistSettings`; None takes a choice back.
        actor: who changed it, `vendor` or `therapist`.
    """
    now = service.clock()

    def work(conn: Connection) -> TherapistSettings:
        kept = choices.change_therapist(conn, tenant, therapist, changes, now)
        audit.append(
            conn,
            tenant=tenant,
            actor=actor,
            action="therapist.changed",
            object=therapist,
            details=dict(changes),
            now=now,
        )
        return kept

    kept = await service.database.write(work)
    service.live.hint([("therapist", tenant, therapist)], {"type": "settings"})
    return kept


async def read(service: Service, tenant: str, therapist: str) -> tuple[TherapistSettings, Practice]:
    """What a therapist chose, and what holds where they did not."""

    def work(conn: Connection) -> tuple[TherapistSettings, Switch]:
        return choices.read_therapist(conn, tenant, therapist), choices.tenant_ratings(conn, tenant)

    settings, ratings = await service.database.read(work)
    configured = service.settings
    return settings, Practice(
        ratings=ratings, style=configured.default_style, measure=configured.default_measure
    )


async def change_tenant(service: Service, tenant: str, changes: Mapping[str, Any]) -> None:
    """Store a tenant's own settings with an audit entry; ratings switched off end at once."""
    now = service.clock()

    def work(conn: Connection) -> set[str]:
        tenants.change_settings(conn, tenant, changes)
        audit.append(
            conn,
            tenant=tenant,
            actor="vendor",
            action="tenant.changed",
            object=tenant,
            details=changes,
            now=now,
        )
        if "ratings" not in changes:
            return set()
        if changes["ratings"] == "off":
            choices.tenant_switched_off(conn, tenant, now)
        return {one.therapist for one in rows.episodes(conn, tenant)}

    for therapist in await service.database.write(work):
        service.live.hint([("therapist", tenant, therapist)], {"type": "settings"})


# sessions ---------------------------------------------------------------------------------------------


async def of_session(service: Service, tenant: str, body: schemas.SessionIn) -> tuple[str, str]:
    """Style and measure of a session: as the vendor says, else as its therapist chose, else the practice's.

    A choice that can no longer be had, because its plugin or its wording is gone, does not keep anybody from
    meeting.

    Raises:
        UnknownChoiceError: the vendor names a style or a measure that is not loaded.
        CannotBeAskedError: the vendor names a measure, or one is configured, whose wording is not here.
    """

    def work(conn: Connection) -> TherapistSettings:
        therapist = rows.therapist_of(conn, tenant, body.episode)
        if therapist is None:
            therapist = episodes.therapist_of(body.participants)
        return choices.read_therapist(conn, tenant, therapist)

    chosen = await service.database.read(work)
    gone = offer(service).refused({"style": chosen.style, "measure": chosen.measure})
    style = await _style(service, tenant, body, None if "style" in gone else chosen.style)
    own = None if "measure" in gone else chosen.measure
    measure = body.measure or own or service.settings.default_measure
    if not service.instruments.forms(measure):
        known = ", ".join(service.instruments.names()) or "none: no plugin brings one"
        raise UnknownChoiceError("There is no such measure.", fix=f"Loaded: {known}.")
    if reason := service.instruments.why_nobody_is_asked(measure):
        raise CannotBeAskedError(reason)
    return style, measure


async def _style(service: Service, tenant: str, body: schemas.SessionIn, chosen: str | None) -> str:
    known = service.plugins.styles
    if body.style:
        if body.style not in known:
            loaded = ", ".join(known) or "none: no plugin brings one"
            raise UnknownChoiceError("There is no such style.", fix=f"Loaded: {loaded}.")
        return body.style
    if chosen is not None:
        return chosen
    event = StyleWanted(tenant=tenant, episode=body.episode, session=body.external_id, at=service.clock())
    of_plugins = await service.hooks.choose_style(event)
    if of_plugins is not None and of_plugins.value in known:
        return str(of_plugins.value)
    return service.settings.default_style
