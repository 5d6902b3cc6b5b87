"""What an instrument is, as data: items, options, scales, keys, missing rule, source, licence.

An instrument has a `name` shared by its forms and a `form` (who answers it): `("check-in", "client")` and
`("check-in", "therapist")` are one measure seen from two sides.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliancekit.events import Moment

Texts = dict[str, str]
"""Language tag (`en`, `es`, `it`, `zh`, `ar`) → wording."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
ItemId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=40)]


class Part(BaseModel):
    """Base of the parts: unknown keys are refused, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Part):
    """One response option: its value by label, never by position. `symbol`, a face, is shown before it.

    `code` is how a FHIR questionnaire names the option: `system|code`, or `code` alone without a system.
    """

    value: int
    label: Texts = {}
    symbol: Annotated[str, Field(max_length=8)] = ""
    code: Annotated[str, Field(max_length=300)] = ""


class Item(Part):
    """One question.

    `kind` is `choice` (radio buttons from `options`, or the instrument's shared ones when empty) or `slider`
    (integers from `minimum` to `maximum` in steps of `step`, with the wording of both ends). `reversed` items
    are scored `minimum + maximum − value`.

    Answers are integers everywhere. A slider with `decimals` is published in decimal fractions: a 10 cm line
    read to one decimal is stored as 0–100 with `decimals = 1`, and 85 means 8.5.

    `link_id` is the item's name in a FHIR questionnaire, where that is not its `id`.
    """

    id: ItemId
    text: Texts = {}
    kind: Literal["choice", "slider"] = "choice"
    options: tuple[Option, ...] = ()
    minimum: int = 0
    maximum: int = 100
    step: Annotated[int, Field(ge=1)] = 1
    decimals: Annotated[int, Field(ge=0, le=3)] = 0
    low: Texts = {}
    high: Texts = {}
    facet: str = ""
    reversed: bool = False
    link_id: Annotated[str, Field(max_length=255)] = ""


class Scale(Part):
    """A scored part, from `items` or from other scales (`parts`).

    `method` is the sum or the mean of the items, the sum of the `parts`, or a published linear `formula`:
    `constant` + Σ `weights` · item. At most `max_missing` items may be missing; then the value is pro-rated
    from the answered ones. A scale of parts has a value when each of its parts has one; a formula needs every
    item.

    `higher_is` gives the direction: `better` when a higher value is the more favourable one, `worse` when it
    is the less favourable one, `neither` for two poles of equal worth, which `low` and `high` name.

    `link_id` is the FHIR questionnaire's item that holds the scale's value, where that is not its `name`.
    """

    name: ItemId
    title: Texts = {}
    items: tuple[ItemId, ...] = ()
    parts: tuple[ItemId, ...] = ()
    method: Literal["sum", "mean", "formula"] = "sum"
    weights: dict[ItemId, float] = {}
    constant: float = 0.0
    max_missing: Annotated[int, Field(ge=0)] = 0
    higher_is: Literal["better", "worse", "neither"] = "better"
    low: Texts = {}
    high: Texts = {}
    link_id: Annotated[str, Field(max_length=255)] = ""


class CutOff(Part):
    """A threshold: the scale calls for a conversation when its value is `when` (below, above) the cut-off.

    On a scale whose `higher_is` is `neither` it marks a strong leaning to one pole instead. `provisional` is
    true where the number is our own and not published; it is then shown as such.
    """

    scale: ItemId
    value: float
    when: Literal["<", "<=", ">", ">="]
    meaning: str
    source: str
    provisional: bool = False


class Norm(Part):
    """What a published sample of `n` people scored on a scale: mean and standard deviation, in its units."""

    scale: ItemId
    mean: float
    sd: Annotated[float, Field(gt=0)]
    n: Annotated[int, Field(ge=2)]
    population: str
    source: str


class Reliability(Part):
    """A published reliability of a scale; `at_least` where the source gives a lower bound only."""

    scale: ItemId
    coefficient: Literal["alpha", "omega", "retest"]
    value: Annotated[float, Field(ge=0, lt=1)]
    n: Annotated[int, Field(ge=2)] | None = None
    population: str = ""
    source: str
    at_least: bool = False


class Instrument(Part):
    """A measure in one form. See the module's docstring for name and form.

    `text` is `included` when the wording is in the file, `pack` when it belongs to somebody else: a site that
    may use it imports a text pack, and until then the instrument can score answers but not be asked.
    `missing_rule` says in words what is done about missing answers and where that comes from; `unverified`
    lists what of the key was not confirmed in a source.
    """

    name: Name
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] = "1"
    form: Literal["client", "therapist"] = "client"
    title: Texts
    instructions: Texts = {}
    moments: tuple[Moment, ...] = ("end_of_call",)
    options: tuple[Option, ...] = ()
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]
    scales: Annotated[tuple[Scale, ...], Field(min_length=1, max_length=50)]
    missing_rule: str = ""
    cut_offs: tuple[CutOff, ...] = ()
    norms: tuple[Norm, ...] = ()
    reliabilities: tuple[Reliability, ...] = ()
    text: Literal["included", "pack"] = "included"
    validated: bool = False
    validation: str = ""
    unverified: tuple[str, ...] = ()
    source: str
    licence: str

    def options_of(self, item: Item) -> tuple[Option, ...]:
        """The item's own options, or the instrument's shared ones."""
        return item.options or self.options

    def range_of(self, item: Item) -> tuple[int, int]:
        """Lowest and highest value the item can take."""
        if item.kind == "slider":
            return item.minimum, item.maximum
        values = [option.value for option in self.options_of(item)]
        return min(values), max(values)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids):
            raise ValueError("two items have the same id")
        names = [scale.name for scale in self.scales]
        if len(set(names)) != len(names):
            raise ValueError("two scales have the same name")
        for item in self.items:
            if item.kind == "choice" and len(self.options_of(item)) < 2:
                raise ValueError(f"item {item.id!r} needs at least two options")
            values = [option.value for option in self.options_of(item)]
            if item.kind == "choice" and len(set(values)) != len(values):
                raise ValueError(f"item {item.id!r} has two options with the same value")
            if item.kind == "slider" and item.minimum >= item.maximum:
                raise ValueError(f"item {item.id!r}: minimum must be below maximum")
            if item.kind == "choice" and item.decimals:
                raise ValueError(f"item {item.id!r}: decimals belong to sliders")
            if self.text == "included" and not item.text.get("en"):
                raise ValueError(f"item {item.id!r} has no English text")
        for number, scale in enumerate(self.scales):
            _check_scale(scale, self.items, names[:number])
        for kind, parts in (
            ("cut-off", self.cut_offs),
            ("norm", self.norms),
            ("reliability", self.reliabilities),
        ):
            for part in parts:
                if part.scale not in names:
                    raise ValueError(f"a {kind} names the unknown scale {part.scale!r}")
        return self


def _check_scale(scale: Scale, items: tuple[Item, ...], earlier: list[str]) -> None:
    """Refuse a scale that cannot be computed from these items and the scales that stand before it."""
    by_id = {item.id: item for item in items}
    where = f"scale {scale.name!r}"
    if bool(scale.items) == bool(scale.parts):
        raise ValueError(f"{where} needs either items or parts")
    for kind, names, known in (("items", scale.items, by_id), ("parts", scale.parts, earlier)):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"{where} names unknown {kind} {unknown}; parts stand before their sum")
        if len(set(names)) != len(names):
            raise ValueError(f"{where} names one of its {kind} twice")
    if scale.parts and (scale.method != "sum" or scale.max_missing):
        raise ValueError(f"{where} is the sum of its parts: method 'sum', and no max_missing of its own")
    if (scale.method == "formula") != bool(scale.weights) or (scale.constant and not scale.weights):
        raise ValueError(f"{where}: weights and constant belong to the method 'formula'")
    if scale.method == "formula" and (set(scale.weights) != set(scale.items) or scale.max_missing):
        raise ValueError(f"{where}: a formula weighs each of its items and lets none be missing")
    if len({by_id[name].decimals for name in scale.items}) > 1:
        raise ValueError(f"{where} mixes items with different decimals")
