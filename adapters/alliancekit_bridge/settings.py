"""What a site may set for the page bridge."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BridgeSettings(BaseModel):
    """The adapter's table in the configuration; times in seconds.

    Attributes:
        lost_after: how long a page in the call may be silent before it counts as dropped. Pages report every
            15 s; browsers let a page in the background do so once a minute.
        watch_seconds: how often silent pages are looked for.
        keep_seconds: how long a session's observed speech waits for somebody to come back.
        talk_balance: whether speaking times are taken, from pages whose participants all consented.
        max_connections: how many times one participant may join one session.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lost_after: float = Field(default=75.0, gt=0)
    watch_seconds: float = Field(default=5.0, gt=0)
    keep_seconds: float = Field(default=2 * 3600.0, gt=0)
    talk_balance: bool = True
    max_connections: int = Field(default=200, ge=1)
