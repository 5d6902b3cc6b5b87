"""The service: everything put together, one object an application.

It owns the database, the plugins, the relay of the outbox and the tasks that let time pass, and it is what
adapters see as their host.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from alliancekit import calls
from alliancekit.adapters import Happening, PromptHint, Whereabouts
from alliancekit.config import Settings
from alliancekit.errors import AllianceKitError, ConfigError
from alliancekit.events import Participant, SpeechSpan
from alliancekit.feedback import AskPolicy, Feedback
from alliancekit.inbound import Inbound
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.site import Deployed, deployed
from alliancekit.isolation import ErrorReport
from alliancekit.ladder import Ladder
from alliancekit.languages import Languages
from alliancekit.limits import RateLimiter
from alliancekit.live import Address, LiveHub
from alliancekit.metrics import Metrics
from alliancekit.outbox import Relay
from alliancekit.pipeline import Pipeline
from alliancekit.plugins import Given, PluginHost, PluginsConfig, adapter_calls, status
from alliancekit.secret_refs import resolved
from alliancekit.sessions import Fact
from alliancekit.store import audit, migrate, presence, prompts, tenants
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database, open_database
from alliancekit.store.outbox import Work, add_work
from alliancekit.store.plugin_data import DatabaseRows
from alliancekit.store.sessions import StoredParticipant
from alliancekit.watchdog import Watchdog
from alliancekit.webhooks import Webhooks

log = logging.getLogger("alliancekit.service")

DRAIN_SECONDS = 2.0
"""How long a stop waits for the outbox; what is left is done after the next start."""


class Service:
    """One running AllianceKit.

    Args:
        settings: what `alliancekit.config.load` gave.
        extra: plugins beside the configured ones, as (name, plugin); for tests and embedding.
        no_plugins: load no plugin at all.
        on_error: told of every exception of a plugin; for development only, see `isolation.ErrorReport`.
        clock: seconds since 1970 UTC.

    Raises:
        ConfigError: the settings cannot be used, or nobody could be asked the default measure.
        PluginError: a required plugin failed.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        extra: Sequence[tuple[str, Given]] = (),
        no_plugins: bool = False,
        on_error: ErrorReport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.live = LiveHub(clock)
        self.metrics = Metrics()
        self.limiter = RateLimiter(clock)
        self.rates = settings.limits.rates()
        token = settings.metrics.token
        self.metrics_token = None if token is None else token.read().get_secret_value()
        config = plugins_config(settings)
        self.plugins = PluginHost(config, extra=extra, no_plugins=no_plugins, on_error=on_error)
        self.plugins.load()
        self.hooks = self.plugins.hooks
        deployment = deployed_instruments(settings, self.plugins)
        for problem in deployment.problems:
            log.error("%s", problem)
        self.instruments = deployment.instruments
        if reason := default_measure_problem(settings, self.instruments):
            raise ConfigError(reason)
        if reason := link_problem(settings, self.plugins):
            log.error("%s", reason)
        self.draining = False
        self._tasks: list[asyncio.Task[None]] = []
        self._watchdog = Watchdog(self.hooks, limit=config.limits.block)
        self.link_of: Callable[[StoredParticipant], str] | None = None
        """Makes a participant's link to their questions; set by what serves it."""
        self.languages: Languages
        self.database: Database
        self.feedback: Feedback
        self.calls: calls.Calls
        self.inbound: Inbound
        self.ladder: Ladder
        self.pipeline: Pipeline
        self.webhooks: Webhooks
        self.relay: Relay

    async def start(self) -> None:
        """Prepare the database, then start the relay, the calls and the adapters.

        Raises:
            StoreError: the database cannot be used.
            ConfigError: the data directory cannot be written.
            PluginError: a required plugin cannot bring its rows up to date, or its adapter does not start.
        """
        self.database = await prepared_database(self.settings)
        try:
            await self.plugins.open_data(DatabaseRows(self.database))
        except AllianceKitError:
            await self.database.close()
            raise
        self.languages = Languages(self.plugins.languages)
        prompt_settings = self.settings.prompts
        policy = AskPolicy(
            in_call=prompt_settings.expire_in_call_after,
            after_call=prompt_settings.expire_after,
            later=prompt_settings.again_after,
            link_after=prompt_settings.link_after,
            link_channel=prompt_settings.link_channel,
        )
        self.feedback = Feedback(
            self.database,
            self.instruments,
            policy,
            committed=self._committed,
            direction=self.languages.direction,
            clock=self.clock,
        )
        self.calls = calls.Calls(
            self.database, self.settings.call.policy(), committed=self._committed, clock=self.clock
        )
        self.inbound = Inbound(
            self.database, self.calls, self.plugins.adapters, clock=self.clock, metrics=self.metrics
        )
        self.ladder = Ladder(
            self.database,
            self.plugins,
            self.live,
            policy,
            link_of=lambda person: self.link_of(person) if self.link_of is not None else None,
            clock=self.clock,
        )
        self.pipeline = Pipeline(
            self.database,
            self.hooks,
            self.instruments,
            self.feedback,
            self.settings.call.policy(),
            deliver=self.deliver,
            deliver_once=self.ladder.deliver_once,
            withdraw=self.withdraw,
            updated=self.updated,
            clock=self.clock,
        )
        self.webhooks = Webhooks(
            self.database,
            allowed=self.settings.webhooks.allow_networks,
            clock=self.clock,
            metrics=self.metrics,
        )
        handlers = self.pipeline.handlers() | self.ladder.handlers() | self.webhooks.handlers()
        self.relay = Relay(self.database, self.metrics.counted(handlers), clock=self.clock)
        self._watchdog.start()
        self._spawn(self.relay.run(), "relay")
        self._spawn(self.calls.run(), "calls")
        self._spawn(self.inbound.run(), "inbound")
        self._spawn(self.inbound.counts.keep(), "counts")
        self._spawn(status.keep(self.settings.data_dir, lambda: self.plugins.report), "plugins")
        try:
            await adapter_calls.start(self.plugins, self)
        except AllianceKitError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End what runs; what is stored stays, what is queued is done after the next start."""
        self.draining = True
        await adapter_calls.stop(self.plugins.adapters)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.relay.drain()
        except TimeoutError:
            log.info("stopping before the outbox is empty; the rest is done after the next start")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.webhooks.close()
        await self.inbound.counts.save()
        await self.plugins.close()
        self._watchdog.stop()
        await self.database.close()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"alliancekit-{name}")
        task.add_done_callback(_report_end)
        self._tasks.append(task)

    def _committed(self) -> None:
        self.relay.wake()

    # prompts and hints ---------------------------------------------------------------------------------

    async def deliver(self, hints: Sequence[PromptHint]) -> None:
        """Bring prompts to people; see `alliancekit.ladder`."""
        await self.ladder.deliver(hints)

    async def withdraw(self, participant: str, prompt: str) -> None:
        """Take a prompt back from everywhere; it was answered, dismissed or cancelled."""
        await self.ladder.withdraw(participant, prompt)

    async def updated(self, tenant: str, session: str) -> None:
        """Hint the therapist's pages that a session has something new."""
        if len(self.live) == 0:
            return
        row = await self.database.read(lambda conn: rows.read_session(conn, tenant, session))
        episode = await self.database.read(lambda conn: rows.read_episode(conn, tenant, row.episode))
        address: Address = ("therapist", tenant, episode.therapist)
        if self.live.connected(address):
            self.live.hint([address], {"type": "updated", "session": session, "episode": episode.id})

    # AdapterHost ---------------------------------------------------------------------------------------

    async def report(self, tenant: str, session: str, facts: Sequence[Fact]) -> None:
        """Take facts about presence from an adapter."""
        await self.calls.report(tenant, session, facts)

    async def happened(self, adapter: str, happenings: Sequence[Happening]) -> None:
        """Take from an adapter what happened in its platform's rooms."""
        await self.inbound.happened(adapter, happenings)

    async def whereabouts(self, adapter: str, participant: str) -> Whereabouts | None:
        """Where a participant is in a call of an adapter."""
        return await self.inbound.whereabouts(adapter, participant)

    async def rooms(self, adapter: str) -> Mapping[str, str]:
        """The rooms that sessions of an adapter wait for or are in."""
        return await self.inbound.rooms(adapter)

    async def who(
        self, adapter: str, room: str, person: str = "", connection: str = ""
    ) -> Participant | None:
        """Whom an adapter's platform means."""
        return await self.inbound.who(adapter, room, person, connection)

    async def link(self, participant: str) -> str | None:
        """The participant's own link to their questions; a secret."""
        person = await self.database.read(lambda conn: rows.read_participant(conn, participant))
        return None if person is None or self.link_of is None else self.link_of(person)

    async def heard(self, tenant: str, session: str, spans: Sequence[SpeechSpan]) -> None:
        """Take the observed speech of a session from an adapter."""

        def work(conn: Connection) -> None:
            row = rows.read_session(conn, tenant, session)
            known = presence.speech(conn, tenant, session)
            # After a restart the adapter's list begins anew; what was heard before stays.
            first = min((span.start for span in spans), default=0.0)
            whole = (*(span for span in known if span.end < first), *spans)
            if whole == known or not spans:
                return
            presence.set_speech(conn, tenant, session, whole)
            if row.status == "ended":
                again = Work(lane=session, kind="heard", payload={"session": session})
                add_work(conn, tenant, [again], self.clock())

        await self.database.write(work)
        self._committed()

    async def waiting(self, tenant: str, participant: str) -> PromptHint | None:
        """The open prompt of a participant whose page has just connected."""
        now = self.clock()

        def work(conn: Connection) -> PromptHint | None:
            person = rows.read_participant(conn, participant)
            found = prompts.current_prompt(conn, participant, now)
            if person is None or found is None or person.tenant != tenant:
                return None
            return found.hint(person.role)

        return await self.database.read(work)

    async def delivered(self, tenant: str, prompt: str, channel: str) -> None:
        """Record that a page shows a prompt."""
        await self.ladder.seen(tenant, prompt, channel)


