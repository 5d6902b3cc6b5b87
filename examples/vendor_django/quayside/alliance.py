"""Everything that knows of AllianceKit, on the server's side."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from standardwebhooks import Webhook

from alliancekit.client import AllianceKit, Participant
from quayside.models import CLIENT, ROLES, THERAPIST, Visit

PSEUDONYMS = {THERAPIST: "therapist-1", CLIENT: "client-1"}
"""Your identifiers of the two: AllianceKit never hears their names."""


@cache
def kit() -> AllianceKit:
    """The service's client; one for the whole process."""
    return AllianceKit(settings.ALLIANCE_URL, settings.ALLIANCE_KEY)


def token_for(visit: Visit, role: str) -> str:
    """A participant's token. The first of them makes the session; a visit is always the same session."""
    session = kit().sessions.create(
        external_id=str(visit.key),
        episode="client-1-with-therapist-1",
        participants=[Participant(role=each, external_id=PSEUDONYMS[each]) for each in ROLES],
    )
    Visit.objects.filter(pk=visit.pk).update(session=session.id)
    return session.of(role).token


def end(visit: Visit) -> None:
    """The visit is over for both."""
    if visit.session:
        kit().sessions.end(visit.session)


def page_of_the_therapist() -> str:
    """An address that opens the therapist's page of AllianceKit, once and soon."""
    return kit().launches.create(therapist=PSEUDONYMS[THERAPIST]).url


def event_in(request: HttpRequest) -> dict[str, Any]:
    """What a webhook says, once it is certain who says it.

    Raises:
        standardwebhooks.WebhookVerificationError: AllianceKit does not say it.
    """
    event: dict[str, Any] = Webhook(settings.ALLIANCE_WEBHOOK_SECRET).verify(
        request.body, dict(request.headers)
    )
    return event
