"""What the HTTP routes call: the service's operations for vendors, pages and the live channel."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from alliancekit import archive, episodes, sending
from alliancekit.accounts import Accounts, accounts_of
from alliancekit.adapters import Caller
from alliancekit.errors import ConfigError, ConflictError, NotAllowedError, NotFoundError
from alliancekit.events import Participant
from alliancekit.exports import Exporter
from alliancekit.feedback import Person
from alliancekit.live import Address
from alliancekit.server import choosing, schemas
from alliancekit.server.operator import Operator
from alliancekit.server.tokens import (
    ClientClaims,
    LinkClaims,
    PageClaims,
    ParticipantClaims,
    TherapistClaims,
    tokens_of,
)
from alliancekit.service import Service
from alliancekit.sessions import Over
from alliancekit.store import audit, prompts, tenants
from alliancekit.store import sessions as rows
from alliancekit.store.erasure import erase_episode
from alliancekit.store.sessions import Created, NewParticipant, NewSession, StoredParticipant
from alliancekit.web.embed import Embed


class Backend:
    """The service behind the HTTP application.

    Args:
        service: started and stopped with the application.
        base_url: how browsers reach it, without a slash at the end.
    """

    def __init__(self, service: Service, base_url: str) -> None:
        self.service = service
        self.base_url = base_url
        self.tokens = tokens_of(service.settings)
        self.live = service.live
        service.link_of = self._rating_url

    @cached_property
    def embed(self) -> Embed:
        """The custom element's script, with the languages of the service that runs."""
        return Embed(self.service.languages)

    @cached_property
    def accounts(self) -> Accounts:
        """The people who sign in here; once the service has started."""
        return accounts_of(self.service.settings, self.service.database, self.service.clock)

    @cached_property
    def operator(self) -> Operator:
        """What the operator's commands do; once the service has started."""
        return Operator(
            self.service.database,
            self.accounts,
            lambda: self.tokens,
            self.base_url,
            self.service.clock,
            ended=lambda one: self.live.drop((one.role, one.tenant, one.person)),
        )

    # vendors -------------------------------------------------------------------------------------------

    async def tenant_of_key(self, key: str) -> str | None:
        """The tenant of a valid key."""
        return await self.service.database.read(lambda conn: tenants.tenant_of_key(conn, key))

    async def create_session(self, tenant: str, body: schemas.SessionIn) -> schemas.SessionCreated:
        """Create a session or find it again, with fresh tokens for its participants."""
        service = self.service
        style, measure = await choosing.of_session(service, tenant, body)
        new = NewSession(
            tenant=tenant,
            external_id=body.external_id,
            episode=body.episode,
            style=style,
            measure=measure,
            participants=tuple(
                NewParticipant(role=one.role, external_id=one.external_id, language=one.language)
                for one in body.participants
            ),
            therapist=episodes.therapist_of(body.participants),
            adapter=body.adapter or "",
            room=body.room or "",
        )
        now = service.clock()

        def work(conn: Connection) -> Created:
            created = rows.create_session(conn, new, now)
            if created.created:
                audit.append(
                    conn,
                    tenant=tenant,
                    actor="vendor",
                    action="session.created",
                    object=created.session.id,
                    details={"participants": len(created.participants)},
                    now=now,
                )
            return created

        created = await service.database.write(work)
        row = created.session
        return schemas.SessionCreated(
            id=row.id,
            episode=row.episode,
            style=row.style,
            measure=row.measure,
            participants=[self._participant(one) for one in created.participants],
        )

    def _participant(self, one: StoredParticipant) -> schemas.ParticipantOut:
        claims = {"tenant": one.tenant, "session": one.session, "participant": one.id}
        return schemas.ParticipantOut(
            id=one.id,
            role=one.role,
            token=self.tokens.issue(ParticipantClaims(**claims, role=one.role)),
            rating_url=self._rating_url(one),
        )

    def _rating_url(self, one: StoredParticipant) -> str:
        claims = LinkClaims(tenant=one.tenant, session=one.session, participant=one.id, role=one.role)
        return f"{self.base_url}/r/{self.tokens.issue(claims)}"

    async def session_state(self, tenant: str, session: str) -> schemas.SessionOut:
        """A session as its vendor sees it."""
        now = self.service.clock()
        state = await self.service.database.read(
            lambda conn: episodes.session_state(conn, tenant, session, now)
        )
        return schemas.SessionOut.model_validate(state)

    async def end_session(self, tenant: str, session: str) -> schemas.SessionOut:
        """Take the vendor's word that the call is over."""
        await self.service.calls.report(tenant, session, (Over(at=self.service.clock()),))
        return await self.session_state(tenant, session)

    async def ask_now(self, tenant: str, session: str, body: schemas.PromptIn) -> list[str]:
        """Ask now, by the style's plan; who has an open prompt of this moment is not asked again."""
        service = self.service
        now = service.clock()

        def work(conn: Connection) -> tuple[rows.Session, tuple[StoredParticipant, ...], set[str]]:
            asked = {
                one.participant
                for one in prompts.open_prompts(conn, session)
                if one.moment == body.moment and not one.expired(now)
            }
            return (
                rows.read_session(conn, tenant, session),
                rows.participants_of(conn, tenant, session),
                asked,
            )

        row, people, asked = await service.database.read(work)
        if body.moment in {"pre_session", "in_call"} and row.status == "ended":
            raise ConflictError(
                "The call is over; nobody was asked.",
                fix="Ask for the end_of_call or follow_up feedback instead.",
            )
        known = tuple(Participant(id=one.id, role=one.role, language=one.language) for one in people)
        plan = await service.pipeline.plan(row, known, body.moment, manual=True)
        wanted = [one for one in plan if body.role in (None, one.role)]
        # One rating of the call itself a person; the other moments may come again.
        occasion = body.moment if body.moment == "end_of_call" else f"{body.moment}:{secrets.token_hex(8)}"
        who = [one.id for one in people if one.id not in asked]
        return await service.pipeline.ask(row, body.moment, wanted, occasion=occasion, who=who, by_hand=True)

    async def episode_series(self, tenant: str, episode: str) -> dict[str, Any]:
        """An episode's series as its vendor sees it."""
        now = self.service.clock()
        return await self.service.database.read(
            lambda conn: episodes.episode_series(conn, tenant, episode, now)
        )

    async def prompt(self, tenant: str, prompt: str) -> schemas.PromptOut:
        """A prompt with its deliveries, as its vendor sees it.

        Raises:
            NotFoundError: the tenant has no such prompt.
        """
        now = self.service.clock()
        found = await self.service.database.read(
            lambda conn: episodes.prompt_state(conn, tenant, prompt, now)
        )
        return schemas.PromptOut.model_validate(found)

    async def send_prompt(self, tenant: str, prompt: str, channel: str) -> None:
        """Bring the link of an open prompt through a plugin's channel."""
        service = self.service
        await sending.send(
            service.database,
            service.plugins,
            tenant=tenant,
            prompt=prompt,
            channel=channel,
            link_of=self._rating_url,
            now=service.clock(),
        )

    async def erase_episode(self, tenant: str, episode: str) -> dict[str, int]:
        """Delete an episode for good; the plugins are told afterwards."""
        now = self.service.clock()
        counts = await self.service.database.write(
            lambda conn: erase_episode(conn, tenant, episode, actor="vendor", now=now)
        )
        self.service.relay.wake()
        return counts

    async def export(self, tenant: str, episode: str, form: str) -> tuple[Exporter, bytes]:
        """An episode in an exporter's format."""
        service = self.service
        return await archive.export(
            service.database,
            service.plugins,
            tenant=tenant,
            episode=episode,
            form=form,
            actor="vendor",
            now=service.clock(),
        )

    # participants --------------------------------------------------------------------------------------

    def person(self, token: str) -> Person:
        """The participant of a token.

        Raises:
            NotAllowedError: the token is not a valid participant's.
        """
        claims = self.tokens.check(token, ParticipantClaims)
        return Person(tenant=claims.tenant, session=claims.session, id=claims.participant, role=claims.role)

    async def caller(self, token: str) -> Caller:
        """The participant of a token, as a plugin's route sees them."""
        person = self.person(token)
        found = await self.service.database.read(lambda conn: rows.read_participant(conn, person.id))
        if found is None:
            raise NotFoundError("This participant is not known any more.", fix="Create the session again.")
        participant = Participant(id=found.id, role=found.role, language=found.language)
        return Caller(tenant=person.tenant, session=person.session, participant=participant)

    async def dismiss(self, person: Person, prompt: str, reason: str) -> None:
        """Put a prompt away on every channel; one that was put off stays open on all of them."""
        found = await self.service.feedback.dismiss(person, prompt, reason)
        if found is None:
            return
        self.service.metrics.prompts.add(found.moment, "dismissed")
        if reason != "later":
            await self.service.withdraw(person.id, prompt)

    async def seen(self, person: Person, prompt: str, channel: str) -> None:
        """Record that a page shows a prompt that is its person's own.

        Raises:
            NotFoundError: it is not this person's prompt.
            UnknownRungError: there is no such channel.
        """
        self.service.ladder.check_channel(channel)

        def mine(conn: Connection) -> bool:
            found = prompts.read_prompt(conn, person.tenant, prompt)
            return found is not None and found.participant == person.id

        if not await self.service.database.read(mine):
            raise NotFoundError(
                "There is no such prompt for this person.",
                fix="Ask GET /v1/prompts/current for what is open now.",
            )
        await self.service.ladder.seen(person.tenant, prompt, channel)

    def token_of_link(self, link: str) -> str:
        """A participant token for the bearer of a rating link.

        Raises:
            NotAllowedError: the link is altered or has expired.
        """
        claims = self.tokens.check(link, LinkClaims)
        return self.tokens.issue(
            ParticipantClaims(
                tenant=claims.tenant, session=claims.session, participant=claims.participant, role=claims.role
            )
        )

    async def holds(self, claims: PageClaims) -> bool:
        """Whether who was let in is still let in: with a password, until the password or the account changes.

        Raises:
            StoreError: the database does not answer.
        """
        if isinstance(claims, ClientClaims) or not claims.account:
            return True
        return await self.accounts.holds(claims.account, claims.password_at)

    # live ----------------------------------------------------------------------------------------------

    async def live_address(self, token: str) -> Address:
        """Whose hints this token may hear.

        Raises:
            NotAllowedError: neither a participant's nor a therapist's valid token, or the session has ended.
            StoreError: the database does not answer.
        """
        try:
            return ("participant", self.tokens.check(token, ParticipantClaims).participant)
        except NotAllowedError:
            claims = self.tokens.check(token, TherapistClaims)
            if not await self.holds(claims):
                raise
            return ("therapist", claims.tenant, claims.therapist)

    async def live_waiting(self, address: Address) -> dict[str, Any] | None:
        """The open prompt of a page that has just connected."""
        if address[0] != "participant":
            return None
        now = self.service.clock()
        found = await self.service.database.read(lambda conn: prompts.current_prompt(conn, address[1], now))
        if found is None:
            return None
        return {"type": "prompt", "prompt": found.id, "moment": found.moment, "session": found.session}

    async def live_ack(self, address: Address, prompt: str) -> None:
        """Record that a page shows a prompt that is its own."""
        if address[0] != "participant":
            return

        def whose(conn: Connection) -> str | None:
            person = rows.read_participant(conn, address[1])
            found = None if person is None else prompts.read_prompt(conn, person.tenant, prompt)
            return found.tenant if found is not None and found.participant == address[1] else None

        tenant = await self.service.database.read(whose)
        if tenant is not None:
            await self.service.ladder.seen(tenant, prompt, "live")


def base_url_of(configured: str, host: str, port: int) -> str:
    """How browsers reach the service: as configured, else by host and port.

    Raises:
        ConfigError: it listens on every address and no public address is configured.
    """
    if configured:
        return configured
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
        raise ConfigError(
            "The service listens on every address, so links need to know its public one.",
            fix="Set public_url, for example https://feedback.example.",
        )
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