async def prepared_database(settings: Settings) -> Database:
    """The configured database, open and at the schema of this release.

    Raises:
        StoreError: the database cannot be used.
        ConfigError: the data directory cannot be written.
    """
    url = settings.database().get_secret_value()
    if url.startswith("sqlite"):
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The data directory {settings.data_dir} cannot be made ({error.strerror}).",
                fix="Set data_dir to a directory that the service may write.",
            ) from None
    await asyncio.to_thread(migrate.upgrade, url)
    return open_database(url)


async def first_key(settings: Settings, *, shown: bool = True) -> str | None:
    """Make the first tenant of an empty database, with its first key.

    Args:
        settings: name the database.
        shown: whether the key will be shown; without, none is made, since it could never be read again.

    Returns:
        The key; empty where there is none and none was made; None where one was made before.
    """
    database = await prepared_database(settings)

    def work(conn: Connection) -> str | None:
        if tenants.any_tenant(conn):
            return None if any(one.revoked_at is None for one in tenants.all_keys(conn)) else ""
        now = time.time()
        made, key = tenants.create_tenant(conn, "default", now, with_key=shown)
        audit.append(
            conn, tenant=made, actor="operator", action="tenant.created", object=made, details={}, now=now
        )
        return key

    try:
        return await database.write(work)
    finally:
        await database.close()


