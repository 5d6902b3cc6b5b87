"""What a site may set for the WebRTC adapter."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class WebRTCSettings(BaseModel):
    """The adapter's table in the configuration; times in seconds.

    A page from which nothing arrives any more is noticed within `dead_after_pings` + 1 intervals; one whose
    packets arrive but whose script does not answer (loss, a tab that is put to sleep) within
    `frozen_after_pings` + 1.

    Attributes:
        loopback: offer 127.0.0.1 only; for tests and the demo on one machine.
        ping_seconds: how often each page is pinged.
        dead_after_pings: pings in a row without any sign of the page, after which it counts as dropped.
        frozen_after_pings: pings in a row without an answer, after which a page counts as dropped although
            packets of it arrive; at least `dead_after_pings`.
        present_seconds: how often presence is reported again.
        report_seconds: how often observed speech is reported.
        connect_seconds: how long an offer may take to become an open data channel.
        keep_seconds: how long a session's observed speech waits for somebody to come back.
        max_connections: people with a side connection at once, those still connecting included.
        offers_per_minute: how often one participant's page may ask for a connection.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    loopback: bool = False
    ping_seconds: float = Field(default=1.0, gt=0)
    dead_after_pings: int = Field(default=3, ge=1)
    frozen_after_pings: int = Field(default=10, ge=1)
    present_seconds: float = Field(default=10.0, gt=0)
    report_seconds: float = Field(default=2.0, gt=0)
    connect_seconds: float = Field(default=15.0, gt=0)
    keep_seconds: float = Field(default=2 * 3600.0, gt=0)
    max_connections: int = Field(default=400, ge=1)
    offers_per_minute: int = Field(default=30, ge=1)
