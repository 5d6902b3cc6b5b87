"""Sends the link of an open prompt through a plugin's channel; every attempt is recorded with the prompt.

This is on the vendor's word, at once; what the host sends by itself is the last rung of `ladder`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from alliancekit.channels import Channel, Message
from alliancekit.errors import ConflictError, NotFoundError, RefusedError
from alliancekit.isolation import alone
from alliancekit.plugins import PluginHost
from alliancekit.store import audit, prompts
from alliancekit.store import sessions as rows
from alliancekit.store.database import Database
from alliancekit.store.prompts import DeliveryStatus, Prompt
from alliancekit.store.sessions import StoredParticipant

LIMIT: Final = 10.0
"""Seconds that a channel gets for one message."""


class UnknownChannelError(RefusedError):
    """No plugin that runs offers this channel."""

    status = 422
    slug = "unknown-channel"


class ChannelFailedError(RefusedError):
    """The channel did not take the message."""

    status = 502
    slug = "channel-failed"


async def send(
    database: Database,
    plugins: PluginHost,
    *,
    tenant: str,
    prompt: str,
    channel: str,
    link_of: Callable[[StoredParticipant], str],
    now: float,
) -> None:
    """Hand the link of an open prompt to a channel.

    Args:
        database: where the prompt is.
        plugins: whose channels may be asked for.
        tenant: whose prompt.
        prompt: its id.
        channel: the channel's name.
        link_of: makes the rating link of a participant.
        now: seconds since 1970 UTC.

    Raises:
        UnknownChannelError: no plugin offers the channel.
        NotFoundError: the tenant has no such prompt.
        ConflictError: the prompt is not open any more; nothing was sent.
        ChannelFailedError: the channel failed; the attempt is recorded.
    """
    offered = plugins.channels
    if channel not in offered:
        raise UnknownChannelError(
            "There is no such channel; nothing was sent.",
            fix=f"Loaded: {', '.join(offered) or 'none, no plugin brings one'}.",
        )
    found, person = await database.read(lambda conn: _asked(conn, tenant, prompt, now))
    failure = await hand_over(plugins, channel, found, person, link_of(person))

    def record(conn: Connection) -> None:
        status: DeliveryStatus = "failed" if failure else "sent"
        prompts.record_delivery(conn, tenant, prompt, channel=channel, status=status, now=now)
        audit.append(
            conn,
            tenant=tenant,
            actor="vendor",
            action=f"prompt.{status}",
            object=prompt,
            details={"channel": channel},
            now=now,
        )

    await database.write(record)
    if failure:
        raise ChannelFailedError(
            f"The channel {channel} of {offered[channel][0]} did not take the message ({failure}).",
            fix="Try again later or use another channel; the prompt stays open.",
        )


async def hand_over(
    plugins: PluginHost, channel: str, prompt: Prompt, person: StoredParticipant, link: str
) -> str:
    """Hand the link of a prompt to a channel.

    Returns: why the channel did not take it, without any text of the plugin's; empty when it did.
    """
    if channel not in plugins.channels:
        return "no plugin that runs offers it"
    plugin, chosen = plugins.channels[channel]
    message = Message(
        prompt=prompt.id,
        tenant=prompt.tenant,
        to=person.external_id,
        role=person.role,
        moment=prompt.moment,
        language=person.language,
        link=link,
    )
    _, failure = await alone(plugin, f"channel {channel}", _handed_over(chosen, message), LIMIT)
    return failure


def _asked(conn: Connection, tenant: str, prompt: str, now: float) -> tuple[Prompt, StoredParticipant]:
    found = prompts.read_prompt(conn, tenant, prompt)
    person = None if found is None else rows.read_participant(conn, found.participant)
    if found is None or person is None:
        raise NotFoundError("There is no such prompt.", fix="Check its id and whose key you use.")
    if found.status != "open" or found.expired(now):
        raise ConflictError(
            "This prompt is no longer open: it was answered, dismissed or has expired. Nothing was sent.",
            fix="Ask again with POST /v1/sessions/{id}/prompts.",
        )
    return found, person


async def _handed_over(channel: Channel, message: Message) -> None:
    await channel.send(message)
