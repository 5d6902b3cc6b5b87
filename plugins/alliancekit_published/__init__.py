"""The published measures of the field by key: who answers, ranges, scales, reversals, cut-offs, sources.

No wording: a site that may use an instrument imports its text pack. Until then answers that were collected
elsewhere can be scored, and nobody can be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.loader import load_folder
from alliancekit.instruments.model import Instrument

__all__ = ["Published", "Settings"]


class Settings(BaseModel):
    """There is nothing to set; which instrument a site uses is the site's `measure`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Published(AllianceHooks):
    """WAI, WAI-S, WAI-SR, SAI, SRS, GSRS, CSRS, SPARQ, SPARQ-C, RISQ, HAq-II, ARM-5 and C-NIP, by key."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return load_folder(files("alliancekit_published"))
