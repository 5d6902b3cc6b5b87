"""Recorded calls in files: written, read again, and what is wrong with a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliancekit.adapters import RawRequest
from alliancekit.errors import RecordingError
from alliancekit.testing.recorded import Recorded, read_recorded, written

ONE = Recorded(
    request=RawRequest(
        method="POST",
        url="https://x.example/v1/adapters/push/events?a=1",
        headers={"x-one": ("1",), "x-two": ("a", "b")},
        body=b"\xff\x00{}",
    ),
    at=1790000000.25,
)


def test_a_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "call.jsonl"
    file.write_text(f"{written(ONE)}\n\n{written(ONE)}\n")
    assert read_recorded(file) == [ONE, ONE]


def test_a_header_may_be_one_text_and_of_any_case(tmp_path: Path) -> None:
    file = tmp_path / "call.jsonl"
    file.write_text('{"url": "u", "headers": {"X-One": "1"}, "received_at": 5}')
    (found,) = read_recorded(file)
    assert found.request.header("x-one") == "1"
    assert (found.request.method, found.request.body, found.at) == ("POST", b"", 5.0)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "holds no request"),
        ("{", "line 1: not a recorded request"),
        ('{"url": "secret"}', r"line 1: .*\(received_at\)"),
        ('{"url": "secret", "received_at": -1}', "received_at"),
        ('{"url": "secret", "received_at": 1, "body": "?"}', "line 1: the body is not base64"),
        ('{"url": "secret", "received_at": 1, "name": "secret"}', r"\(name\)"),
    ],
)
def test_a_line_of_another_form_is_named_and_not_repeated(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "call.jsonl"
    file.write_text(text)
    with pytest.raises(RecordingError, match=wrong) as refused:
        read_recorded(file)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recorded(tmp_path / "none.jsonl")
