"""`alliancekit measures list|show|validate|schema`: what people read and what programs get."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alliancekit.cli import app
from alliancekit.errors import AllianceKitError
from tests.programs import run

MADE_UP: dict[str, Any] = {
    "name": "made-up",
    "title": {"en": "Made up"},
    "options": [{"value": 0, "label": {"en": "No"}}, {"value": 1, "label": {"en": "Yes"}}],
    "items": [{"id": "one", "text": {"en": "One?"}}, {"id": "two", "text": {"en": "Two?"}}],
    "scales": [{"name": "total", "items": ["one", "two"], "max_missing": 1}],
    "norms": [
        {"scale": "total", "mean": 1.5, "sd": 0.5, "n": 20, "population": "nobody", "source": "nowhere"}
    ],
    "source": "test",
    "licence": "CC0-1.0",
}


def pack(**more: Any) -> dict[str, Any]:
    """Wording of our own for the six items of the SAI's key."""
    return {
        "instrument": "sai",
        "instrument_version": "1",
        "languages": ["es"],
        "licence": "CC0-1.0",
        "vouched": {"by": "test", "date": "2026-11-22"},
        "title": {"es": "Prueba"},
        "options": {"0": {"es": "Nada"}, "5": {"es": "Todo"}},
        "items": {f"item{n}": {"text": {"es": f"Frase {n}"}} for n in range(1, 7)},
        **more,
    }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder without plugins that need time to load."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "alliancekit.toml").write_text('[plugins]\nenabled = ["measures", "published"]\n')
    return tmp_path


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["measures", *arguments])


def told(*arguments: str) -> Any:
    done = command(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def site(here: Path, name: str, data: object) -> Path:
    """A file in the site's folder."""
    folder = here / ".alliancekit" / "measures"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def line_of(name: str, form: str = "client") -> dict[str, Any]:
    [line] = [one for one in told("list") if (one["name"], one["form"]) == (name, form)]
    return dict(line)


def test_the_list_says_what_can_be_asked_and_what_is_validated(here: Path):
    assert line_of("check-in") == {
        "name": "check-in", "form": "client", "version": "1", "title": "How we worked together today",
        "items": 10, "scales": ["bond", "goal", "task", "total"], "text": "included",
        "languages": ["ar", "en", "es", "it", "zh"], "cannot_be_asked": "", "validated": False,
        "unverified": False,
    }  # fmt: skip
    wai = line_of("wai", "therapist")
    assert (wai["text"], wai["languages"], wai["validated"], wai["unverified"]) == (
        "pack missing", [], True, True
    )  # fmt: skip
    assert "measures import" in wai["cannot_be_asked"]
    assert not line_of("sai")["unverified"]
    assert len(told("list")) == 20


def test_the_list_knows_the_sites_packs_and_instruments(here: Path):
    site(here, "sai.client.json", pack())
    site(here, "made-up.client.json", MADE_UP)
    assert (line_of("sai")["text"], line_of("sai")["languages"]) == ("pack imported", ["es"])
    assert line_of("made-up")["text"] == "included"
    site(here, "broken.client.json", MADE_UP | {"name": "broken", "items": []})
    done = command("list")
    assert done.exit_code == 0
    assert "broken.client.json: items:" in done.stderr
    assert "pack imported" in done.stdout


@pytest.mark.parametrize("arguments", [("list",), ("show", "wai"), ("show", "c-nip"), ("show", "check-in")])
def test_pages_fit_into_eighty_columns(here: Path, arguments: tuple[str, ...]):
    lines = command(*arguments).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)


def flowing(text: str) -> str:
    """The words of a page, wherever its lines break."""
    return " ".join(text.replace("•", " ").split())


def test_the_list_for_people(here: Path):
    text = command("list").stdout
    assert "wai†" in text
    assert "wai-s†" in text
    assert "sai " in text
    assert "not confirmed in a source" in text
    assert "not validated" in text


def test_everything_about_one_is_shown(here: Path):
    text = flowing(command("show", "wai", "--form", "client").stdout)
    for part in (
        "wai, client form, version 1",
        "Pack missing.",
        "36 items: a choice of 1, 2, 3, 4, 5, 6, 7",
        "reversed: item1, item3, item7, item9–12, item15, item20, item27, item29, item31, item33, item34",
        "total: task + bond + goal; 36 to 252, higher is better",
        "No official rule was found.",
        "The reversal of items 31, 33 and 34 was not confirmed",
        "Horvath, A. O., & Greenberg, L. S. (1989)",
        "Society for Psychotherapy Research",
    ):
        assert part in text
    srs = flowing(command("show", "srs").stdout)
    assert "a line from 0 to 10, in steps of 0.1; stored as 0 to 100" in srs
    assert "total < 36: " in srs
    assert "OpenFIT" in srs
    assert "total: α = 0.88, n not stated" in srs
    assert "(provisional): " in flowing(command("show", "risq").stdout)
    assert "lower is better" in flowing(command("show", "risq").stdout)
    nip = flowing(command("show", "c-nip").stdout)
    assert "−15 to 15, two poles (more left to the client – more directive from the therapist)" in nip
    assert "directiveness <= −3: " in nip
    assert "1 may be missing, pro-rated" in flowing(command("show", "wai-sr").stdout)


def test_a_sites_instrument_is_shown_with_its_norm(here: Path):
    site(here, "made-up.client.json", MADE_UP | {"licence": "[red]CC0[/red] \x1b[31m"})
    done = command("show", "made-up")
    text = flowing(done.stdout)
    assert "total: mean 1.5, SD 0.5, n = 20, nobody From: nowhere" in text
    assert "[red]CC0[/red]" in text, "a file's brackets are no markup"
    assert "\x1b" not in done.stdout


