"""What every platform's webhooks are held to here: a message as signed, and everything done to it.

A test class inherits `HostileMessages` and says how its platform signs. All tests are pure: no server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliancekit.adapters import Challenge, Happening, RawRequest, Reason, Rejected, Verified, WebhookAdapter

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


def flipped(data: bytes, place: int) -> bytes:
    """One byte changed in its lowest bit."""
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


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


class HostileMessages:
    """Inherit it; `sample` is a body that says something, `signed_headers` all that the signature needs.

    Attributes:
        timed: whether a time is signed.
        names: what must never come out of `parse`: every name and address in `sample`.
    """

    timed: ClassVar[bool] = True
    names: ClassVar[tuple[str, ...]] = ()
    forged: ClassVar[Reason] = "bad_signature"

    def adapter(self, *secrets: str) -> WebhookAdapter:
        raise NotImplementedError

    def sign(self, body: bytes, *, secret: str = SECRET, at: float = NOW) -> RawRequest:
        """The body as the platform would send it."""
        raise NotImplementedError

    def sample(self) -> dict[str, Any]:
        raise NotImplementedError

    def wire(self, content: Any) -> bytes:
        """JSON as the platform writes it."""
        return json.dumps(content).encode()

    # ---------------------------------------------------------------------------------------------------

    def test_what_the_platform_signed_is_taken(self) -> None:
        found = happenings(self.adapter(SECRET), self.sign(self.wire(self.sample())))
        assert found
        assert all(one.room for one in found)

    def test_no_name_comes_out(self) -> None:
        (request, adapter) = self.sign(self.wire(self.sample())), self.adapter(SECRET)
        assert self.names
        assert all(name in request.body.decode() for name in self.names)
        said = repr(happenings(adapter, request))
        assert [name for name in self.names if name in said] == []

    def test_either_secret_is_good_while_they_are_rotated(self) -> None:
        body = self.wire(self.sample())
        for secrets in ((SECRET, OTHER), (OTHER, SECRET)):
            assert happenings(self.adapter(*secrets), self.sign(body))

    def test_another_secret_and_none(self) -> None:
        request = self.sign(self.wire(self.sample()))
        assert refusal(self.adapter(OTHER), request) == "bad_signature"
        assert refusal(self.adapter(), request) == "no_secret"

    def test_every_byte_of_the_body_counts(self) -> None:
        request, adapter = self.sign(self.wire(self.sample())), self.adapter(SECRET)
        for place in range(len(request.body)):
            changed = replace(request, body=flipped(request.body, place))
            assert refusal(adapter, changed) == self.forged, place

    def test_every_signed_header_counts(self) -> None:
        request, adapter = self.sign(self.wire(self.sample())), self.adapter(SECRET)
        assert request.headers
        for name, (value,) in request.headers.items():
            without = {key: each for key, each in request.headers.items() if key != name}
            assert refusal(adapter, replace(request, headers=without)) == "unsigned", name
            for twice in ((value, value), (value, "x")):
                doubled = {**request.headers, name: twice}
                assert refusal(adapter, replace(request, headers=doubled)) == "malformed", name
            for place in range(len(value)):
                changed = flipped(value.encode(), place).decode("latin-1")
                with pytest.raises(Rejected):
                    adapter.verify(replace(request, headers={**request.headers, name: (changed,)}), NOW)

    def test_unsigned(self) -> None:
        body = self.wire(self.sample())
        assert refusal(self.adapter(SECRET), posted(body, {})) == "unsigned"

    def test_old_and_future_messages(self) -> None:
        if not self.timed:
            return
        adapter, request = self.adapter(SECRET), self.sign(self.wire(self.sample()))
        for late in (-299.0, 299.0):
            assert happenings(adapter, request, NOW + late)
        week = 7 * 86400.0
        assert refusal(adapter, request, NOW + week) == "stale"
        assert refusal(adapter, request, NOW - week) == "from_the_future"

    def test_the_same_message_has_the_same_id_and_another_one_another(self) -> None:
        adapter, body = self.adapter(SECRET), self.wire(self.sample())
        request = self.sign(body)
        first, again = adapter.verify(request, NOW), adapter.verify(request, NOW + 60)
        other = adapter.verify(self.sign(self.wire({**self.sample(), "and": "more"}), at=NOW + 1), NOW)
        assert isinstance(first, Verified)
        assert isinstance(again, Verified)
        assert isinstance(other, Verified)
        assert first.message == again.message != other.message
        assert 16 <= len(first.message) <= 200

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"null", id="null"),
            pytest.param(b"[1]", id="list"),
            pytest.param(b'{"event": NaN}', id="NaN"),
            pytest.param(b'{"event": "a", "event": "b"}', id="key twice"),
            pytest.param(b'{"event": "' + b"\xff\xfe" * 9 + b'"}', id="no UTF-8"),
            pytest.param(b'{"a":' * 5000 + b"1" + b"}" * 5000, id="deep"),
            pytest.param(b"[" * 200_000, id="deeper"),
            pytest.param(b" " * 10_000_000, id="10 MB"),
        ],
    )
    def test_a_body_that_is_no_message_is_refused_though_it_is_signed(self, body: bytes) -> None:
        assert refusal(self.adapter(SECRET), self.sign(self.enveloped(body))) == "malformed"

    def enveloped(self, body: bytes) -> bytes:
        """The JSON text in whatever the platform wraps around it."""
        return body

    @given(data=st.data())
    @settings(max_examples=150, deadline=None)
    def test_wrong_types_anywhere_raise_nothing_but_a_refusal(self, data: st.DataObject) -> None:
        sample = self.sample()
        place = data.draw(st.sampled_from(paths(sample)))
        content = varied(sample, place, data.draw(JSON))
        self._only_rejected(self.sign(self.wire(content)))

    @given(body=st.binary(max_size=200), value=st.text(max_size=40))
    @settings(max_examples=100, deadline=None)
    def test_any_bytes_and_headers_raise_nothing_but_a_refusal(self, body: bytes, value: str) -> None:
        self._only_rejected(self.sign(body))
        request = self.sign(body)
        for name in request.headers:
            self._only_rejected(replace(request, headers={**request.headers, name: (value,)}))

    def _only_rejected(self, request: RawRequest) -> None:
        adapter = self.adapter(SECRET)
        try:
            message = adapter.verify(request, NOW)
            found = adapter.parse(message) if isinstance(message, Verified) else ()
        except Rejected:
            return
        assert isinstance(message, Verified | Challenge)
        for one in found:
            assert isinstance(one, Happening)
            assert one.room
            assert one.at >= 0
            repr(one).encode()
