"""`alliancekit measures reliability`: from a file and from the store, for people and for programs."""

from __future__ import annotations

import asyncio
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alliancekit.store import migrate
from alliancekit.store.database import open_database
from alliancekit.store.feedback import save_submission
from alliancekit.store.sessions import create_session
from alliancekit.store.tenants import create_tenant
from tests.commands import call
from tests.programs import run
from tests.store.case import NOW, make_case, new_session, submission

ITEMS = 10
COMMAND = ("measures", "reliability", "--measure", "check-in", "--form", "client")


def answers(rows: int = 120, seed: int = 4) -> list[list[int]]:
    """Answers 0–4 to the ten items of the check-in that one factor with loadings of .7 explains."""
    shaken = np.random.default_rng(seed)
    own = shaken.normal(size=(rows, ITEMS)) * np.sqrt(1 - 0.49)
    steps = np.digitize(0.7 * shaken.normal(size=(rows, 1)) + own, [-1.5, -0.5, 0.5, 1.5])
    return [[int(value) for value in row] for row in steps]


def write(path: Path, rows: list[list[int]] | list[list[str]], header: list[str] | None = None) -> str:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header or [f"item{n}" for n in range(1, ITEMS + 1)])
        writer.writerows(rows)
    return str(path)


def test_numbers_for_programs(tmp_path: Path) -> None:
    file = write(tmp_path / "answers.csv", answers())
    done = run(*COMMAND, file, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert (got["measure"], got["form"], got["from"], got["rows"]) == (
        "check-in",
        "client",
        "answers.csv",
        120,
    )
    scales = {each["scale"]: each for each in got["scales"]}
    total = scales["total"]
    assert (total["n"], total["left_out"]) == (120, 0)
    # Ten items that correlate .49, less the tenth that the five steps cost.
    assert total["alpha"] == pytest.approx(0.9, abs=0.03)
    assert total["omega"] == pytest.approx(total["alpha"], abs=0.01)
    assert total["alpha_interval"]["low"] < total["alpha"] < total["alpha_interval"]["high"]
    assert len(total["item_total"]) == len(total["loadings"]) == ITEMS
    assert scales["goal"]["omega"] is None
    assert "three items" in scales["goal"]["not_computed"]["omega"]
    assert len(got["items"]) == ITEMS
    assert {tuple(each["scales"]) for each in got["correlations"]} >= {("bond", "goal")}
    assert "McDonald" in got["sources"]["omega"]


def test_tables_for_people(tmp_path: Path) -> None:
    rows = [[str(value) for value in row] for row in answers()]
    rows[0][0] = ""
    done = call(*COMMAND, write(tmp_path / "answers.csv", rows), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "check-in, client form: 120 rows (answers.csv)" in done.stdout
    assert "119 of 120" in done.stdout
    assert "goal, no omega: One factor needs at least three items" in done.stdout
    few = call(*COMMAND, write(tmp_path / "few.csv", answers(29)), folder=tmp_path)
    assert few.returncode == 0
    assert "needs at least 30 rows" in few.stdout
    assert "at most 29" in few.stdout
    assert "α" not in few.stdout


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        (",".join(f"item{n}" for n in range(1, 11)) + "\n", "no row"),
        ("a,b\n1,2\n", "No column holds an item"),
        ("item1,item2\n1,2\n", "Only 2 of the 10 items"),
        (",".join(f"item{n}" for n in range(1, 11)) + "\n1,2,3,4,well,0,1,2,3,4\n", "row 2 column 'item5'"),
        (",".join(f"item{n}" for n in range(1, 11)) + "\n1,2,3,4,5,0,1,2,3,4\n", "row 2 column 'item5'"),
        (";".join(f"item{n}" for n in range(1, 11)) + "\n1;2;3;4;3;0;1;2;3;4\n", "--spreadsheet"),
    ],
)
def test_bad_files_are_refused(text: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(text)
    done = call(*COMMAND, "answers.csv", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert what in line
    assert "well" not in line


def test_other_refusals_and_wrong_usage(tmp_path: Path) -> None:
    for arguments in (["gone.csv"], ["--store"]):
        done = call(*COMMAND, *arguments, folder=tmp_path)
        assert done.returncode == 3, done.stderr
        assert "there is no such file" in done.stderr or "There is no database" in done.stderr
    assert list(tmp_path.iterdir()) == []
    for arguments in ([], ["a.csv", "--store"], ["a.csv", "--first"], ["a.csv", "--tenant", "ten_1"]):
        assert call(*COMMAND, *arguments, folder=tmp_path).returncode == 2
    assert call("measures", "reliability", "a.csv", folder=tmp_path).returncode == 2


def fill(folder: Path, courses: int, *, each: int = 2) -> str:
    """A database of one tenant with some courses of some responses; returns the tenant's id."""
    path = folder / ".alliancekit" / "alliancekit.db"
    path.parent.mkdir(exist_ok=True)
    url = f"sqlite:///{path}"
    migrate.upgrade(url)
    given = answers(courses * each)
    names = [item["id"] for item in json.loads(CHECK_IN.read_text())["items"]]

    async def work() -> str:
        database = open_database(url)
        try:
            case = await database.write(lambda conn: make_case(conn, prompts=courses * each))
            for number, values in enumerate(given):
                course, turn = divmod(number, each)
                made = await database.write(
                    lambda conn, course=course: create_session(
                        conn, new_session(case.tenant, f"m-{course}", f"course-{course}"), NOW
                    )
                )
                sent = submission(case, number, at=NOW + 100 * number)
                one = replace(sent.responses[0], answers=dict(zip(names, values, strict=True)))
                sent = replace(
                    sent,
                    responses=(one,),
                    episode=made.session.episode,
                    visibility="aggregate_only" if turn else "therapist_now",
                )
                await database.write(lambda conn, sent=sent: save_submission(conn, sent))
            return case.tenant
        finally:
            await database.close()

    return asyncio.run(work())


CHECK_IN = Path(__file__).parents[1] / "plugins" / "alliancekit_measures" / "check-in.client.json"


def test_the_store_gives_the_same_as_a_file_of_its_answers(tmp_path: Path) -> None:
    tenant = fill(tmp_path, 30)
    file = write(tmp_path / "answers.csv", answers(60))
    from_file = json.loads(call(*COMMAND, file, "--json", folder=tmp_path).stdout)
    done = call(*COMMAND, "--store", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert (got["from"], got["courses"], got["rows"]) == ("store", 30, 60)
    assert got["scales"] == from_file["scales"]
    first = json.loads(
        call(*COMMAND, "--store", "--first", "--tenant", tenant, "--json", folder=tmp_path).stdout
    )
    assert (first["rows"], first["courses"]) == (30, 30)
    expected = write(tmp_path / "first.csv", answers(60)[::2])
    assert first["items"] == json.loads(call(*COMMAND, expected, "--json", folder=tmp_path).stdout)["items"]
    assert "30 courses" in call(*COMMAND, "--store", folder=tmp_path).stdout
    wrong = call(*COMMAND, "--store", "--tenant", "ten_other", folder=tmp_path)
    assert wrong.returncode == 3
    assert "no such tenant" in wrong.stderr


def test_few_courses_of_the_store_stay_private(tmp_path: Path) -> None:
    fill(tmp_path, 9, each=4)
    done = call(*COMMAND, "--store", folder=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "answered in 9 courses" in done.stderr


def test_several_tenants_need_a_name(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    url = f"sqlite:///{tmp_path / '.alliancekit' / 'alliancekit.db'}"

    async def another() -> None:
        database = open_database(url)
        await database.write(lambda conn: create_tenant(conn, "Other", NOW))
        await database.close()

    asyncio.run(another())
    done = call(*COMMAND, "--store", folder=tmp_path)
    assert done.returncode == 3
    assert "There are 2 tenants" in done.stderr
