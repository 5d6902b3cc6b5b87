"""What the tests of platforms' webhooks have in common: samples, signed requests, any JSON and any bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.adapters import Happening, RawRequest, Reason, Rejected, Verified, WebhookAdapter
from alliancekit.testing import Recorded, WebhookContract

VECTORS = Path(__file__).parent / "vectors"
SECRET = "first-secret-0123456789abcdef0123456789abcdef"
OTHER = "other-secret-0123456789abcdef0123456789abcdef"
NOW = 1_763_766_000.0
PUBLIC = "https://feedback.example.org/v1/adapters/platform/events"

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def vectors(name: str) -> dict[str, Any]:
    """A file of samples; its `source` says whose they are."""
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    assert found["source"]
    return found


def posted(body: bytes, headers: dict[str, str], url: str = PUBLIC) -> RawRequest:
    return RawRequest(
        method="POST", url=url, body=body, headers={name.lower(): (value,) for name, value in headers.items()}
    )


def refusal(adapter: WebhookAdapter, request: RawRequest, now: float = NOW) -> Reason:
    with pytest.raises(Rejected) as caught:
        adapter.verify(request, now)
    return caught.value.reason


def happenings(adapter: WebhookAdapter, request: RawRequest, now: float = NOW) -> Sequence[Happening]:
    message = adapter.verify(request, now)
    assert isinstance(message, Verified)
    return adapter.parse(message)


def calls(sign: Callable[[bytes, float], RawRequest], said: Sequence[tuple[float, Any]]) -> list[Recorded]:
    """A recorded call of JSON bodies: (when it came, content)."""
    return [Recorded(request=sign(json.dumps(content).encode(), at), at=at) for at, content in said]


def varied(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """A copy of nested JSON with one place replaced."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, list):
        return [varied(each, rest, new) if place == head else each for place, each in enumerate(value)]
    return {**value, head: varied(value[head], rest, new)}


def paths(value: Any, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in nested JSON."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [before, *(path for key, each in inner for path in paths(each, (*before, key)))]


class Hostile(WebhookContract):
    """The contract, and hypothesis: `verify` and `parse` raise nothing but `Rejected`, whatever is signed."""

    secret = SECRET
    other_secret = OTHER

    def content(self, body: bytes) -> Any:
        """The JSON of a recorded body."""
        return json.loads(body)

    def wire(self, content: Any) -> bytes:
        """JSON as the platform writes it."""
        return json.dumps(content).encode()

    def test_names_are_in_the_recorded_call(self) -> None:
        """Else the contract would look for what is not there."""
        sent = b" ".join(one.request.body for one in self.recorded()).decode()
        assert self.names
        assert [name for name in self.names if name not in sent] == []

    def test_any_json_anywhere(self) -> None:
        @given(data=st.data())
        @settings(max_examples=150, deadline=None)
        def run(data: st.DataObject) -> None:
            one = data.draw(st.sampled_from(list(self.recorded())))
            content = self.content(one.request.body)
            place = data.draw(st.sampled_from(paths(content)))
            body = self.wire(varied(content, place, data.draw(JSON)))
            self._only_rejected(self.sign(body, one.at), one.at)

        run()

    def test_any_bytes_and_headers(self) -> None:
        @given(body=st.binary(max_size=200), value=st.text(max_size=40))
        @settings(max_examples=100, deadline=None)
        def run(body: bytes, value: str) -> None:
            request = self.sign(body, NOW)
            self._only_rejected(request, NOW)
            for name in request.headers:
                changed = replace(request, headers={**request.headers, name: (value,)})
                self._only_rejected(changed, NOW)

        run()

    def _only_rejected(self, request: RawRequest, at: float) -> None:
        adapter = self._adapter()
        try:
            message = adapter.verify(request, at)
            found = adapter.parse(message) if isinstance(message, Verified) else ()
        except Rejected:
            return
        for one in found:
            assert one.room
            assert one.at >= 0
            repr(one).encode()
