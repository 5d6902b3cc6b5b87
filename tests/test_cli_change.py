"""`alliancekit change`: the published numbers by the command line, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import call

MEASURE = {
    "name": "ours",
    "title": {"en": "Ours"},
    "text": "pack",
    "options": [{"value": value} for value in range(1, 6)],
    "items": [{"id": f"i{number}"} for number in range(1, 5)],
    "scales": [
        {"name": "strain", "items": ["i1", "i2"], "higher_is": "worse"},
        {"name": "bond", "items": ["i3", "i4"]},
        {"name": "style", "items": ["i1", "i3"], "higher_is": "neither"},
    ],
    "norms": [
        {"scale": "strain", "mean": 5, "sd": 1.5, "n": 80, "population": "students", "source": "A 2001"}
    ],
    "reliabilities": [
        {"scale": "strain", "coefficient": "retest", "value": 0.84, "n": 60, "source": "B 2002"},
        {"scale": "bond", "coefficient": "alpha", "value": 0.8, "source": "C 2003", "at_least": True},
    ],
    "source": "a test",
    "licence": "CC0-1.0",
}


def change(folder: Path, *options: str) -> dict[str, Any]:
    done = call("change", *options, folder=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory whose site has an instrument with a published precision."""
    folder = tmp_path / ".alliancekit" / "measures"
    folder.mkdir(parents=True)
    (folder / "ours.json").write_text(json.dumps(MEASURE))
    return tmp_path


@pytest.mark.parametrize(
    ("sd", "reliability", "sem", "sdiff", "threshold"),
    [
        ("10.5", ".961", 2.073584, 2.93249, 5.747681),
        ("6.396073", ".931", 1.680111, 2.376036, 4.65703),
        ("10.5", ".931", 2.758124, 3.900577, 7.645131),
        ("7.5", ".80", 3.354102, 4.743416, 9.297096),
    ],
)
def test_published_precision(
    sd: str, reliability: str, sem: float, sdiff: float, threshold: float, tmp_path: Path
) -> None:
    got = change(tmp_path, "--sd", sd, "--reliability", reliability)
    assert list(got) == ["sd", "reliability", "sem", "sdiff", "threshold"]
    assert round(got["sem"], 6) == sem
    assert round(got["sdiff"], 6) == sdiff
    assert round(got["threshold"], 6) == threshold


def test_published_change_and_cut_offs(tmp_path: Path) -> None:
    options = "--sd 7.5 --reliability .80 --before 32.5 --after 47.5 --clinical-mean 40 --clinical-sd 7.5"
    got = change(tmp_path, *options.split(), "--functional-mean", "60", "--functional-sd", "7.5")
    assert round(got["rci"], 4) == 3.1623
    assert (got["reliable"], got["direction"]) == (True, "higher")
    assert (got["a"], got["b"], got["c"]) == (55, 45, 50)


def test_negative_scores_are_values_and_not_options(tmp_path: Path) -> None:
    got = change(tmp_path, "--sd", "4", "--reliability", ".8", "--before", "3", "--after", "-2.5", "--json")
    assert got["rci"] == pytest.approx(-5.5 / (4 * 0.4**0.5))
    assert (got["reliable"], got["direction"]) == (True, "lower")


def test_published_numbers_of_a_measure(site: Path) -> None:
    got = change(site, "--measure", "ours", "--scale", "strain", "--before", "9", "--after", "4")
    assert (got["sd"], got["reliability"]) == (1.5, 0.84)
    assert got["sem"] == pytest.approx(0.6)
    assert (got["reliable"], got["direction"]) == (True, "better")
    assert got["sources"] == {
        "sd": "A 2001 (students, N = 80)",
        "reliability": "retest: B 2002 (N = 60)",
    }
    same = change(
        site, "--measure", "ours", "--scale", "strain", "--sd", "3", "--before", "4", "--after", "4"
    )
    assert (same["sd"], same["sources"]["sd"], same["direction"]) == (3, "given", "same")
    own = ("--sd", "2", "--reliability", ".9", "--before", "4", "--after", "6")
    assert change(site, "--measure", "ours", "--scale", "bond", *own)["direction"] == "better"
    assert change(site, "--measure", "ours", "--scale", "style", *own)["direction"] == "higher"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("--sd 0 --reliability .8", "standard deviation must be above 0"),
        ("--sd nan --reliability .8", "standard deviation must be above 0"),
        ("--sd 7.5 --reliability 1", "at least 0 and below 1"),
        ("--sd 7.5 --reliability .8 --before 1 --after inf", "finite"),
        (
            "--sd 7 --reliability .8 --clinical-mean 5 --clinical-sd 1 --functional-mean 5 --functional-sd 1",
            "means are equal",
        ),
        ("--measure ours", "has no total. Choose by --scale: strain, bond, style"),
        ("--measure ours --scale trust", "no scale 'trust'"),
        ("--measure ours --scale bond --sd 2", "reliability (only that it is at least 0.8) is known here"),
        ("--measure ours --scale style", "Give --sd and --reliability"),
        ("--measure ours --scale strain --before 4 --after 40", "goes from 2 to 10"),
        ("--measure ours --form therapist", "no therapist form"),
        ("--measure no-such", "no instrument 'no-such'"),
    ],
)
def test_refusals_are_one_line(options: str, what: str, site: Path) -> None:
    done = call("change", *options.split(), folder=site)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert what in line


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--sd 3",
        "--sd 3 --reliability high",
        "--sd 3 --reliability .8 --before 2",
        "--sd 3 --reliability .8 --clinical-mean 2 --functional-sd 1",
        "--sd 3 --reliability .8 --scale total",
    ],
)
def test_wrong_usage_is_two(options: str, tmp_path: Path) -> None:
    done = call("change", *options.split(), folder=tmp_path)
    assert done.returncode == 2
    assert "Usage: alliancekit change" in done.stderr
