"""What the host asks of adapters: limited, isolated, on the record of the plugin that brought them.

An adapter that does not start takes its plugin with it. One that fails later counts as its plugin's failure:
after some in a row it is left alone for a while, like any plugin.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from alliancekit.adapters import Adapter, AdapterHost, PromptHint
from alliancekit.hooks import DELIVER, START, WITHDRAW
from alliancekit.isolation import ANYTHING, Impl, where
from alliancekit.plugins.loader import Why

if TYPE_CHECKING:
    from alliancekit.plugins.host import PluginHost

START_SECONDS: Final = 10.0
"""How long an adapter may take to start; a whole call's limit (`plugins.limits.call`) may be shorter."""

PROMPT_SECONDS: Final = 2.0
"""How long it may take to deliver a prompt, and to take one back."""

STOP_SECONDS: Final = 2.0
"""How long all of them may take to stop, and again as long to give up when they are late."""

log = logging.getLogger("alliancekit.plugins")


def table(
    adapters: Iterable[tuple[str, Adapter]], make: Callable[[str, str, Callable[[Any], Any], float], Impl]
) -> dict[str, list[Impl]]:
    """The adapters' methods as the dispatcher calls them.

    Args:
        adapters: as (plugin, adapter).
        make: from a plugin's name, what is called (`webrtc.start`), the function and its limit in seconds.
    """
    made: dict[str, list[Impl]] = {START: [], DELIVER: [], WITHDRAW: []}
    for plugin, adapter in adapters:
        name, kind = adapter.name, type(adapter)
        made[START].append(make(plugin, f"{name}.start", adapter.start, START_SECONDS))
        if kind.deliver is not Adapter.deliver:
            made[DELIVER].append(make(plugin, f"{name}.deliver", _deliver(adapter), PROMPT_SECONDS))
        if kind.withdraw is not Adapter.withdraw:
            made[WITHDRAW].append(make(plugin, f"{name}.withdraw", adapter.withdraw, PROMPT_SECONDS))
    return made


async def start(plugins: PluginHost, host: AdapterHost) -> None:
    """Start all adapters at once; a plugin whose adapter fails is turned off, the others go on.

    Raises:
        PluginError: the plugin is required.
    """
    for outcome in await plugins.hooks.start_adapters(host):
        if outcome.status == "ok" or not plugins.runs(outcome.plugin):
            continue
        adapters = plugins.adapters_of(outcome.plugin)
        name = outcome.hook.rpartition(".")[0]
        how = (
            f"did not start within {outcome.seconds:.0f} s"
            if outcome.status == "timeout"
            else f"did not start ({outcome.error})"
        )
        try:
            plugins.turn_off(outcome.plugin, Why(f"its adapter {name} {how}.", "The log has the place."))
        finally:
            await stop(adapters)


async def stop(adapters: Iterable[Adapter]) -> None:
    """Stop adapters at once, in bounded time; what goes wrong is in the log, never raised."""
    tasks = {asyncio.create_task(_stop(one), name=f"alliancekit:stop:{one.name}"): one for one in adapters}
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in late:
        log.warning("the adapter %s did not stop in time", tasks[task].name)
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=STOP_SECONDS)


async def _stop(adapter: Adapter) -> None:
    try:
        await adapter.stop()
    except ANYTHING as error:
        place = where(error.__traceback__)
        log.warning("the adapter %s stopped with %s at %s", adapter.name, type(error).__name__, place)


def _deliver(adapter: Adapter) -> Callable[[PromptHint], Any]:
    async def deliver(hint: PromptHint) -> bool | None:
        return await adapter.deliver(hint) if adapter.capabilities.in_call_prompts else None

    return deliver
