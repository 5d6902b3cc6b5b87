"""`alliancekit signals`: the rules over files of courses, by the hook that the service uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alliancekit.cli import app
from alliancekit.errors import AllianceKitError
from tests.commands import call
from tests.instruments.fhir.resources import choice, questionnaire
from tests.programs import run

SETTINGS = '[plugins]\nenabled = ["strain", "measures", "published"]\n'
FALLING = "session,score\n1,31\n2,32\n3,30\n4,31\n5,20\n6,\n7,31\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "alliancekit.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALLIANCEKIT_CONFIG", raising=False)
    return tmp_path


def signals(text: str, *options: str, measure: str = "check-in") -> list[dict[str, Any]]:
    Path("file.csv").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["signals", "--measure", measure, *options, "file.csv"])
    if done.exception is not None:
        assert done.stdout == ""
        raise done.exception
    return [json.loads(line) for line in done.stdout.splitlines()]


def rules(line: dict[str, Any]) -> list[str]:
    return [one["rule"] for one in line["signals"]]


def test_the_published_colours_of_the_srs():
    lines = signals("session,score\n1,38\n2,37.5\n3,34\n4,36.5\n5,36.0\n6,35.0\n7,\n", measure="srs")
    colours = ["green", "green", "red", "green", "green", "red", "grey"]
    assert [line["colour"] for line in lines] == colours
    assert [line["score"] for line in lines] == [38, 37.5, 34, 36.5, 36, 35, None]
    both = ["cut-off", "fixed fall"]
    assert [rules(line) for line in lines] == [[], [], both, [], [], both, []]


def test_a_fall_its_repair_and_who_was_silent():
    lines = signals(FALLING)
    assert [line["session"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert rules(lines[4]) == ["cut-off", "fall of 1 SD", "fall of 2 SD", "control chart"]
    fall = lines[4]["signals"][2]
    assert (fall["kind"], fall["level"], fall["magnitude"], fall["length"], fall["pattern"]) == (
        "possible_strain",
        "strong",
        5.5,
        1,
        "v",
    )
    assert fall["sessions_needed"] == 5
    assert fall["inputs"]["before"] == 77.5
    assert "Gumz" in fall["source"]
    assert fall["sentence"].endswith(".")
    assert rules(lines[6]) == ["back at the level before", "back at the own average"]
    assert {"rule": "control chart", "kind": "possible_strain", "needed": 5, "have": 4} in lines[3]["silent"]
    assert lines[6]["silent"] == []
    assert signals(FALLING) == lines, "the same file, the same lines"


def test_many_clients_are_courses_of_their_own_in_the_order_of_the_file():
    alone = signals(FALLING)
    rows = FALLING.splitlines()[1:]
    both = "client,session,score\n" + "".join(f"A,{row}\nB,{row.split(',')[0]},30\n" for row in rows)
    lines = signals(both)
    assert [line["client"] for line in lines] == ["A", "B"] * 7
    assert [line | {"client": None} for line in lines[::2]] == [line | {"client": None} for line in alone]
    assert all(not line["signals"] for line in lines[1::2])


def test_therapist_attendance_and_items():
    lines = signals("session,score,attended,therapist\n1,35,yes,20\n2,,no,\n3,35,,34\n")
    assert [rules(line) for line in lines] == [["divergence"], ["missed sessions"], ["missed sessions"]]
    items = [f"item{n}" for n in range(1, 11)]
    head = f"session,score,{','.join(items)},remark\n"
    alike = signals(f"{head}1,30,{','.join('3' * 10)},x\n2,30,{','.join('0333333333')},\n")
    assert [rules(line) for line in alike] == [["straight-lining"], ["low item"]]
    assert alike[1]["signals"][0]["item"]


def test_the_groups_sd_is_in_the_scales_units_and_a_part_can_be_read():
    assert "fall of 1 SD" in rules(signals(FALLING)[4])
    assert "fall of 1 SD" not in rules(signals(FALLING, "--group-sd", "12")[4])
    part = "session,score\n1,14\n2,14\n3,14\n4,14\n5,6\n"
    [*_, last] = signals(part, "--scale", "bond")
    assert "fall of 1 SD" in rules(last)
    assert last["colour"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("session,score\n", "no rows"),
        ("session\n1\n", "no column 'score'"),
        ("session,score,Score\n1,30,30\n", "both mean 'score'"),
        ("session,score\n1,41\n", "a number from 0 to 40: row 2 column 'score'"),
        ("session,score\n1,thirty\n", "a number from 0 to 40: row 2"),
        ("session,score\n1.5,30\n", "row 2: expected a whole number"),
        ("session,score\n,30\n", "row 2 column 'session'"),
        ("session,score\n1,30\n1,31\n", "Row 3: session 1 is there twice (row 2)."),
        ("session,score\n2,30\n1,31\n", "Row 3: session 1 comes after a later one (row 2)."),
        ("session,score,client\n1,30,A\n2,30,\n", "row 3: expected a client"),
        ("session,score,attended\n1,30,perhaps\n", "row 2: expected yes or no"),
        ("session,score,attended\n1,30,no\n", "was missed and has a score"),
        ("session;score\n1;30\n", "--spreadsheet"),
        ("\ufeffsession,score\n1,30\n", "--spreadsheet"),
        ('session,score\n1,"30,5"\n', "--spreadsheet"),
        ("session,score,item1,item2\n1,30,3,3\n", "Only 2 of the 10 items"),
    ],
    ids=lambda value: value[:24].replace("\n", "|"),
)
def test_bad_input_is_refused_with_the_row_and_nothing_is_printed(text: str, message: str):
    with pytest.raises(AllianceKitError) as refused:
        signals(text)
    assert message in str(refused.value)


def test_what_a_spreadsheet_writes_is_accepted_when_asked_for():
    lines = signals("\ufeffsession;score\n1;30,5\n2;31\n", "--spreadsheet")
    assert [line["score"] for line in lines] == [30.5, 31]


def test_a_measure_without_a_total_asks_which_scale():
    with pytest.raises(AllianceKitError, match="Choose by --scale: positive_affect, negative_affect"):
        signals("session,score\n1,4\n", measure="sparq")
    rises = "session,score\n1,4\n2,4\n3,4\n4,4\n5,12\n"
    lines = signals(rises, "--scale", "negative_affect", measure="sparq")
    assert "fall of 2 SD" in rules(lines[4]), "a rise of negative affect is a fall of what is better"


def test_a_scale_with_two_poles_is_read_by_no_rule():
    with pytest.raises(AllianceKitError, match="Neither end of the scale 'directiveness'"):
        signals("session,score\n1,4\n", "--scale", "directiveness", measure="c-nip")


def test_the_therapists_own_ratings():
    lines = signals(FALLING, "--form", "therapist")
    assert "fall of 2 SD" in rules(lines[4])
    only = signals("session,score\n1,14\n2,14\n", "--scale", "positive_affect", measure="sparq-c")
    assert [line["score"] for line in only] == [14, 14]
    with pytest.raises(AllianceKitError, match="column 'therapist', and the scores are the therapist's"):
        signals("session,score,therapist\n1,30,30\n", "--form", "therapist")
    with pytest.raises(AllianceKitError, match="no therapist form"):
        signals("session,score\n1,30\n", "--form", "therapist", measure="srs")


def test_an_instrument_of_the_site_is_read_like_any_other(here: Path):
    Path("q.json").write_text(json.dumps(questionnaire(choice("Q1"), choice("Q2"))))
    for options, changed in (((), 0), (("--higher", "worse", "--replace"), 1)):
        done = call("measures", "import", "q.json", "--name", "ours", *options, folder=here)
        assert done.returncode == 0, done.stderr
        if not changed:
            with pytest.raises(AllianceKitError, match="--higher better or worse"):
                signals("session,score\n1,0\n2,4\n", measure="ours")
    lines = signals("session,score\n1,0\n2,4\n", measure="ours")
    assert rules(lines[1]) == ["fixed fall"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scale", "nothing"], "Choose by --scale: bond, goal, task, total."),
        (["--group-sd", "0"], "above 0"),
        (["--group-sd", "41"], "at most 40"),
    ],
    ids=str,
)
def test_senseless_options_are_refused(options: list[str], message: str):
    with pytest.raises(AllianceKitError, match=message):
        signals(FALLING, *options)


def test_exit_codes(here: Path):
    (here / "good.csv").write_text(FALLING)
    (here / "bad.csv").write_text("session,score\n1,99\n")
    good = run("signals", "--measure", "check-in", "good.csv", folder=here)
    assert (good.returncode, len(good.stdout.splitlines())) == (0, 7)
    for arguments in (["check-in", "bad.csv"], ["no-such", "good.csv"], ["check-in", "missing.csv"]):
        refused = call("signals", "--measure", *arguments, folder=here)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert refused.stderr.startswith("alliancekit: ")
        assert "Traceback" not in refused.stderr
    assert call("signals", "good.csv", folder=here).returncode == 2
