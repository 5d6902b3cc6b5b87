"""What `alliancekit measures` says about instruments: for people at 80 columns, and as JSON for programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alliancekit.instruments.catalogue import languages_of
from alliancekit.instruments.keys import Key, keys
from alliancekit.instruments.model import CutOff, Instrument, Item, Norm, Reliability, Scale, Texts
from alliancekit.instruments.site import Deployed

UNVERIFIED: Final = "†"
SYMBOLS: Final = {"alpha": "α", "omega": "ω", "retest": "retest r"}
HIGHER: Final = {"better": "higher is better", "worse": "lower is better", "neither": "two poles"}


def _english(texts: Texts) -> str:
    """The English wording, or else the first there is."""
    return texts.get("en") or next(iter(texts.values()), "")


def text_state(instrument: Instrument, deployed: Deployed) -> str:
    """Whether the wording is there: `included`, `pack imported` or `pack missing`."""
    if instrument.text == "included":
        return "included"
    missing = deployed.instruments.why_not_asked(instrument.name, instrument.form)
    return "pack missing" if missing else "pack imported"


def languages(instrument: Instrument, deployed: Deployed) -> tuple[str, ...]:
    """The languages in which it can be asked."""
    return () if text_state(instrument, deployed) == "pack missing" else languages_of(instrument)


def summary(instrument: Instrument, deployed: Deployed) -> dict[str, Any]:
    """One line of the list, for programs."""
    return {
        "name": instrument.name,
        "form": instrument.form,
        "version": instrument.version,
        "title": _english(instrument.title),
        "items": len(instrument.items),
        "scales": [scale.name for scale in instrument.scales],
        "text": text_state(instrument, deployed),
        "languages": list(languages(instrument, deployed)),
        "cannot_be_asked": deployed.instruments.why_not_asked(instrument.name, instrument.form),
        "validated": instrument.validated,
        "unverified": bool(instrument.unverified),
    }


def everything(instrument: Instrument, deployed: Deployed) -> dict[str, Any]:
    """All that a file says, with each scale's range and the state of the wording, for programs."""
    told = instrument.model_dump(mode="json")
    for scale, key in zip(told["scales"], keys(instrument), strict=True):
        scale["minimum"], scale["maximum"] = key.lowest, key.highest
    line = summary(instrument, deployed)
    return told | {name: line[name] for name in ("text", "languages", "cannot_be_asked")}