def test_all_forms_or_one(here: Path):
    assert command("show", "wai-sr").stdout.count("version 1") == 2
    assert command("show", "wai-sr", "--form", "therapist").stdout.count("version 1") == 1
    found = told("show", "wai-sr", "--form", "therapist")
    assert [form["form"] for form in found["forms"]] == ["therapist"]


def test_a_program_gets_the_whole_file_and_the_ranges(here: Path):
    [srs] = told("show", "srs")["forms"]
    [total] = srs["scales"]
    assert (total["minimum"], total["maximum"]) == (0, 40)
    assert srs["text"] == "pack missing"
    assert srs["cut_offs"][0]["when"] == "<"
    assert srs["items"][0]["decimals"] == 1
    file = json.loads((files("alliancekit_published") / "srs.client.json").read_text(encoding="utf-8"))
    assert srs["unverified"] == file["unverified"]


def test_what_is_not_there_is_refused(here: Path):
    with pytest.raises(AllianceKitError, match=r"no instrument 'wia-sr'.*Did you mean 'wai-sr'"):
        CliRunner().invoke(app, ["measures", "show", "wia-sr"], catch_exceptions=False)
    with pytest.raises(AllianceKitError, match=r"no therapist form.*It has: client"):
        CliRunner().invoke(app, ["measures", "show", "srs", "--form", "therapist"], catch_exceptions=False)
    assert command("show", "srs", "--form", "observer").exit_code == 2


def test_a_refusal_is_one_line_and_exit_code_three(tmp_path: Path):
    done = run("measures", "show", "nothing-like-it", folder=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("alliancekit: There is no instrument")


def test_the_default_plugins_bring_the_published_measures(tmp_path: Path):
    done = run("measures", "list", "--json", folder=tmp_path)
    assert done.returncode == 0
    names = {one["name"] for one in json.loads(done.stdout)}
    assert {"check-in", "pulse", "fit-directive", "wai-sr", "c-nip"} <= names
    assert list(tmp_path.iterdir()) == []


def test_good_files_are_fine(here: Path):
    (here / "made-up.json").write_text(json.dumps(MADE_UP))
    (here / "sai.toml").write_text(
        'instrument = "sai"\ninstrument_version = "1"\nlanguages = ["es"]\nlicence = "CC0-1.0"\n'
        'vouched = {by = "test", date = "2026-11-22"}\ntitle.es = "Prueba"\n'
        'options = {0 = {es = "Nada"}, 5 = {es = "Todo"}}\n'
        + "".join(f'items.item{n}.text.es = "Frase {n}"\n' for n in range(1, 7))
    )
    before = {path: path.read_bytes() for path in here.iterdir()}
    done = command("validate", "made-up.json", "sai.toml")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "made-up.json: instrument made-up, client form: fine",
        "sai.toml: text pack sai, client form: fine",
    ]
    assert {path: path.read_bytes() for path in here.iterdir()} == before


def test_every_mistake_of_every_file_is_listed(here: Path):
    broken = copy.deepcopy(MADE_UP) | {"wording": "x"}
    del broken["licence"]
    (here / "broken.json").write_text(json.dumps(broken))
    (here / "weights.json").write_text(
        json.dumps(MADE_UP | {"scales": [{"name": "total", "items": ["one"], "method": "formula",
                                          "weights": {"one": 1e-300}}]})
    )  # fmt: skip
    (here / "pack.json").write_text(json.dumps(pack(items={"item1": {"text": {"es": "Frase"}}})))
    (here / "good.json").write_text(json.dumps(MADE_UP))
    (here / "questionnaire.json").write_text('{"resourceType": "Questionnaire"}')
    names = ["broken.json", "weights.json", "pack.json", "good.json", "questionnaire.json", "none.json"]
    done = command("validate", *names)
    assert done.exit_code == 3
    assert done.stdout.splitlines() == ["good.json: instrument made-up, client form: fine"]
    lines = done.stderr.splitlines()
    assert "broken.json: licence: this field is required." in lines
    assert "broken.json: wording: there is no such field; check its spelling." in lines
    assert any(line.startswith("weights.json: The scale 'total'") for line in lines)
    assert any(line.startswith("pack.json: ") and "item2" in line for line in lines)
    assert any("measures import" in line for line in lines)
    assert any(line.startswith("none.json cannot be read") for line in lines)
    found = json.loads(command("validate", *names, "--json").stdout)
    assert found["ok"] is False
    by_name = {one["file"]: one for one in found["files"]}
    assert [by_name[name]["ok"] for name in names] == [False, False, False, True, False, False]
    assert len(by_name["broken.json"]["mistakes"]) == 2
    assert by_name["good.json"] == {
        "file": "good.json", "ok": True, "kind": "instrument", "name": "made-up", "form": "client",
        "mistakes": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "file"),
    [(["schema"], "instrument.schema.json"), (["schema", "--pack"], "text-pack.schema.json")],
)
def test_the_schema_is_printed_as_it_is_published(arguments: list[str], file: str):
    published = (files("alliancekit.instruments") / file).read_text(encoding="utf-8")
    assert command(*arguments).stdout == published


@pytest.mark.parametrize("arguments", [[], ["show"], ["validate"], ["list", "--jsn"]], ids=" ".join)
def test_wrong_usage_is_two(arguments: list[str]):
    assert command(*arguments).exit_code == 2
