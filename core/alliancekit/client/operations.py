"""Everything that a tenant's key may do, described once for both clients.

Each method's arguments have the names that the HTTP API gives them. What may be raised: `ClientError`, see
`alliancekit.client.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from alliancekit.client import models, settings
from alliancekit.client.calls import Call, Group, R, operation
from alliancekit.events import Moment, Role

EventKind = Literal[
    "session.ended",
    "session.rated",
    "signal.raised",
    "client.erasure_requested",
    "client.erasure_withdrawn",
]
"""What a webhook can tell."""


Switch = Literal["on", "off"]

class Sessions(Group[R]):
    """One therapy meeting each."""

    @operation
    def create(
        self,
        *,
        external_id: str,
        episode: str,
        participants: Sequence[models.Participant],
        style: str | None = None,
        measure: str | None = None,
        adapter: str | None = None,
        room: str | None = None,
    ) -> Call[models.CreatedSession]:
        """Create a session, or get the one with this `external_id` again, with fresh tokens.

        Args:
            external_id: your identifier of the meeting.
            episode: your identifier of the course of therapy: this client with this therapist.
            participants: who will be there; never a name or an e-mail address.
            style: how the therapist works; without it, what the service is set to.
            measure: what is asked after the call; likewise.
            adapter: the video platform's adapter.
            room: what the room is called on that platform.
        """
        body = {
            "external_id": external_id,
            "episode": episode,
            "participants": participants,
            "style": style,
            "measure": measure,
            "adapter": adapter,
            "room": room,
        }
        return Call("POST", "/v1/sessions", models.CreatedSession, body=body, repeatable=True)

    @operation
    def get(self, session: str) -> Call[models.Session]:
        """A session's state: status, segments, end and how sure it is, talk balance, prompts."""
        return Call("GET", "/v1/sessions/{session}", models.Session, {"session": session}, repeatable=True)

    @operation
    def end(self, session: str) -> Call[models.Session]:
        """Say that the call is over; a second time changes nothing."""
        where = {"session": session}
        return Call("POST", "/v1/sessions/{session}/end", models.Session, where, repeatable=True)

    @operation
    def ask(self, session: str, *, moment: Moment, role: Role | None = None) -> Call[models.Asked]:
        """Ask for feedback now; who is being asked already is not asked twice."""
        where, body = {"session": session}, {"moment": moment, "role": role}
        return Call("POST", "/v1/sessions/{session}/prompts", models.Asked, where, body=body)


class Prompts(Group[R]):
    """Requests for feedback, one to one person each."""

    @operation
    def get(self, prompt: str) -> Call[models.Prompt]:
        """What became of a prompt, and how it was brought to its person."""
        return Call("GET", "/v1/prompts/{prompt}", models.Prompt, {"prompt": prompt}, repeatable=True)

    @operation
    def send(self, prompt: str, *, channel: str) -> Call[models.Sent]:
        """Bring the link of an open prompt to its participant, through a channel that a plugin offers."""
        where, body = {"prompt": prompt}, {"channel": channel}
        return Call("POST", "/v1/prompts/{prompt}/send", models.Sent, where, body=body)


class Episodes(Group[R]):
    """Courses of therapy; `episode` is the service's id (`epi_…`), as `sessions.create` gives it."""

    @operation
    def get(self, episode: str) -> Call[models.Episode]:
        """The series with scores, signals and guidance, as far as each client allowed it to be seen."""
        return Call("GET", "/v1/episodes/{episode}", models.Episode, {"episode": episode}, repeatable=True)

    @operation
    def export(self, episode: str, *, format: str = "json") -> Call[models.Export]:
        """The whole episode as a file, in a format that a plugin offers."""
        where, query = {"episode": episode}, {"format": format}
        return Call("GET", "/v1/episodes/{episode}/export", models.Export, where, query, repeatable=True)

    @operation
    def erase(self, episode: str) -> Call[models.Erased]:
        """Delete an episode with everything that belongs to it, for good; only audit entries stay."""
        return Call("DELETE", "/v1/episodes/{episode}", models.Erased, {"episode": episode})


class Launches(Group[R]):
    """Ways for your signed-in people to their pages: links that work once."""

    @operation
    def create(self, *, therapist: str) -> Call[models.Launch]:
        """A link that opens the therapist's pages for one of your therapists."""
        body = {"role": "therapist", "therapist": therapist}
        return Call("POST", "/v1/launches", models.Launch, body=body, repeatable=True)

    @operation
    def for_client(self, *, client: str, episode: str) -> Call[models.Launch]:
        """A link that opens a client's own pages of an episode (`epi_…`) that they are in."""
        body = {"role": "client", "client": client, "episode": episode}
        return Call("POST", "/v1/launches", models.Launch, body=body, repeatable=True)

    @operation
    def for_supervisor(self, *, supervisor: str) -> Call[models.Launch]:
        """A link that opens the supervisor's pages for one of your supervisors."""
        body = {"role": "supervisor", "supervisor": supervisor}
        return Call("POST", "/v1/launches", models.Launch, body=body, repeatable=True)


