"""Requests and bodies of no sense, for the property that an adapter refuses and never fails."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from alliancekit.adapters import RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.happenings import check

TEXTS = st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def requests(*headers: str) -> st.SearchStrategy[RawRequest]:
    """Any address, any body, and any values in these headers, or none, or several."""
    values: st.SearchStrategy[Sequence[str]] = st.lists(TEXTS, max_size=2)
    return st.builds(
        lambda url, body, given: RawRequest(
            method="POST",
            url=url,
            body=body,
            headers={name: tuple(got) for name, got in given.items() if got},
        ),
        st.sampled_from(["https://a.example/x", "http://a.example:8080/x?y=1"]) | TEXTS,
        st.binary(max_size=200) | TEXTS.map(str.encode),
        st.fixed_dictionaries(dict.fromkeys(headers, values)),
    )


def refuses(adapter: WebhookAdapter, request: RawRequest, now: float) -> bool:
    """Whether a request is refused; anything else that `verify` raises fails the test."""
    try:
        adapter.verify(request, now)
    except Rejected:
        return True
    return False


def reads(adapter: WebhookAdapter, message: Verified, now: float) -> bool:
    """Whether a message makes sense; anything else than `Rejected` that `parse` raises fails the test."""
    try:
        check(adapter.parse(message), now)
    except Rejected:
        return False
    return True
