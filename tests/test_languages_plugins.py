"""What plugins say beside their code: found by language, English where nothing else is, complete in ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.languages import OWN_TAGS, Language
from alliancekit.languages.checks import of_pages
from alliancekit.languages.plugins import PluginTexts, plugin_texts

PLUGINS = Path(__file__).parents[1] / "plugins"
SPOKEN = sorted(path.parent for path in PLUGINS.glob("*/texts.json"))
FELL = {"fell": {"en": "It fell by {points}.", "es": "Bajó {points}.", "ar": "انخفض {points}."}}


def as_page(texts: PluginTexts, tag: str) -> Language:
    return Language(tag=tag, element={}, rating={}, pages={"texts": texts.of(tag)})


def test_a_language_is_found_by_its_tag_and_else_english_is_said() -> None:
    texts = PluginTexts(FELL)
    assert [texts.words(tag).say("fell", points=3) for tag in ("es-MX", "en", "zh")] == [
        "Bajó 3.",
        "It fell by 3.",
        "It fell by 3.",
    ]
    assert texts.words("ar").say("fell", points=3) == "انخفض \u20683\u2069."
    assert texts.everywhere("fell", points=3)["es"] == "Bajó 3."


def test_a_text_that_a_language_lacks_is_english() -> None:
    texts = PluginTexts({**FELL, "rose": {"en": "It rose."}})
    assert texts.words("es").say("rose") == "It rose."
    with pytest.raises(KeyError):
        texts.words("es").say("absent")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"fell": "It fell."}, "no table"),
        ({"fell": {"es": "Bajó."}}, "no English"),
        ({"a": {"en": 1}}, "no table"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, written: object, said: str) -> None:
    (tmp_path / "texts.json").write_text(json.dumps(written))
    with pytest.raises(InstrumentError, match=said):
        plugin_texts(tmp_path)
    with pytest.raises(InstrumentError):
        plugin_texts(tmp_path / "elsewhere")


@pytest.mark.parametrize("tag", sorted(set(OWN_TAGS) - {"en"}))
@pytest.mark.parametrize("folder", SPOKEN, ids=lambda one: one.name)
def test_every_plugin_of_ours_speaks_all_of_our_languages(folder: Path, tag: str) -> None:
    texts = plugin_texts(folder)
    assert list(of_pages(as_page(texts, tag), as_page(texts, "en"))) == []


def test_the_plugins_that_write_sentences_are_among_them() -> None:
    assert {"alliancekit_strain", "alliancekit_talk_balance"} <= {folder.name for folder in SPOKEN}
