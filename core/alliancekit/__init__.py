"""AllianceKit asks client and therapist, during the video call and after it, how their work together goes.

For authors of plugins, adapters and back ends (everything here may be imported; nothing else may):

events          the frozen types that hooks receive and return
hookspecs       everything a plugin may do: inherit `AllianceHooks`, decorate with `hookimpl`
styles          a base for style plugins: a style book as data
adapters        the base of every connection to a video platform
channels        ways to people who have no page open
data            what a plugin may keep: its own rows
exports         an episode as exporters get it
languages       what people read, in one language; AllianceKit's own and a plugin's
pages           pages of plugins among the therapist's
panels          what plugins show on the therapist's page
signatures      check a platform's signature, step by step
fields          read a platform's message field by field
rest            ask a platform's HTTP API
happenings      what platforms say, as facts about presence
hearing         what adapters that listen tell: every few seconds, who spoke
voice           from audio or its levels to the times somebody spoke
sessions        facts about presence, and the session machine that infers the call's end
instruments     measures as data: items, keys, scales, cut-offs, sources, licences
scoring         pure functions: scales, change, strain, congruence
errors          the error tree
client          the HTTP API for vendors' back ends, typed; webhooks checked
testing         the test kit: fixtures, fake call, contract of plugins and adapters

The host, from the bottom up:

routes          HTTP routes that plugins add
deprecations    what will go, when, and what to use instead
choices         what therapists and clients choose, and what it means for the asking
onward          where people may be sent on to after they were asked
secret_refs     secrets by reference
limits          how often one caller may ask
passwords       which are too weak, and how they are kept
totp            one-time codes of an authenticator app
logs            where the log goes
metrics         what is counted and measured, for Prometheus
isolation       run what a plugin does so that nothing of it escapes
health          how often a plugin failed lately, and when it is left alone
minimise        empty what a plugin did not say it needs
watchdog        notice who holds the event loop
dispatch        call plugins: time limit, isolation, outcome
hooks           what the host may ask plugins: one typed method a hook
plugins         find, enable, load, verify, report
store           tables, migrations, SQLite and PostgreSQL
visibility      who may see which response
public_addresses    which addresses that others give us may be called
webhooks        vendors are told what happened
outbox          durable work after the commit
calls           what platforms report becomes the stored state of a session
asking          what is planned at a moment, and who of those wants to be asked
feedback        prompts and answers
review          what the series says: signals and guidance
pipeline        what happens after a commit, step by step
batch           files of answers: read, score, write
sending         the link of a prompt, through a channel
ladder          every way on which a prompt reaches its person, with receipts
accounts        signing in with a password: the check, its brake, how long it holds
archive         an episode as a whole, in an exporter's format
episodes        sessions and series as the HTTP API gives them
inbound         what platforms post: taken once, or refused
live            the in-call channel
setting_tables  the tables of the settings
config          settings
service         all of it put together

What people touch:

scaffold        new distributions: from a template, or as a copy
web             the custom element and the rating page
server          the HTTP API, the WebSocket, the therapist's pages
demo            a whole call on this machine
development     what helps while a plugin is being written
cli             the command `alliancekit`
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alliancekit.adapters import Adapter, Capabilities
    from alliancekit.errors import AllianceKitError
    from alliancekit.hookspecs import HOOK_API, AllianceHooks, hookimpl
    from alliancekit.instruments.model import Instrument

__all__ = [
    "HOOK_API",
    "Adapter",
    "AllianceHooks",
    "AllianceKitError",
    "Capabilities",
    "Instrument",
    "hookimpl",
]

_HOME = {
    "HOOK_API": "hookspecs",
    "Adapter": "adapters",
    "AllianceHooks": "hookspecs",
    "AllianceKitError": "errors",
    "Capabilities": "adapters",
    "Instrument": "instruments.model",
    "hookimpl": "hookspecs",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import alliancekit` stays quick."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
