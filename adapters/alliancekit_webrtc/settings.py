"""What a site may set for the WebRTC adapter."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WebRTCSettings(BaseModel):
    """The adapter's table in the configuration; times in seconds.

    A page that answers no ping is noticed after `dead_after_pings` + 1 intervals at the latest.

    Attributes:
        loopback: offer 127.0.0.1 only; for tests and the demo on one machine.
        ping_seconds: how often each page is pinged.
        dead_after_pings: pings in a row without any sign of the page, after which it counts as dropped.
        present_seconds: how often presence is reported again.
        report_seconds: how often observed speech is reported.
        connect_seconds: how long an offer may take to become an open data channel.
        keep_seconds: how long a session's observed speech waits for somebody to come back.
        max_connections: side connections at once, those still connecting included.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    loopback: bool = False
    ping_seconds: float = Field(default=1.0, gt=0)
    dead_after_pings: int = Field(default=3, ge=1)
    present_seconds: float = Field(default=10.0, gt=0)
    report_seconds: float = Field(default=2.0, gt=0)
    connect_seconds: float = Field(default=15.0, gt=0)
    keep_seconds: float = Field(default=2 * 3600.0, gt=0)
    max_connections: int = Field(default=400, ge=1)
