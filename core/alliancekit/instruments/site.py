"""What a site adds to the instruments of its plugins: instruments of its own, and text packs.

They are files in one folder, the setting `measures_dir`; `alliancekit measures import` writes them. A file
that cannot be used harms only itself: what it would bring is not offered, and the reason is said.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.loader import checked, read_object
from alliancekit.instruments.model import Instrument
from alliancekit.instruments.packs import TextPack, apply

Kind = Literal["instrument", "text pack", "questionnaire"]
SUFFIXES = (".json", ".toml")
MOST_FILES = 1000
"""A folder with more files is no folder of measures."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """All instruments of a deployment: of its plugins and of its site, with the site's wording.

    Attributes:
        instruments: what can be scored, and asked where `Instruments.why_not_asked` is empty.
        packs: the text pack in use, by name and form.
        files: the file in the site's folder, by name and form, of instruments of the site's own.
        problems: a sentence for each file that cannot be used.
    """

    instruments: Instruments
    packs: Mapping[tuple[str, str], TextPack] = field(default_factory=dict)
    files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def kind_of(fields: Mapping[str, Any]) -> Kind:
    """What a file describes, by its fields: a pack names its `instrument`, FHIR its `resourceType`."""
    if "resourceType" in fields:
        return "questionnaire"
    return "text pack" if "instrument" in fields else "instrument"


def deployed(registered: Instruments, folder: Path) -> Deployed:
    """The instruments of a deployment.

    Args:
        registered: what the plugins bring.
        folder: the site's folder; it may be missing.

    Returns: plugins' instruments first, then the site's, each with its wording where there is a pack. What a
    plugin brings keeps its name: a site's instrument of the same name is a problem.
    """
    problems: list[str] = []
    notes: dict[tuple[str, str], str] = {}
    found: dict[tuple[str, str], Instrument] = {(one.name, one.form): one for one in registered}
    files: dict[tuple[str, str], Path] = {}
    packs: dict[tuple[str, str], TextPack] = {}
    read: list[tuple[Path, TextPack | Instrument]] = []

    def refuse(path: Path, error: InstrumentError) -> None:
        problems.append(f"{error.message} It is not used. {error.fix}".strip())
        name, _, rest = path.name.partition(".")
        notes[name, rest.partition(".")[0]] = (
            f"The file {path.name} cannot be used; `alliancekit config check` says why."
        )

    for path in _files(folder):
        try:
            read.append((path, read_site_file(path)))
        except InstrumentError as error:
            refuse(path, error)
    # Instruments before packs: a pack may belong to an instrument of the site.
    for path, one in sorted(read, key=lambda entry: isinstance(entry[1], TextPack)):
        try:
            if isinstance(one, Instrument):
                key = (one.name, one.form)
                _free(key, found, files, path)
                found[key], files[key] = one, path
            else:
                key = (one.instrument, one.form)
                if key in packs:
                    raise InstrumentError(f"{path}: another file holds a text pack for this form already.")
                found[key] = worded(one, found, where=str(path))
                packs[key] = one
        except InstrumentError as error:
            refuse(path, error)
    instruments = Instruments(found.values())
    for (name, form), text in notes.items():
        instruments.note(name, form, text)
    return Deployed(instruments, packs, files, tuple(problems))


def read_site_file(path: Path) -> TextPack | Instrument:
    """Read one file of a site's folder.

    Raises:
        InstrumentError: it holds neither a text pack nor an instrument.
    """
    fields = read_object(path)
    match kind_of(fields):
        case "text pack":
            return checked(TextPack, fields, str(path))
        case "instrument":
            return checked(Instrument, fields, str(path))
        case _:
            raise InstrumentError(
                f"{path} is a FHIR resource.", fix=f"Import it: alliancekit measures import {path}"
            )


def worded(
    pack: TextPack, known: Mapping[tuple[str, str], Instrument], *, where: str = "the text pack"
) -> Instrument:
    """The instrument that a pack is for, with its wording.

    Raises:
        InstrumentError: there is no such instrument, its text is its own, or the pack does not fit it.
    """
    instrument = known.get((pack.instrument, pack.form))
    if instrument is None:
        forms = [form for name, form in known if name == pack.instrument]
        names = ", ".join(dict.fromkeys(name for name, form in known if known[name, form].text == "pack"))
        raise InstrumentError(
            f"{where}: form: the instrument {pack.instrument!r} has no {pack.form} form."
            if forms
            else f"{where}: instrument: there is no instrument {pack.instrument!r}.",
            fix=f"It has: {', '.join(forms)}."
            if forms
            else f"Instruments that take a text pack: {names or 'none'}.",
        )
    if instrument.text != "pack":
        raise InstrumentError(
            f"{where}: instrument: the text of {pack.instrument!r} is part of it and is not replaced.",
            fix="Import an instrument of your own under another name.",
        )
    return apply(pack, instrument, where=where)


def write_file(folder: Path, name: str, text: str) -> Path:
    """Write a file into the site's folder, whole or not at all.

    Args:
        folder: made when it is missing, for this user only.
        name: the file's name, without any folder.
        text: what it shall hold.

    Raises:
        InstrumentError: the name leaves the folder, the target is no plain file, or it cannot be written.
    """
    target = folder / name
    if not name or Path(name).name != name or name.startswith("."):
        raise InstrumentError(f"{name!r} is no plain file name; nothing was written.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise InstrumentError(
                f"{target} is a link or no plain file; nothing was written.", fix="Remove it first."
            )
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        _sync(folder)
    except OSError as error:
        raise InstrumentError(
            f"{target} cannot be written ({error.strerror or type(error).__name__}); nothing was changed.",
            fix="Check the setting measures_dir and its permissions.",
        ) from None
    return target


def _sync(folder: Path) -> None:
    """Make the folder's new entry outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(SUFFIXES))
    for name in names[:MOST_FILES]:
        path = folder / name
        if not name.startswith(".") and path.is_file():
            yield path


def _free(
    key: tuple[str, str],
    found: Mapping[tuple[str, str], Instrument],
    files: Mapping[tuple[str, str], Path],
    path: Path,
) -> None:
    if key in found:
        owner = f"the file {files[key]}" if key in files else "a plugin"
        raise InstrumentError(
            f"{path}: name: {owner} brings the instrument {key[0]!r} ({key[1]} form) already.",
            fix="Give this one another name.",
        )
