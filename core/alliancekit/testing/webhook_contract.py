"""The contract of adapters of platforms that post what happens, with bodies that no platform sends.

class TestMyPlatform(WebhookContract):
    ...  # as for `RecordedContract`, and

    def sign(self, body, at):
        return RawRequest(...)  # as the platform would send this body at this time

    def recorded(self):
        return [Recorded(request=self.sign(body, at), at=at) for body, at in CALL]
"""

from __future__ import annotations

from alliancekit.adapters import RawRequest, Rejected, Verified, WebhookAdapter
from alliancekit.happenings import check
from alliancekit.testing.hostile import SIZES_AND_SHAPES, wrong_types
from alliancekit.testing.recorded import Recorded
from alliancekit.testing.recorded_contract import RecordedContract

__all__ = ["Recorded", "WebhookContract"]


class WebhookContract(RecordedContract):
    """Inherit it in a class whose name begins with `Test`, and say how the platform signs."""

    def sign(self, body: bytes, at: float) -> RawRequest:
        """A request as the platform would send this body at this time, signed with `secret`."""
        raise NotImplementedError("Say how the platform signs: override sign.")

    # what nobody should send ---------------------------------------------------------------------------

    def test_bodies_of_no_sense_are_refused_even_when_signed(self) -> None:
        """Empty, ten megabytes, invalid UTF-8, deep, keys twice, not an object."""
        adapter = self._adapter()
        at = self._recorded()[0].at
        for what, body in SIZES_AND_SHAPES.items():
            try:
                self._whole(adapter, self.sign(body, at), at)
            except Rejected:
                continue
            raise AssertionError(f"{what} is taken")

    def test_wrong_types_raise_nothing_but_rejected(self) -> None:
        """Every value of every recorded body, replaced by what does not belong there, one after the other."""
        adapter = self._adapter()
        tried = refused = 0
        for one in self._recorded():
            for body in wrong_types(one.request.body):
                tried += 1
                try:
                    self._whole(adapter, self.sign(body, one.at), one.at)
                except Rejected:
                    refused += 1
        assert tried, "the recorded bodies are neither JSON nor a form"
        assert refused, "nothing that was tried is refused; are values checked?"

    @staticmethod
    def _whole(adapter: WebhookAdapter, request: RawRequest, at: float) -> None:
        """As the host does it: size, `verify`, `parse`, and what was made of it."""
        if len(request.body) > adapter.max_body:
            raise Rejected("too_large")
        found = adapter.verify(request, at)
        if isinstance(found, Verified):
            check(adapter.parse(found), at)
