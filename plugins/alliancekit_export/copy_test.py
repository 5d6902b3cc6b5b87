"""What the plugin promises, in short: the test that a copy of it starts with."""

from __future__ import annotations

import csv
import io
import json

from alliancekit.events import Response
from alliancekit.exports import ExportedEpisode
from alliancekit.testing import Alliance, FakeSession
from alliancekit_export import COLUMNS, FORMAT, Export

JSON = "json"
CSV = "csv"
SESSION = FakeSession(number=2)


def written(name: str, episode: ExportedEpisode) -> str:
    """The file's content, from the exporter as the host has it."""
    _, exporter = Alliance(it=Export).host.exporters[name]
    return exporter.write(episode).decode("utf-8")


def table(*responses: Response) -> list[dict[str, str]]:
    text = written(CSV, SESSION.exported(*responses))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_has_everything_and_names_its_form() -> None:
    shown = SESSION.response({"bond": 75.0}, answers={"respect": 3})
    body = json.loads(written(JSON, SESSION.exported(shown, external_id="ü")))
    assert (body["format"], body["external_id"]) == (FORMAT, "ü")
    [session] = body["sessions"]
    assert session["number"] == 2
    [response] = session["responses"]
    assert response["answers"] == {"respect": 3}
    assert response["scores"][0]["percent"] == 75
    assert list(body) == sorted(body), "the keys are in no order that stays"


def test_csv_has_a_line_for_each_answer_and_each_score() -> None:
    lines = table(SESSION.response({"bond": 75.0}, answers={"respect": 3}, at=0.0))
    assert [(line["kind"], line["name"], line["value"]) for line in lines] == [
        ("answer", "respect", "3"),
        ("score", "bond", "30.0"),
    ]
    assert {line["answered_at"] for line in lines} == {"1970-01-01T00:00:00+00:00"}


def test_csv_says_that_something_is_withheld() -> None:
    [line] = table(SESSION.response({}, visibility="aggregate_only"))
    assert (line["kind"], line["name"], line["value"]) == ("withheld", "", "")


def test_a_spreadsheet_runs_nothing() -> None:
    text = written(CSV, SESSION.exported(SESSION.response(), external_id="=1+1"))
    assert "\r\n'=1+1," in text


def test_csv_of_nothing_is_its_heading() -> None:
    assert written(CSV, SESSION.exported()) == ",".join(COLUMNS) + "\r\n"
