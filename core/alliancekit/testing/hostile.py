"""Bodies that no platform sends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

SIZES_AND_SHAPES: Final[Mapping[str, bytes]] = {
    "an empty body": b"",
    "ten megabytes": b'{"a":"' + b"x" * 10_000_000 + b'"}',
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "deep JSON": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "a deep list": b"[" * 100_000,
    "a key twice": b'{"event":"a","event":"b"}',
    "a list": b"[]",
    "null": b"null",
    "a text": b'"text"',
    "no JSON": b"{event: 1}",
    "not a number": b'{"a":NaN}',
}
"""What it is → the body; refused by every adapter, also when it is signed."""

STRANGE: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    10**30,
    1e308,
    "",
    "\x00",
    "\ud800",
    "x" * 5000,
    [],
    [None],
    {},
    {"a": {"b": 1}},
)
"""Values that replace every value of a body."""


def wrong_types(body: bytes) -> Iterator[bytes]:
    """A JSON body or a form with one value replaced or left out, for every value and every replacement.

    Bodies that are neither give nothing.
    """
    try:
        value = json.loads(body)
    except ValueError:
        yield from _forms(body)
        return
    for changed in _values(value):
        yield json.dumps(changed).encode()


def _values(value: Any) -> Iterator[Any]:
    yield from STRANGE
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: each for name, each in value.items() if name != key}
            for changed in _values(inner):
                yield {**value, key: changed}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for changed in _values(inner):
                yield [*value[:place], changed, *value[place + 1 :]]


def _forms(body: bytes) -> Iterator[bytes]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return
    for place, (key, value) in enumerate(pairs):
        before, after = pairs[:place], pairs[place + 1 :]
        yield urlencode(before + after).encode()
        yield urlencode([*pairs, (key, value)]).encode()
        for strange in ("", "\x00", "-1", "9" * 40, "{", "[]", "null", "x" * 5000):
            yield urlencode([*before, (key, strange), *after]).encode()
        yield b"&".join([urlencode(before).encode(), key.encode() + b"=%ff", urlencode(after).encode()])
