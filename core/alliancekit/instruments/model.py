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
    """One response option: its value by label, never by position."""

    value: int
    label: Texts = {}


class Item(Part):
    """One question.

    `kind` is `choice` (radio buttons from `options`, or the instrument's shared ones when empty) or `slider`
    (integers from `minimum` to `maximum` in steps of `step`, with the wording of both ends). `reversed` items
    are scored `minimum + maximum − value`.
    """

    id: ItemId
    text: Texts = {}
    kind: Literal["choice", "slider"] = "choice"
    options: tuple[Option, ...] = ()
    minimum: int = 0
    maximum: int = 100
    step: Annotated[int, Field(ge=1)] = 1
    low: Texts = {}
    high: Texts = {}
    facet: str = ""
    reversed: bool = False


class Scale(Part):
    """A scored part. At most `max_missing` items may be missing; then the sum is pro-rated from the mean.

    `higher_is` gives the direction: `better` when a higher value is the more favourable one, `worse` when it
    is the less favourable one.
    """

    name: ItemId
    title: Texts = {}
    items: Annotated[tuple[ItemId, ...], Field(min_length=1)]
    method: Literal["sum", "mean"] = "sum"
    max_missing: Annotated[int, Field(ge=0)] = 0
    higher_is: Literal["better", "worse"] = "better"


class CutOff(Part):
    """A threshold: the scale calls for a conversation when its value is `when` (below, above) the cut-off.

    `provisional` is true where the number is our own and not published; it is then shown as such.
    """

    scale: ItemId
    value: float
    when: Literal["<", "<=", ">", ">="]
    meaning: str
    source: str
    provisional: bool = False


class Instrument(Part):
    """A measure in one form. See the module's docstring for name and form."""

    name: Name
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] = "1"
    form: Literal["client", "therapist"] = "client"
    title: Texts
    instructions: Texts = {}
    moments: tuple[Moment, ...] = ("end_of_call",)
    options: tuple[Option, ...] = ()
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    cut_offs: tuple[CutOff, ...] = ()
    text: Literal["included", "pack"] = "included"
    validated: bool = False
    validation: str = ""
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
            if self.text == "included" and not item.text.get("en"):
                raise ValueError(f"item {item.id!r} has no English text")
        for scale in self.scales:
            unknown = [i for i in scale.items if i not in ids]
            if unknown:
                raise ValueError(f"scale {scale.name!r} names unknown items {unknown}")
            if len(set(scale.items)) != len(scale.items):
                raise ValueError(f"scale {scale.name!r} names an item twice")
        for cut_off in self.cut_offs:
            if cut_off.scale not in names:
                raise ValueError(f"a cut-off names the unknown scale {cut_off.scale!r}")
        return self
