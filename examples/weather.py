"""An instrument in one file: two questions, in two languages."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import override

from alliancekit.hookspecs import AllianceHooks, hookimpl
from alliancekit.instruments.model import Instrument, Item, Option, Scale

SKY = (
    Option(value=0, label={"en": "Stormy", "es": "Tormenta"}, symbol="⛈"),
    Option(value=1, label={"en": "Cloudy", "es": "Nublado"}, symbol="☁"),
    Option(value=2, label={"en": "Sunny", "es": "Sol"}, symbol="☀"),
)

WEATHER = Instrument(
    name="weather",
    form="client",
    title={"en": "The weather between us", "es": "El tiempo entre nosotros"},
    items=(
        Item(
            id="today",
            text={"en": "How was it between us today?", "es": "¿Cómo estuvo hoy entre nosotros?"},
        ),
        Item(
            id="next_time",
            text={"en": "How do you expect it next time?", "es": "¿Cómo lo espera la próxima vez?"},
        ),
    ),
    options=SKY,
    scales=(Scale(name="total", items=("today", "next_time"), max_missing=1),),
    source="written for this example",
    licence="CC0-1.0",
)


class Weather(AllianceHooks):
    """Offers the instrument; a style or the vendor decides when it is asked."""

    @override
    @hookimpl
    def register_instruments(self) -> Sequence[Instrument]:
        return [WEATHER]
