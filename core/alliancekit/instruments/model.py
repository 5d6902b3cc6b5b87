"""What an instrument is, as data: items, options, scales, keys, missing rule, source, licence.

An instrument has a `name` shared by its forms and a `form` (who answers it): `("check-in", "client")` and
`("check-in", "therapist")` are one measure seen from two sides. The published JSON Schema is made from these
models; what a schema cannot say stands in `alliancekit.instruments.checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliancekit.events import Moment
from alliancekit.instruments import checks

Texts = dict[str, str]
"""Language tag (`en`, `es`, `it`, `zh`, `ar`) → wording."""

LARGEST = 1_000_000
"""The largest magnitude of a value that an item can take."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
ItemId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=40)]
Value = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]


class Part(BaseModel):
    """Base of the parts: unknown keys, infinity and not-a-number are refused, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Option(Part):
    """One response option: its value by label, never by position."""

    value: Value
    """What is stored and scored."""
    label: Texts = {}
    """Wording by language; empty in a file whose text comes from a pack."""
    symbol: Annotated[str, Field(max_length=8)] = ""
    """A face or another sign that is shown before the label; screen readers skip it."""
    code: Annotated[str, Field(max_length=300)] = ""
    """How a FHIR questionnaire names it: `system|code`, or `code` alone without a system."""


class Item(Part):
    """One question; answers are integers everywhere."""

    id: ItemId
    """Its name in answers, columns and scales."""
    text: Texts = {}
    """Wording by language; empty in a file whose text comes from a pack."""
    kind: Literal["choice", "slider"] = "choice"
    """Radio buttons, or a line from `minimum` to `maximum`."""
    options: tuple[Option, ...] = ()
    """A choice's own options; without them the instrument's shared ones."""
    minimum: Value = 0
    """A slider's lowest value."""
    maximum: Value = 100
    """A slider's highest value."""
    step: Annotated[int, Field(ge=1)] = 1
    """The distance between two values of a slider."""
    decimals: Annotated[int, Field(ge=0, le=3)] = 0
    """For a slider published in decimal fractions: a 10 cm line read to one decimal is stored as 0–100 with
    `decimals` 1, and 85 means 8.5."""
    low: Texts = {}
    """Wording of a slider's low end."""
    high: Texts = {}
    """Wording of a slider's high end."""
    facet: str = ""
    """What the item is about, in a few words."""
    reversed: bool = False
    """Scored as minimum + maximum − value."""
    link_id: Annotated[str, Field(max_length=255)] = ""
    """Its name in a FHIR questionnaire, where that is not its `id`."""


class Scale(Part):
    """A scored part, from `items` or from other scales (`parts`)."""

    name: ItemId
    """Its name in scores and columns; `total` is the instrument's main scale."""
    title: Texts = {}
    """Its name for people, by language."""
    items: tuple[ItemId, ...] = ()
    """The items it is made of."""
    parts: tuple[ItemId, ...] = ()
    """The scales it is the sum of; they stand before it, and it has a value when each of them has one."""
    method: Literal["sum", "mean", "formula"] = "sum"
    """The sum or the mean of the items, the sum of the parts, or `constant` + Σ `weights` · item."""
    weights: dict[ItemId, float] = {}
    """A formula's weight of each item."""
    constant: float = 0.0
    """A formula's constant."""
    max_missing: Annotated[int, Field(ge=0)] = 0
    """How many items may be missing; the value is then pro-rated from the answered ones and marked so."""
    higher_is: Literal["better", "worse", "neither"] = "better"
    """Whether a higher value is the more favourable one, the less favourable one, or nearer to one of two
    poles of equal worth."""
    low: Texts = {}
    """The pole at the low end, where `higher_is` is `neither`."""
    high: Texts = {}
    """The pole at the high end, where `higher_is` is `neither`."""
    link_id: Annotated[str, Field(max_length=255)] = ""
    """The item of a FHIR questionnaire that holds its value, where that is not its `name`."""


class CutOff(Part):
    """A threshold: the scale calls for a conversation when its value is `when` (below, above) `value`.

    On a scale whose `higher_is` is `neither` it marks a strong leaning to one pole instead.
    """

    scale: ItemId
    """The scale it belongs to."""
    value: float
    """The threshold, in published units."""
    when: Literal["<", "<=", ">", ">="]
    """How a score is compared with it."""
    meaning: str
    """What it means to be past it, in a sentence."""
    source: str
    """Who set it and where."""
    provisional: bool = False
    """True where the number is not published but somebody's own; it is then shown as such."""


class Norm(Part):
    """What a published sample of `n` people scored on a scale."""

    scale: ItemId
    """The scale it belongs to."""
    mean: float
    """Mean, in published units."""
    sd: Annotated[float, Field(gt=0)]
    """Standard deviation, in published units."""
    n: Annotated[int, Field(ge=2)]
    """How many people."""
    population: str
    """Who they were."""
    source: str
    """Where it was published."""


class Reliability(Part):
    """A published reliability of a scale."""

    scale: ItemId
    """The scale it belongs to."""
    coefficient: Literal["alpha", "omega", "retest"]
    """Cronbach's α, McDonald's ω, or the correlation of two measurements."""
    value: Annotated[float, Field(ge=0, lt=1)]
    """The coefficient."""
    n: Annotated[int, Field(ge=2)] | None = None
    """How many people; null where the source does not say."""
    population: str = ""
    """Who they were."""
    source: str
    """Where it was published."""
    at_least: bool = False
    """True where the source gives a lower bound only."""


class Instrument(Part):
    """A measure in one form: who answers it, what it asks, how it is scored, where that comes from."""

    name: Name
    """The measure's name, shared by its forms."""
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] = "1"
    """Rises when the wording or the key changes."""
    form: Literal["client", "therapist"] = "client"
    """Who answers it."""
    title: Texts
    """The measure's name for people, by language."""
    instructions: Texts = {}
    """What stands above the items, by language."""
    moments: tuple[Moment, ...] = ("end_of_call",)
    """When it makes sense to ask it."""
    options: tuple[Option, ...] = ()
    """Response options that items share."""
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=200)]
    """The questions, in the order in which they are asked."""
    scales: Annotated[tuple[Scale, ...], Field(min_length=1, max_length=50)]
    """What is scored."""
    missing_rule: str = ""
    """What is done about missing answers and where that comes from, in words."""
    cut_offs: tuple[CutOff, ...] = ()
    """Thresholds; of several on one scale the first is the one that is drawn."""
    norms: tuple[Norm, ...] = ()
    """Published means and standard deviations."""
    reliabilities: tuple[Reliability, ...] = ()
    """Published reliabilities."""
    text: Literal["included", "pack"] = "included"
    """`included` when the wording is in the file; `pack` when it belongs to somebody else: a site that may
    use it imports a text pack, and until then answers can be scored but nobody can be asked."""
    validated: bool = False
    """Whether studies have tested this instrument in this form."""
    validation: str = ""
    """Which studies, or that there are none."""
    unverified: tuple[str, ...] = ()
    """What of the key was not confirmed in a source."""
    source: str
    """Who published it and where: a full citation."""
    licence: str
    """Who owns the wording and what a site must obtain."""

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
        if found := checks.mistakes(self):
            raise checks.InconsistentError(found)
        return self
