"""`alliancekit congruence`: a file of sessions in, JSON out; bad files are refused whole."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.commands import call

COURSE = """session,client,therapist
1,80,70
2,82,71
3,70,66
4,90,80
5,85,84
6,88,
"""


def congruence(path: Path, text: str, *options: str) -> dict[str, Any]:
    file = path / "sessions.csv"
    file.write_text(text)
    done = call("congruence", str(file), *options, folder=path)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_published_response_surface(tmp_path: Path) -> None:
    done = call("congruence", "--surface", "-.23", ".77", "-.07", ".27", "-.10", folder=tmp_path)
    assert json.loads(done.stdout) == {"a1": 0.54, "a2": 0.1, "a3": -1.0, "a4": -0.44, "a5": 0.03}


def test_one_course(tmp_path: Path) -> None:
    got = congruence(tmp_path, COURSE)
    [course] = got["courses"]
    assert "together" not in got
    assert course["course"] is None
    assert [each["divergence"] for each in course["sessions"]] == [-10, -11, -4, -10, -1, None]
    assert course["rated_by_both"] == 5
    assert course["truth_and_bias"] == {"bias": -7.2, "truth": pytest.approx(0.833, abs=5e-4), "sessions": 5}
    limits = course["limits_of_agreement"]
    assert limits["bias"] == -7.2
    assert limits["lower"] == pytest.approx(-7.2 - 1.96 * limits["sd"])
    agreed = course["concordance"]
    assert agreed["value"] == pytest.approx(agreed["r"] * agreed["accuracy"])
    assert agreed["interval"]["low"] < agreed["value"] < agreed["interval"]["high"]
    assert course["not_computed"] == {}


def test_another_range_is_turned_to_percent(tmp_path: Path) -> None:
    text = "session,client,therapist\n1,1,5\n2,3,3\n3,5,2\n"
    [course] = congruence(tmp_path, text, "--range", "1", "5")["courses"]
    assert [each["client"] for each in course["sessions"]] == [0, 50, 100]
    assert [each["divergence"] for each in course["sessions"]] == [100, 0, -75]


def test_too_few_sessions_say_so(tmp_path: Path) -> None:
    [course] = congruence(tmp_path, "session,client,therapist,outcome\n1,80,70,2\n2,,71,3\n")["courses"]
    for name in ("truth_and_bias", "limits_of_agreement", "concordance", "surface"):
        assert course[name] is None
        assert "there are 1." in course["not_computed"][name]
    [flat] = congruence(tmp_path, "session,client,therapist\n" + "".join(f"{n},50,{n}\n" for n in range(9)))[
        "courses"
    ]
    assert "never varied" in flat["not_computed"]["truth_and_bias"]
    assert "never did" in flat["not_computed"]["concordance"]
    assert flat["limits_of_agreement"]["sessions"] == 9


def test_many_courses_and_a_surface(tmp_path: Path) -> None:
    shaken = random.Random(2)
    lines = ["client_id,session,client,therapist,outcome"]
    for course in "ABCDEF":
        for session in range(1, 9):
            c, t = round(shaken.uniform(30, 100), 1), round(shaken.uniform(30, 100), 1)
            lines.append(f"{course},{session},{c},{t},{2 + 0.1 * c - 0.05 * t + 0.002 * (c - 60) * (t - 60)}")
    got = congruence(tmp_path, "\n".join(lines), "--centre", "60")
    assert [course["course"] for course in got["courses"]] == list("ABCDEF")
    assert all(course["surface"] is None for course in got["courses"])
    together = got["together"]
    assert together["courses"] == 6
    assert together["rated_by_both"] == together["limits_of_agreement"]["sessions"] == 48
    surface = together["surface"]
    assert surface["coefficients"]["b4"] == pytest.approx(0.002)
    assert surface["features"]["a1"] == pytest.approx(0.05)
    assert (surface["centre"], surface["rows"], surface["r_squared"]) == (60, 48, 1)
    assert together["not_computed"] == {}


def test_files_of_spreadsheets(tmp_path: Path) -> None:
    text = "\ufeff" + COURSE.replace(",", ";").replace("70\n", "70,5\n")
    [course] = congruence(tmp_path, text, "--spreadsheet")["courses"]
    assert course["sessions"][0]["therapist"] == 70.5
    packed = tmp_path / "sessions.csv.gz"
    packed.write_bytes(gzip.compress(COURSE.encode()))
    done = call("congruence", str(packed), folder=tmp_path)
    assert json.loads(done.stdout)["courses"][0]["rated_by_both"] == 5


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        ("session,client,therapist\n", "no row"),
        ("session,client\n1,50\n", "no column 'therapist'"),
        ("session,client,client\n1,50,50\n", "same name"),
        ("session,client,therapist\n1,fine,50\n", "row 2 column 'client'"),
        ("session,client,therapist\n1,50,50\n2,50,101\n", "row 3 column 'therapist'"),
        ("session,client,therapist\n1,50,nan\n", "row 2 column 'therapist'"),
        ("session,client,therapist,outcome\n1,50,50,inf\n", "row 2 column 'outcome'"),
        ("session,client,therapist\n1,50,50\n1,60,60\n", "row 3 has a session that an earlier row"),
        ("session,client,therapist\n,50,50\n", "row 2 has no session"),
        ("course,session,client,therapist\n,1,50,50\n", "row 2 has no course"),
        ("course,client_id,session,client,therapist\n1,1,1,50,50\n", "both columns"),
        ("session;client;therapist\n1;50;50\n", "--spreadsheet"),
        ("\ufeffsession,client,therapist\n1,50,50\n", "--spreadsheet"),
        ("session,client,therapist\n1,50\n", "row 2"),
    ],
)
def test_bad_files_are_refused(text: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text(text)
    done = call("congruence", str(file), folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert what in line
    assert "fine" not in line


def test_a_file_that_is_no_table_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    for name in ("picture.csv", "gone.csv"):
        done = call("congruence", name, folder=tmp_path)
        assert done.returncode == 3
        assert name in done.stderr


@pytest.mark.parametrize(
    "options", [[], ["f.csv", "--surface", "1", "1", "1", "1", "1"], ["f.csv", "--range", "5", "1"]]
)
def test_wrong_usage_is_two(options: list[str], tmp_path: Path) -> None:
    assert call("congruence", *options, folder=tmp_path).returncode == 2
