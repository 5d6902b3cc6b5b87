"""The site's folder: what it adds to the plugins' instruments, and that a broken file harms only itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import Instruments, localise
from alliancekit.instruments.site import deployed, kind_of, write_file
from tests.instruments.packs import INSTRUMENT, PACK, instrument, pack

OWN = INSTRUMENT | {"name": "own", "text": "included", "items": [{"id": "item1", "text": {"en": "Ours?"}}]}
OWN |= {"scales": [{"name": "total", "items": ["item1"]}]}


def put(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_without_a_folder_it_is_what_the_plugins_bring(tmp_path: Path):
    here = deployed(Instruments([instrument()]), tmp_path / "missing")
    assert here.instruments.names() == ("two-questions",)
    assert here.problems == ()


def test_packs_and_own_instruments_are_added(tmp_path: Path):
    put(tmp_path, "a.json", PACK)
    put(tmp_path, "z.json", OWN)
    put(tmp_path, "notes.txt", "not read")
    put(tmp_path, ".hidden.json", "not read")
    here = deployed(Instruments([instrument()]), tmp_path)
    assert here.problems == ()
    assert here.instruments.names() == ("two-questions", "own")
    assert here.instruments.why_not_asked("two-questions", "client") == ""
    assert here.packs["two-questions", "client"].version == "1"
    assert here.files["own", "client"] == tmp_path / "z.json"


def test_a_pack_for_an_instrument_of_the_site(tmp_path: Path):
    put(tmp_path, "a.pack.json", pack("instrument", "own"))
    put(tmp_path, "own.json", INSTRUMENT | {"name": "own"})
    here = deployed(Instruments(), tmp_path)
    assert here.problems == ()
    assert (
        localise(here.instruments.get("own"), "en")["items"][0]["text"] == "Item 1 wording of the test pack"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("two-questions.client.pack.json", "{", "not JSON"),
        ("two-questions.client.pack.json", pack("items.item1"), "items.item1"),
        ("two-questions.client.pack.json", pack("instrument_version", "9"), "instrument_version"),
        ("x.json", pack("instrument", "unknown"), "no instrument 'unknown'"),
        ("x.json", pack("form", "therapist"), "no therapist form"),
        ("x.json", INSTRUMENT, "a plugin brings the instrument 'two-questions'"),
        ("x.json", {"resourceType": "Questionnaire"}, "alliancekit measures import"),
    ],
)
def test_a_broken_file_harms_only_itself(tmp_path: Path, name: str, content: Any, said: str):
    file = put(tmp_path, name, content)
    put(tmp_path, "own.json", OWN)
    here = deployed(Instruments([instrument()]), tmp_path)
    assert here.instruments.names() == ("two-questions", "own")
    [problem] = here.problems
    assert str(file) in problem
    assert said in problem
    reason = here.instruments.why_not_asked("two-questions", "client")
    assert "cannot be asked" in reason
    if name.startswith("two-questions"):
        assert name in reason
        assert str(tmp_path) not in reason


def test_two_packs_for_one_form_are_a_problem(tmp_path: Path):
    put(tmp_path, "a.json", PACK)
    second = put(tmp_path, "b.json", PACK)
    [problem] = deployed(Instruments([instrument()]), tmp_path).problems
    assert problem.startswith(f"{second}: another file holds a text pack for this form already.")


def test_text_that_is_part_of_an_instrument_is_not_replaced(tmp_path: Path):
    put(tmp_path, "own.json", OWN)
    put(tmp_path, "pack.json", pack("instrument", "own"))
    [problem] = deployed(Instruments(), tmp_path).problems
    assert "is part of it and is not replaced" in problem


def test_kinds():
    assert kind_of({"resourceType": "Questionnaire"}) == "questionnaire"
    assert kind_of(PACK) == "text pack"
    assert kind_of(OWN) == "instrument"


def test_a_file_is_written_whole_and_for_this_user_only(tmp_path: Path):
    folder = tmp_path / "data" / "measures"
    target = write_file(folder, "a.json", "one")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("one", 0o600)
    write_file(folder, "a.json", "two")
    assert target.read_text() == "two"
    assert os.listdir(folder) == ["a.json"]


@pytest.mark.parametrize("name", ["../a.json", "/etc/a.json", "b/a.json", "..", ".a.json", ""])
def test_a_name_does_not_leave_the_folder(tmp_path: Path, name: str):
    with pytest.raises(InstrumentError, match="no plain file name"):
        write_file(tmp_path / "measures", name, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_written_through(tmp_path: Path):
    folder, victim = tmp_path / "measures", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("mine")
    (folder / "a.json").symlink_to(victim)
    with pytest.raises(InstrumentError, match="is a link"):
        write_file(folder, "a.json", "x")
    assert victim.read_text() == "mine"


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_file(tmp_path, "a.json", "before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InstrumentError, match="No space left"):
        write_file(tmp_path, "a.json", "after")
    assert os.listdir(tmp_path) == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "before"
