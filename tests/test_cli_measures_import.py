"""`alliancekit measures import` and `responses` as people call them: what they say, write and refuse."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from pathlib import Path

import pytest

from alliancekit.instruments.packs import apply, load_pack
from tests.commands import call
from tests.instruments.fhir.resources import answer, choice, questionnaire, response
from tests.instruments.packs import INSTRUMENT, PACK, instrument, pack
from tests.programs import run

FEW = '[plugins]\nenabled = ["measures", "published"]\n'
"""The plugins that bring instruments: the rest takes a second of each call."""

README = Path(__file__).parents[1] / "core" / "alliancekit" / "instruments" / "README.md"


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "alliancekit.toml").write_text(FEW)
    (tmp_path / "two-questions.toml").write_text(example)
    (tmp_path / "instrument.json").write_text(json.dumps(INSTRUMENT))
    assert apply(load_pack(tmp_path / "two-questions.toml"), instrument()).items[0].text["de"]
    assert call("measures", "import", "instrument.json", folder=tmp_path).returncode == 0
    commands = re.findall(
        r"^    alliancekit (measures import .*?)(?:   #.*)?$", README.read_text(), re.MULTILINE
    )
    assert len(commands) == 2
    dry, real = (call(*command.split(), folder=tmp_path) for command in commands)
    target = tmp_path / ".alliancekit" / "measures" / "two-questions.client.pack.json"
    assert "Would write .alliancekit/measures/two-questions.client.pack.json" in dry.stdout
    assert "Wrote .alliancekit/measures/two-questions.client.pack.json" in real.stdout
    assert "Languages: de, en." in real.stdout
    assert target.is_file()


def test_a_pack_for_a_published_instrument_is_found_by_the_configuration(tmp_path: Path) -> None:
    made = {**PACK, "instrument": "sai", "options": {"0": PACK["options"]["0"], "5": PACK["options"]["2"]}}
    made["items"] = {f"item{n}": PACK["items"]["item1"] for n in range(1, 7)}
    (tmp_path / "pack.json").write_text(json.dumps(made))
    (tmp_path / "alliancekit.toml").write_text('default_measure = "sai"\nmeasures_dir = "ours"\n' + FEW)
    before = call("config", "check", "--json", folder=tmp_path)
    assert before.returncode == 3
    [problem] = json.loads(before.stdout)["problems"]
    assert problem.startswith("default_measure: The instrument 'sai' (client form) cannot be asked")
    served = run("serve", "--port", "0", folder=tmp_path)
    assert served.returncode == 3
    assert problem in served.stderr
    assert "tenant key" not in served.stderr
    done = call("measures", "import", "pack.json", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["target"] == "ours/sai.client.pack.json"
    assert call("config", "check", folder=tmp_path).returncode == 0


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 3, done.stdout
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_bad_files_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "alliancekit.toml").write_text(FEW)
    (tmp_path / "pack.json").write_text(json.dumps(pack("instrument", "unknown-measure")))
    said = refused(call("measures", "import", "pack.json", folder=tmp_path))
    assert "there is no instrument 'unknown-measure'" in said
    (tmp_path / "q.json").write_text(json.dumps(questionnaire(choice("a"), {"linkId": "b", "type": "url"})))
    assert "q.json: b: " in refused(call("measures", "import", "q.json", folder=tmp_path))
    assert "is no file" in refused(call("measures", "import", "missing.json", folder=tmp_path))
    assert not (tmp_path / ".alliancekit").exists()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "alliancekit.toml").write_text(FEW)
    total = {"linkId": "sum", "type": "decimal", "text": "Sum", "readOnly": True}
    (tmp_path / "q.json").write_text(json.dumps(questionnaire(choice("Q1"), choice("Q2"), total)))
    done = call("measures", "import", "q.json", "--name", "ours", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Note: " in done.stdout
    return tmp_path


def test_responses_are_recomputed_and_differences_flagged(site: Path) -> None:
    both = [answer("Q1", valueInteger=2), answer("Q2", valueInteger=1)]
    resources = [
        response(*both, answer("sum", valueDecimal=3), id="right"),
        response(*both, answer("sum", valueDecimal=4), id="wrong"),
        response(both[0], id="half"),
        response(*both, id="void", status="entered-in-error"),
    ]
    (site / "r.ndjson").write_text("\n".join(map(json.dumps, resources)))
    done = call("measures", "responses", "r.ndjson", "--measure", "ours", folder=site)
    assert done.returncode == 0, done.stderr
    assert list(csv.reader(done.stdout.splitlines())) == [
        ["response", "id", "total", "answered", "prorated", "stored_total", "total_differs"],
        ["1", "right", "3", "2", "false", "3", "false"],
        ["2", "wrong", "3", "2", "false", "4", "true"],
        ["3", "half", "", "1", "false", "", ""],
    ]
    assert "1 of 3 responses store a score that the key does not give: response 2" in done.stderr
    assert "1 responses are entered in error" in done.stderr
    assert "Maria" not in done.stdout + done.stderr
    as_json = call("measures", "responses", "r.ndjson", "--measure", "ours", "--json", folder=site)
    assert [one["total_differs"] for one in json.loads(as_json.stdout)] == [False, True, None]


def test_a_response_that_does_not_fit_writes_nothing(site: Path) -> None:
    resources = [response(answer("Q1", valueInteger=value)) for value in (2, 9)]
    (site / "r.json").write_text(
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in resources]})
    )
    said = refused(
        call("measures", "responses", "r.json", "--measure", "ours", "--out", "o.csv", folder=site)
    )
    assert "r.json: response 2: Q1: the answer is not one that this item takes" in said
    assert not (site / "o.csv").exists()
    assert "no instrument 'else'" in refused(
        call("measures", "responses", "r.json", "--measure", "else", folder=site)
    )
