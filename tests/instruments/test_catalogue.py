"""The registry and the wording in one language."""

from __future__ import annotations

import pytest

from alliancekit.errors import InstrumentError, UnknownInstrumentError
from alliancekit.instruments.catalogue import Instruments, languages_of, localise, scales_of
from alliancekit.instruments.model import CutOff, Instrument, Item, Option, Scale


def made(name: str = "made-up", form: str = "client", **more: object) -> Instrument:
    fields: dict[str, object] = {
        "name": name,
        "form": form,
        "title": {"en": "Made up", "es": "Inventado"},
        "instructions": {"en": "Think.", "es": "Piense."},
        "options": (
            Option(value=0, label={"en": "No", "es": "No"}),
            Option(value=1, label={"en": "Yes", "es": "Sí"}),
        ),
        "items": (
            Item(id="one", text={"en": "One?", "es": "¿Uno?"}),
            Item(
                id="line",
                text={"en": "How much?"},
                kind="slider",
                maximum=10,
                low={"en": "None", "es": "Nada"},
                high={"en": "All", "es": "Todo"},
            ),
        ),
        "scales": (Scale(name="bond", items=("one",)), Scale(name="total", items=("one", "line"))),
        "source": "test",
        "licence": "CC0-1.0",
    }
    return Instrument.model_validate(fields | more)


def test_names_and_forms():
    client, therapist, other = made(), made(form="therapist"), made("other")
    known = Instruments([client, therapist])
    known.add(other)
    assert known.names() == ("made-up", "other")
    assert known.forms("made-up") == (client, therapist)
    assert known.get("made-up", "therapist") is therapist
    assert known.get("other") is other
    assert list(known) == [client, therapist, other]
    assert len(known) == 3
    assert ("other", "client") in known
    assert ("other", "therapist") not in known


def test_duplicates_are_refused():
    known = Instruments([made()])
    with pytest.raises(InstrumentError, match="already registered in its client form"):
        known.add(made())


def test_what_is_not_there_is_told_with_what_is():
    known = Instruments([made()])
    with pytest.raises(UnknownInstrumentError, match=r"no instrument 'wai'.*Registered: made-up"):
        known.get("wai")
    with pytest.raises(UnknownInstrumentError, match=r"no therapist form.*It has: client"):
        known.get("made-up", "therapist")


def test_a_page_gets_exactly_this():
    assert localise(made(), "es-MX") == {
        "name": "made-up",
        "version": "1",
        "form": "client",
        "title": "Inventado",
        "instructions": "Piense.",
        "validated": False,
        "items": [
            {
                "id": "one",
                "kind": "choice",
                "text": "¿Uno?",
                "options": [{"value": 0, "label": "No"}, {"value": 1, "label": "Sí"}],
            },
            {
                "id": "line",
                "kind": "slider",
                "text": "How much?",
                "minimum": 0,
                "maximum": 10,
                "step": 1,
                "low": "Nada",
                "high": "Todo",
            },
        ],
    }


def test_faces_and_decimals_reach_the_page_where_they_are_set():
    item = Item(id="one", text={"en": "One?"}, options=(Option(value=0, symbol="😞"), Option(value=1)))
    line = Item(id="line", text={"en": "How much?"}, kind="slider", decimals=1)
    scales = (Scale(name="bond", items=("one",)), Scale(name="goal", items=("line",)))
    face, slider = localise(made(items=(item, line), scales=scales), "en")["items"]
    assert face.get("options") == [{"value": 0, "label": "0", "symbol": "😞"}, {"value": 1, "label": "1"}]
    assert (slider.get("decimals"), slider.get("maximum")) == (1, 100)


def test_a_language_nobody_has_is_shown_in_english():
    assert localise(made(), "fi")["title"] == "Made up"


def test_a_validated_instrument_is_never_a_mixture_of_languages():
    assert languages_of(made()) == ("en",)
    shown = localise(made(validated=True), "es")
    assert shown["title"] == "Made up"
    assert shown["items"][0]["text"] == "One?"


def test_wording_that_is_missing_is_told_not_shown():
    pack = made(text="pack", items=(Item(id="one"), Item(id="line")))
    assert languages_of(made(text="pack", title={}, instructions={}, items=(Item(id="one"), Item(id="line")),
                             options=(Option(value=0), Option(value=1)))) == ()  # fmt: skip
    with pytest.raises(InstrumentError, match=r"no wording for the item 'one'.*text pack"):
        localise(pack, "en")


def test_scales_tell_direction_and_cut_off():
    cut_off = CutOff(
        scale="total", value=3, when="<=", meaning="low", source="Somebody 2020", provisional=True
    )
    scales = (
        Scale(name="bond", items=("one",), higher_is="worse"),
        Scale(name="total", items=("one", "line")),
    )
    bond, total = scales_of(made(scales=scales, cut_offs=(cut_off,)))
    assert (bond.main, bond.higher_is_better, bond.cut_off) == (False, False, None)
    assert (total.main, total.higher_is_better) == (True, True)
    assert (total.cut_off, total.when, total.provisional, total.source) == (3, "<=", True, "Somebody 2020")
    alone = made(scales=(Scale(name="goal", items=("one",)), Scale(name="task", items=("line",))))
    assert [info.main for info in scales_of(alone)] == [True, True]
    assert len(Instruments([made(), alone.model_copy(update={"form": "therapist"})]).scales()) == 4
