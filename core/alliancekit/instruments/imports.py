"""Bring a file into the site's folder: recognise it, check it against the deployment, write it normalised.

Nothing is written before everything was checked. The name of the file that is written comes from the checked
content, never from the name of the file that was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import Instruments, languages_of, why_not_asked
from alliancekit.instruments.fhir.questionnaire import Higher, instrument_of
from alliancekit.instruments.loader import checked, read_object
from alliancekit.instruments.model import Instrument
from alliancekit.instruments.packs import TextPack
from alliancekit.instruments.site import Deployed, Kind, deployed, kind_of, read_site_file, worded, write_file

LARGEST_IMPORT = 5_000_000
"""Bytes; a FHIR questionnaire carries its narrative and its value sets."""

Change = Literal["new", "unchanged", "replaced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import does, or would do.

    Attributes:
        kind: what the file was recognised as.
        name: the instrument.
        form: who answers it.
        version: of the pack, or of the instrument.
        languages: in which it can be asked afterwards.
        target: the file in the site's folder.
        change: whether the target is new, already holds the same, or holds something else.
        notes: what a person should know.
        text: what the target shall hold.
    """

    kind: Kind
    name: str
    form: str
    version: str
    languages: tuple[str, ...]
    target: Path
    change: Change
    notes: tuple[str, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a plain dictionary, without the wording."""
        return {
            "kind": self.kind,
            "measure": self.name,
            "form": self.form,
            "version": self.version,
            "languages": list(self.languages),
            "target": str(self.target),
            "change": self.change,
            "notes": list(self.notes),
        }


def prepare(
    source: Path,
    registered: Instruments,
    folder: Path,
    *,
    name: str = "",
    form: str = "",
    higher: Higher | None = None,
) -> Import:
    """Check a file and say what importing it would do; writes nothing.

    Args:
        source: a text pack, an instrument of the site's own, or a FHIR R4 questionnaire.
        registered: what the plugins bring.
        folder: the site's folder.
        name: for a questionnaire: how the instrument is called here.
        form: for a questionnaire: who answers it.
        higher: for a questionnaire: what a higher total is; `neither` when None.

    Raises:
        InstrumentError: the file cannot be used; a line a mistake.
    """
    if not source.is_file():
        raise InstrumentError(f"{source} is no file.", fix="Check the path.")
    fields = read_object(source, largest=LARGEST_IMPORT)
    kind = kind_of(fields)
    if kind != "questionnaire" and (name or form or higher):
        raise InstrumentError(
            f"{source} names its instrument, form and direction itself.",
            fix="Leave out --name, --form and --higher; they are for FHIR questionnaires.",
        )
    here = deployed(registered, folder)
    if kind == "text pack":
        pack = checked(TextPack, fields, str(source))
        known = {(one.name, one.form): one for one in (*here.instruments,)}
        instrument = worded(pack, known, where=str(source))
        return _import(kind, pack, instrument, folder, ())
    notes: tuple[str, ...] = ()
    if kind == "questionnaire":
        made, notes = instrument_of(
            fields, str(source), name=name, form=form or "client", higher=higher or "neither"
        )
    else:
        made = checked(Instrument, fields, str(source))
    _own_name(made, here, registered, source)
    if (made.name, made.form) in here.packs:
        notes += ("Its text pack that is here must fit it: see alliancekit config check.",)
    return _import(kind, made, made, folder, notes)


def carry_out(prepared: Import, folder: Path, *, replace: bool = False) -> None:
    """Write what was prepared; the same again changes nothing.

    Raises:
        InstrumentError: the target holds something else and `replace` is false, or it cannot be written.
    """
    if prepared.change == "unchanged":
        return
    if prepared.change == "replaced" and not replace:
        raise InstrumentError(
            f"{prepared.target} holds another {prepared.kind} for {prepared.name!r} ({prepared.form} form); "
            "nothing was changed.",
            fix="Import it with --replace to replace that one.",
        )
    write_file(folder, prepared.target.name, prepared.text)


def _import(
    kind: Kind,
    made: TextPack | Instrument,
    instrument: Instrument,
    folder: Path,
    notes: tuple[str, ...],
) -> Import:
    ending = ".pack.json" if isinstance(made, TextPack) else ".json"
    target = folder / f"{instrument.name}.{instrument.form}{ending}"
    return Import(
        kind=kind,
        name=instrument.name,
        form=instrument.form,
        version=made.version,
        languages=() if why_not_asked(instrument) else languages_of(instrument),
        target=target,
        change=_change(target, made),
        notes=notes,
        text=made.model_dump_json(indent=2, exclude_defaults=True) + "\n",
    )


def _change(target: Path, made: TextPack | Instrument) -> Change:
    if not target.exists() and not target.is_symlink():
        return "new"
    try:
        return "unchanged" if read_site_file(target) == made else "replaced"
    except InstrumentError:
        return "replaced"  # a broken file may be replaced, when asked


def _own_name(made: Instrument, here: Deployed, registered: Instruments, source: Path) -> None:
    key = (made.name, made.form)
    if key in registered:
        raise InstrumentError(
            f"{source}: name: a plugin brings the instrument {made.name!r} ({made.form} form) already.",
            fix="Give the instrument of your site another name.",
        )
    other = here.files.get(key)
    if other is not None and other.name != f"{made.name}.{made.form}.json":
        raise InstrumentError(
            f"{source}: name: the file {other} brings {made.name!r} ({made.form} form) already.",
            fix="Remove that file, or give the instrument another name.",
        )