def overview(deployed: Deployed) -> RenderableType:
    """The list for people."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in ("instrument", "items and scales", "text", "validated"):
        table.add_column(title, overflow="fold", no_wrap=title in ("text", "validated"))
    for one in deployed.instruments:
        state = text_state(one, deployed)
        name = one.name + (UNVERIFIED if one.unverified else "")
        scales = ", ".join(scale.name for scale in one.scales)
        table.add_row(
            Text.assemble((name, "bold"), (f"\n{one.form}, v. {one.version}", "dim")),
            Text(f"{_count(len(one.items), 'item')}\n{scales}"),
            Text(state, style="yellow" if state == "pack missing" else ""),
            Text("validated" if one.validated else "not validated", style="" if one.validated else "yellow"),
        )
    notes = []
    if any(one.unverified for one in deployed.instruments):
        notes.append(f"{UNVERIFIED} Part of the key is not confirmed in a source: measures show NAME.")
    if any(text_state(one, deployed) == "pack missing" for one in deployed.instruments):
        notes.append("pack missing: scores answers, but cannot be asked; see measures import.")
    return Group(table, "", *(Text(note, style="dim") for note in notes))


def page(instrument: Instrument, deployed: Deployed) -> RenderableType:
    """One form of an instrument for people: a word in the margin and what belongs to it beside it."""
    head = Text(f"{instrument.name}, {instrument.form} form, version {instrument.version}", style="bold")
    grid = Table.grid(padding=(0, 2, 1, 0))
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    for title, told in _parts(instrument, deployed):
        grid.add_row(title, told)
    return Group(head, _text(_english(instrument.title)), Padding(grid, (1, 0, 0, 0)))


def _parts(instrument: Instrument, deployed: Deployed) -> Iterator[tuple[str, RenderableType]]:
    validation = instrument.validation or "The file does not say by whom."
    known = (
        "Validated. " if instrument.validated else "" if "ot validated" in validation else "Not validated. "
    )
    yield "validated", _text(known + validation)
    yield "wording", _wording(instrument, deployed)
    yield "moments", _text(", ".join(instrument.moments))
    yield "items", _items(instrument)
    yield "scales", _scales(instrument)
    yield "missing answers", _text(instrument.missing_rule or "The file states no rule beyond its scales.")
    yield "cut-offs", _cited(instrument, [(_cut_off(each), each.source) for each in instrument.cut_offs])
    yield "norms", _cited(instrument, [(_norm(each), each.source) for each in instrument.norms])
    found = [(_reliability(each), each.source) for each in instrument.reliabilities]
    yield "reliability", _cited(instrument, found)
    yield "not confirmed", _lines(instrument.unverified)
    yield "source", _text(instrument.source)
    yield "rights", _text(instrument.licence)


def _text(told: str, style: str = "") -> Text:
    """Text without markup, and without the control characters that a terminal would obey."""
    plain = "".join("�" if unicodedata.category(letter) == "Cc" else letter for letter in told)
    return Text(plain, style=style, overflow="fold")


def _lines(told: Sequence[str]) -> RenderableType:
    """One line, or several with a bullet each."""
    if not told:
        return Text("none", style="dim")
    if len(told) == 1:
        return _text(told[0])
    grid = Table.grid(padding=(0, 1, 0, 0))
    for line in told:
        grid.add_row("•", _text(line))
    return grid


def _cited(instrument: Instrument, told: Sequence[tuple[str, str]]) -> RenderableType:
    """Lines by their source, each source once behind its lines."""
    by_source: dict[str, list[str]] = {}
    for line, source in told:
        by_source.setdefault(source, []).append(line)
    parts: list[RenderableType] = []
    for source, lines in by_source.items():
        behind = "the source below" if source == instrument.source else source
        parts += [_lines(lines), _text(f"From: {behind}", "dim")]
    return Group(*parts) if parts else _lines(())


def _wording(instrument: Instrument, deployed: Deployed) -> Text:
    state = text_state(instrument, deployed)
    if state == "pack missing":
        return _text(f"Pack missing. {deployed.instruments.why_not_asked(instrument.name, instrument.form)}")
    return _text(f"{state.capitalize()}: {', '.join(languages(instrument, deployed))}.")


def _items(instrument: Instrument) -> RenderableType:
    kinds: dict[str, list[str]] = {}
    for item in instrument.items:
        kinds.setdefault(_answers(instrument, item), []).append(item.id)
    backwards = [item.id for item in instrument.items if item.reversed]
    total = _count(len(instrument.items), "item")
    told = [
        f"{total}: {answers}" if len(kinds) == 1 else f"{_spans(ids)}: {answers}"
        for answers, ids in kinds.items()
    ]
    turned = f"{_spans(backwards)} (minimum + maximum − answer)" if backwards else "none"
    return _lines([*told, f"reversed: {turned}"])


def _answers(instrument: Instrument, item: Item) -> str:
    if item.kind == "choice":
        return "a choice of " + ", ".join(_number(option.value) for option in instrument.options_of(item))
    unit = 10**item.decimals
    step = f", in steps of {_number(item.step / unit)}" if item.step > 1 or unit > 1 else ""
    stored = f"; stored as {item.minimum} to {item.maximum}" if unit > 1 else ""
    return f"a line from {_number(item.minimum / unit)} to {_number(item.maximum / unit)}{step}{stored}"


def _scales(instrument: Instrument) -> RenderableType:
    pairs = zip(instrument.scales, keys(instrument), strict=True)
    return _lines([f"{scale.name}: {_scale(scale, key)}" for scale, key in pairs])


def _scale(scale: Scale, key: Key) -> str:
    ends = f"{_number(key.lowest)} to {_number(key.highest)}, {HIGHER[scale.higher_is]}"
    if scale.higher_is == "neither":
        ends += f" ({_english(scale.low) or 'low'} – {_english(scale.high) or 'high'})"
    if scale.parts:
        return f"{' + '.join(scale.parts)}; {ends}"
    if scale.method == "formula":
        terms = [f"{_number(weight)} · {name}" for name, weight in scale.weights.items()]
        how = " + ".join([*([_number(scale.constant)] if scale.constant else []), *terms])
    else:
        how = f"{scale.method} of " * (len(scale.items) > 1) + _spans(scale.items)
    missing = f"; {scale.max_missing} may be missing, pro-rated" if scale.max_missing else ""
    return f"{how}; {ends}{missing}"


def _cut_off(one: CutOff) -> str:
    own = " (provisional)" if one.provisional else ""
    return f"{one.scale} {one.when} {_number(one.value)}{own}: {one.meaning}"


def _norm(one: Norm) -> str:
    numbers = f"mean {_number(one.mean)}, SD {_number(one.sd)}, n = {one.n}"
    return f"{one.scale}: {numbers}, {one.population}"


def _reliability(one: Reliability) -> str:
    sign = "≥" if one.at_least else "="
    people = ", ".join(part for part in (f"n = {one.n}" if one.n else "n not stated", one.population) if part)
    return f"{one.scale}: {SYMBOLS[one.coefficient]} {sign} {one.value:.2f}, {people}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _spans(ids: Sequence[str]) -> str:
    """`item1–5, item8`: runs of numbered items as spans; other names one after the other."""
    found: list[list[str]] = []
    for name in ids:
        stem, digits = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
        before = found[-1][-1] if found else ""
        follows = digits.isdigit() and before == f"{stem}{int(digits) - 1}"
        if follows:
            found[-1].append(name)
        else:
            found.append([name])
    return ", ".join(_span(run) for run in found)


def _span(run: Sequence[str]) -> str:
    if len(run) < 3:
        return ", ".join(run)
    stem = run[0].rstrip("0123456789")
    return f"{run[0]}–{run[-1].removeprefix(stem)}"
