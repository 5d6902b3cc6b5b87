"""What commands that take `--measure` and `--scale` mean by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliancekit.errors import InstrumentError

if TYPE_CHECKING:
    from alliancekit.instruments.catalogue import Instruments
    from alliancekit.instruments.model import Instrument, Scale


def instrument(name: str, form: str | None = None, *, known: Instruments | None = None) -> Instrument:
    """The named instrument; without a form its only one, or else that of the client.

    Args:
        name: as `alliancekit measures list` shows it.
        form: who answers it.
        known: where to look; all instruments of this deployment when None.

    Raises:
        UnknownInstrumentError: there is none of this name, or not in this form.
        ConfigError: the settings cannot be used.
        PluginError: a required plugin failed.
    """
    if known is None:
        from alliancekit.cli.deployment import deployment

        known = deployment().instruments
    forms = [each.form for each in known.forms(name)]
    return known.get(name, form or (forms[0] if len(forms) == 1 else "client"))


def scale_of(instrument: Instrument, name: str | None) -> Scale:
    """The named scale; without a name `total`, or the only one there is.

    Raises:
        InstrumentError: there is no such scale, or no name was given and there are several without a total.
    """
    by_name = {scale.name: scale for scale in instrument.scales}
    wanted = name or ("total" if "total" in by_name or len(by_name) > 1 else next(iter(by_name)))
    if wanted in by_name:
        return by_name[wanted]
    known = ", ".join(by_name)
    what = "no total" if name is None else f"no scale {name!r}"
    raise InstrumentError(
        f"The instrument {instrument.name!r} has {what}.", fix=f"Choose by --scale: {known}."
    )