def deployed_instruments(settings: Settings, plugins: PluginHost) -> Deployed:
    """All instruments of a deployment: its loaded plugins' and its site's, with the site's wording."""
    return deployed(plugins.instruments, settings.measures_folder())


def default_measure_problem(settings: Settings, instruments: Instruments) -> str:
    """Why the service cannot start with this `default_measure`; empty when it can.

    A measure that nobody brings is no reason: a plugin that failed must not keep the service from starting.
    """
    reason = instruments.why_nobody_is_asked(settings.default_measure)
    return f"default_measure: {reason}" if reason else ""


def link_problem(settings: Settings, plugins: PluginHost) -> str:
    """Why no link can be sent after a call as it is configured; empty when it can, or none is to be sent.

    The service starts all the same: each attempt is recorded as failed, and tried again.
    """
    channel = settings.prompts.link_channel
    if not channel or channel in plugins.channels:
        return ""
    offered = ", ".join(plugins.channels) or "none, no plugin brings one"
    return f"prompts.link_channel: no plugin that runs offers the channel {channel!r}. Loaded: {offered}."


def plugins_config(settings: Settings) -> PluginsConfig:
    """The table `[plugins]` with its secrets read.

    Raises:
        ConfigError: an entry is unknown or does not fit, or a secret cannot be read. Values are not repeated.
    """
    try:
        return PluginsConfig.model_validate(resolved(settings.plugins))
    except ValidationError as error:
        lines = [
            f"plugins.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ConfigError(f"The plugin settings cannot be used: {'; '.join(lines)}.") from None


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the task %s ended with %s", task.get_name(), type(task.exception()).__name__)