class Adapters(Group[R]):
    """Connections to video platforms."""

    @operation
    def list(self) -> Call[models.Adapters]:
        """What each connection can do, and what came of what the platform posted."""
        return Call("GET", "/v1/adapters", models.Adapters, repeatable=True)


class Tenant(Group[R]):
    """Your own settings."""

    @operation
    def get(self) -> Call[models.Tenant]:
        """Your own settings."""
        return Call("GET", "/v1/tenant", models.Tenant, repeatable=True)

    @operation
    def change(
        self, *, require_signed: bool | None = None, layout: Literal["card", "steps"] | None = None
    ) -> Call[models.Tenant]:
        """Change some of them; what is left out stays as it is.

        Args:
            require_signed: take only what platforms prove by a signature over the whole message.
            layout: show all questions of a prompt on one card, or one at a time.
        """
        body = {"require_signed": require_signed, "layout": layout}
        return Call("PATCH", "/v1/tenant", models.Tenant, body=body, repeatable=True)


class Webhooks(Group[R]):
    """Where you are told what happened; `alliancekit.client.webhooks` checks what arrives there."""

    @operation
    def list(self) -> Call[models.Webhooks]:
        """Your webhooks, whether they are disabled and why, and their latest attempts."""
        return Call("GET", "/v1/webhooks", models.Webhooks, repeatable=True)

    @operation
    def add(self, *, url: str, events: Sequence[EventKind] | None = None) -> Call[models.CreatedWebhook]:
        """Ask to be told, of everything or of some kinds; keep the answer's secret, it is shown only now."""
        return Call("POST", "/v1/webhooks", models.CreatedWebhook, body={"url": url, "events": events})

    @operation
    def remove(self, webhook: str) -> Call[None]:
        """Be told nothing more there."""
        return Call("DELETE", "/v1/webhooks/{webhook}", type(None), {"webhook": webhook})

    @operation
    def new_secret(self, webhook: str) -> Call[models.Secret]:
        """A new secret; from now on messages carry two signatures, by it and by the one before."""
        return Call("POST", "/v1/webhooks/{webhook}/secret", models.Secret, {"webhook": webhook})

    @operation
    def enable(self, webhook: str) -> Call[models.Webhook]:
        """Be told again, from the next event on; what was missed is sent by a replay."""
        where = {"webhook": webhook}
        return Call("POST", "/v1/webhooks/{webhook}/enable", models.Webhook, where, repeatable=True)

    @operation
    def replay(
        self, webhook: str, *, message: str | None = None, since: float | None = None
    ) -> Call[models.Replayed]:
        """Be sent one message again, or all from a time on; each has the id that it had."""
        where, body = {"webhook": webhook}, {"message": message, "since": since}
        return Call("POST", "/v1/webhooks/{webhook}/replay", models.Replayed, where, body=body)


class Therapists(Group[R]):
    """What therapists choose for their own sessions, for a settings screen of yours."""

    @operation
    def get(self, therapist: str) -> Call[settings.TherapistSettings]:
        """What a therapist chose and can choose; of one who is not known yet, what holds at first."""
        path, where = "/v1/therapists/{therapist}/settings", {"therapist": therapist}
        return Call("GET", path, settings.TherapistSettings, where, repeatable=True)

    @operation
    def change(
        self,
        therapist: str,
        *,
        ratings: Switch | None = None,
        style: str | None = None,
        measure: str | None = None,
        ask_therapist: Switch | None = None,
        pulses: Switch | None = None,
        pulse_after: int | None = None,
        pulses_most: int | None = None,
        pulse_between: int | None = None,
        link: Switch | None = None,
        client_sees: Literal["nothing", "total", "scales"] | None = None,
        language: str | None = None,
        timezone: str | None = None,
    ) -> Call[settings.TherapistSettings]:
        """Change some of them for a therapist who asked you to; what is left out stays as it is.

        Args:
            therapist: your identifier.
            ratings: whether people are asked at the end of calls.
            style: how the therapist works, for sessions that you create without one.
            measure: what is asked after the call, likewise.
            ask_therapist: whether the therapist is asked as well.
            pulses: whether the client is asked during calls.
            pulse_after: minutes after the beginning of a call.
            pulses_most: questions during one call at most.
            pulse_between: minutes between two at least.
            link: whether a link is sent to who did not answer.
            client_sees: what clients see of their own course.
            language: of the therapist's pages.
            timezone: of their times, an IANA name.
        """
        body = {
            "ratings": ratings,
            "style": style,
            "measure": measure,
            "ask_therapist": ask_therapist,
            "pulses": pulses,
            "pulse_after": pulse_after,
            "pulses_most": pulses_most,
            "pulse_between": pulse_between,
            "link": link,
            "client_sees": client_sees,
            "language": language,
            "timezone": timezone,
        }
        path, where = "/v1/therapists/{therapist}/settings", {"therapist": therapist}
        return Call("PATCH", path, settings.TherapistSettings, where, body=body, repeatable=True)
