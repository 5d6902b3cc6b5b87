"""What a site may change about the rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from alliancekit.scoring.strain import LEAST_SD

Percent = Annotated[float, Field(gt=0, le=100)]


class Settings(BaseModel):
    """Thresholds, in percent points of 0–100 where nothing else is said.

    Attributes:
        drop_percent: fall since the last session from which the fixed rule speaks.
        drop_percent_of: the same for single instruments; OpenFIT's table for the SRS is one point of forty.
        group_sd: the deployment's own standard deviation, once known.
        least_sd: floor of the standard deviation that falls are measured against, and of the chart's σ.
        divergence_percent: distance of the therapist's rating from the client's.
        flat_sessions: sessions at the maximum in a row.
        straightlining_items: least number of items, all answered alike.
        low_item_percent: how near to the unfavourable end of its options an answer counts as low.
        control_limit: k of the control chart, the third rule for possible strain; 0 switches it off.
        therapist: read the therapist's own ratings for falls as well.
        ignore: instruments that no rule reads, beside in-call pulses and style-fit items.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop_percent: Percent = 10.0
    drop_percent_of: dict[str, Percent] = {"srs": 2.5}
    group_sd: Percent | None = None
    least_sd: Percent = LEAST_SD
    divergence_percent: Percent = 25.0
    flat_sessions: Annotated[int, Field(ge=2)] = 3
    straightlining_items: Annotated[int, Field(ge=2)] = 6
    low_item_percent: Annotated[float, Field(ge=0, lt=50)] = 10.0
    control_limit: Annotated[float, Field(ge=0, le=10)] = 2.0
    therapist: bool = False
    ignore: frozenset[str] = frozenset({"pulse"})
