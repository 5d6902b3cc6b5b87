"""Importing: recognised, checked, normalised, written once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alliancekit.errors import InstrumentError
from alliancekit.instruments.catalogue import Instruments
from alliancekit.instruments.imports import Import, carry_out, prepare
from alliancekit.instruments.site import deployed
from tests.instruments.packs import INSTRUMENT, PACK, instrument, pack

PLUGINS = Instruments([instrument()])

TOML = """
instrument = "two-questions"
instrument_version = "1"
languages = ["en"]
licence = "invented"
vouched = {by = "head of quality", date = 2026-11-22}
title.en = "Title"
options.0.en = "Low"
options.2.en = "High"
items.item1.text.en = "Item 1 wording of the test pack"
items.item2 = {text.en = "Item 2 wording of the test pack", low.en = "L", high.en = "R"}
"""


def import_(file: Path, folder: Path, *, replace: bool = False) -> Import:
    prepared = prepare(file, PLUGINS, folder)
    carry_out(prepared, folder, replace=replace)
    return prepared


def test_a_toml_pack_is_written_as_json(tmp_path: Path):
    (tmp_path / "p.toml").write_text(TOML)
    folder = tmp_path / "measures"
    done = import_(tmp_path / "p.toml", folder)
    assert (done.kind, done.change, done.languages) == ("text pack", "new", ("en",))
    assert done.target == folder / "two-questions.client.pack.json"
    assert json.loads(done.target.read_text())["vouched"]["date"] == "2026-11-22"
    here = deployed(PLUGINS, folder)
    assert here.problems == ()
    assert here.instruments.why_not_asked("two-questions", "client") == ""


def test_the_same_again_changes_nothing_and_another_asks(tmp_path: Path):
    file, folder = tmp_path / "p.json", tmp_path / "measures"
    file.write_text(json.dumps(PACK))
    target = import_(file, folder).target
    before = target.stat()
    assert import_(file, folder).change == "unchanged"
    assert target.stat().st_mtime_ns == before.st_mtime_ns
    assert target.stat().st_ino == before.st_ino
    file.write_text(json.dumps(pack("version", "2")))
    with pytest.raises(InstrumentError, match="--replace"):
        import_(file, folder)
    assert json.loads(target.read_text()).get("version", "1") == "1"
    assert import_(file, folder, replace=True).change == "replaced"
    assert json.loads(target.read_text())["version"] == "2"


def test_preparing_writes_nothing(tmp_path: Path):
    (tmp_path / "p.json").write_text(json.dumps(PACK))
    folder = tmp_path / "measures"
    assert prepare(tmp_path / "p.json", PLUGINS, folder).change == "new"
    assert not folder.exists()


def test_an_instrument_of_the_site(tmp_path: Path):
    file, folder = tmp_path / "i.json", tmp_path / "measures"
    file.write_text(json.dumps(INSTRUMENT | {"name": "own"}))
    done = import_(file, folder)
    assert (done.kind, done.target.name, done.languages) == ("instrument", "own.client.json", ())
    assert import_(file, folder).change == "unchanged"
    file.write_text(json.dumps(INSTRUMENT))
    with pytest.raises(InstrumentError, match="a plugin brings the instrument 'two-questions'"):
        import_(file, folder)


def test_a_broken_target_can_be_replaced(tmp_path: Path):
    file, folder = tmp_path / "p.json", tmp_path / "measures"
    file.write_text(json.dumps(PACK))
    folder.mkdir()
    (folder / "two-questions.client.pack.json").write_text("{")
    with pytest.raises(InstrumentError, match="--replace"):
        import_(file, folder)
    assert import_(file, folder, replace=True).change == "replaced"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"instrument":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, "nested too deeply"),
        (b" " * 5_000_001, "larger than"),
        (b"\xff\xfe{}", "byte-order mark"),
        (b"\x80\x81", "not UTF-8"),
        (b"not json", "not JSON"),
        (b"[]", "one object"),
        (json.dumps(pack("instrument", "../../x")).encode(), "pattern"),
    ],
    ids=["deep", "deep pack", "huge", "mark", "encoding", "text", "list", "traversal"],
)
def test_hostile_files_are_refused_and_write_nothing(tmp_path: Path, content: bytes, said: str):
    file, folder = tmp_path / "p.json", tmp_path / "measures"
    file.write_bytes(content)
    with pytest.raises(InstrumentError, match=said):
        import_(file, folder)
    assert not folder.exists()


def test_what_is_no_file_is_refused(tmp_path: Path):
    with pytest.raises(InstrumentError, match="is no file"):
        import_(tmp_path, tmp_path / "measures")
