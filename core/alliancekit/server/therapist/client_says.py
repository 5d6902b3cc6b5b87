"""What a client decided that their therapist has to know: a wish for erasure, consent to supervision."""

from __future__ import annotations

from alliancekit.languages.pages import Words
from alliancekit.service import Service
from alliancekit.store.choices import read_client_choice
from alliancekit.store.sessions import Episode
from alliancekit.store.supervision import case_name


async def of(service: Service, course: Episode, words: Words) -> tuple[str, ...]:
    """The sentences that a course's page begins with; none while there is nothing to know."""
    choice = await service.database.read(lambda conn: read_client_choice(conn, course.tenant, course.id))
    texts = words.section_of("client")
    said = []
    if choice.erasure_asked_at is not None:
        said.append(texts.say("for_therapist.erasure", date=words.date(choice.erasure_asked_at)))
    elif choice.supervision_at is not None:
        said.append(texts.say("for_therapist.supervision", name=case_name(course.id)))
    return tuple(said)
