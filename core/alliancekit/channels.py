"""Channels that bring a rating link to somebody who has no page open: SMS, e-mail, a vendor's own app.

The host hands a channel the link, the language and the vendor's own pseudonym of the person: when the vendor
asks for it, and once by itself where `prompts.link_channel` names the channel. Who the person is and where
they can be reached is known to the vendor's systems only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from alliancekit.events import Moment, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel delivers; it never holds a name, an answer or anything about the therapy.

    `link` opens the questions for this person, so it is a secret: keep it out of logs (`repr` leaves it out).
    `to` is the vendor's `external_id` of the person. `language` is the person's, such as `es`.
    """

    prompt: str
    tenant: str
    to: str
    role: Role
    moment: Moment
    language: str
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to people.

    `send` returns when the message was handed over and raises when it was not; it has ten seconds. Sending
    the same prompt twice must do no harm.
    """

    name: str
    send: Callable[[Message], Awaitable[None]]
