"""The contract of adapters of platforms that post what happens, as far as a recorded call can show it.

    class TestMyPlatform(RecordedContract):
        secret, other_secret = "s" * 32, "t" * 32
        signed_headers = ("x-signature", "x-timestamp")
        people = {"client-7": "client", "therapist-3": "therapist"}
        names = ("Ana Example", "ana@clinic.example")

        def make_adapter(self, secrets):
            return MyPlatform(settings with these secrets)

        def recorded(self):
            return read_recorded(Path("call.jsonl"))

The recorded call is one whole visit: everybody in `people` joins, they are together for more than a minute,
and it ends. Whoever can sign as the platform does inherits `WebhookContract`, which asks more. The tests are
plain functions without further dependencies.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from alliancekit.adapters import (
    Capabilities,
    Challenge,
    Happening,
    RawRequest,
    Rejected,
    Verified,
    WebhookAdapter,
)
from alliancekit.events import Role
from alliancekit.happenings import check
from alliancekit.testing.recorded import Outcome, Recorded, outcome

__all__ = ["Recorded", "RecordedContract"]

CHANGED: Final = 200
"""Bytes of one body that are changed one at a time, spread over the whole."""

ORDERS: Final = 40
"""Orders in which the recorded call is told."""

LARGEST: Final = 1024 * 1024
"""Bytes that no platform's message needs."""

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

ABOUT_SIGNATURES: Final = frozenset({"bad_signature", "unsigned", "malformed", "stale", "from_the_future"})
"""Why a changed signature, time or id may be refused."""


class RecordedContract:
    """Inherit it in a class whose name begins with `Test`, and give a recorded call.

    Attributes:
        secret: in the form in which a site configures it.
        other_secret: another one of the same form.
        signed_headers: headers of which every character counts, in lower case.
        signs_url: whether the address is signed too.
        people: who is in the recorded call, by the vendor's ids, with roles.
        asked: who of them is asked to rate; None: every client and therapist.
        names: texts in the recorded bodies that must not leave the adapter: people's names, e-mail addresses.
        late: seconds after which a message is certainly stale, where its time is signed.
    """

    secret: ClassVar[str] = ""
    other_secret: ClassVar[str] = ""
    signed_headers: ClassVar[tuple[str, ...]] = ()
    signs_url: ClassVar[bool] = False
    people: ClassVar[Mapping[str, Role]] = {}
    asked: ClassVar[frozenset[str] | None] = None
    names: ClassVar[tuple[str, ...]] = ()
    late: ClassVar[float] = 86400.0

    # what a subclass says ------------------------------------------------------------------------------

    def make_adapter(self, secrets: Sequence[str]) -> WebhookAdapter:
        """A new adapter with these secrets, not started."""
        raise NotImplementedError("Say how your adapter is made: override make_adapter.")

    def recorded(self) -> Sequence[Recorded]:
        """A whole call, in the order in which it happened."""
        raise NotImplementedError("Give a recorded call: override recorded.")

    # what is genuine -----------------------------------------------------------------------------------

    def test_it_says_what_it_is(self) -> None:
        """A name, webhooks among the capabilities, a limit on the size, refusals that are errors."""
        adapter = self._adapter()
        assert adapter.name, "an adapter needs a name"
        assert adapter.name == adapter.name.strip().lower(), "names are lower case, without spaces around"
        assert isinstance(adapter.capabilities, Capabilities)
        assert adapter.capabilities.webhooks, "say webhooks=True: the platform posts what happens"
        assert 0 < adapter.max_body <= LARGEST, f"max_body is more than {LARGEST} bytes, or none"
        kinds = {one.kind for _, happenings in self._said() for one in happenings}
        if kinds & {"joined", "left", "roster"}:
            assert adapter.capabilities.presence, "it tells who is there; say presence=True"
        if "spoke" in kinds:
            assert adapter.capabilities.talk_balance, "it tells who spoke; say talk_balance=True"

    def test_a_genuine_message_is_taken_again_and_again_with_the_same_id(self) -> None:
        """`verify` is pure; its `message` tells a repetition from another message."""
        adapter = self._adapter()
        ids = []
        for one in self._recorded():
            first, again = (self._verified(adapter, one) for _ in range(2))
            assert first == again, "verify gives another result for the same request"
            assert first.message, "a message needs an id"
            assert list(adapter.parse(first)) == list(adapter.parse(again)), "parse is not pure"
            ids.append(first.message)
        assert len(set(ids)) == len(ids), "two different messages have the same id: the second would be lost"

    def test_happenings_name_an_instance_a_sensible_time_and_nobody(self) -> None:
        """What leaves the adapter: ids and times, no names, no addresses."""
        for one, happenings in self._said():
            check(happenings, one.at)
            said = repr(happenings)
            assert not [name for name in self.names if name in said], "a name leaves the adapter"
            assert "@" not in said, "an e-mail address leaves the adapter"

    def test_secrets_are_rotated_without_loss(self) -> None:
        """Old and new secret are valid side by side, in either order."""
        for secrets in ([self.secret, self.other_secret], [self.other_secret, self.secret]):
            adapter = self.make_adapter(secrets)
            for one in self._recorded():
                self._verified(adapter, one)

    # what is not ---------------------------------------------------------------------------------------

    def test_a_wrong_secret_is_refused(self) -> None:
        """With the right reason, also when no secret is configured at all."""
        if self._adapter().capabilities.trust == "none":
            return
        for one in self._recorded():
            assert (
                self._refusal(self.make_adapter([self.other_secret]), one.request, one.at) == "bad_signature"
            )
            assert self._refusal(self.make_adapter([]), one.request, one.at) == "no_secret"

    def test_a_message_without_its_signature_is_refused(self) -> None:
        """Each of the signed headers is needed."""
        adapter = self._adapter()
        if adapter.capabilities.trust != "none":
            assert self.signed_headers or self.signs_url, "say which headers carry the proof: signed_headers"
        one = self._recorded()[0]
        for name in self.signed_headers:
            headers = {key: values for key, values in one.request.headers.items() if key != name}
            reason = self._refusal(adapter, replace(one.request, headers=headers), one.at)
            assert reason in ABOUT_SIGNATURES, f"without {name} it is {reason}"
            twice = {**one.request.headers, name: one.request.headers[name] * 2}
            reason = self._refusal(adapter, replace(one.request, headers=twice), one.at)
            assert reason in ABOUT_SIGNATURES, f"with {name} twice it is {reason}"

    def test_one_changed_byte_of_the_body_is_refused(self) -> None:
        """Where the body is signed."""
        adapter = self._adapter()
        if adapter.capabilities.trust != "signed":
            return
        for one in self._recorded():
            body = one.request.body
            for place in sorted({round(i * (len(body) - 1) / CHANGED) for i in range(CHANGED + 1)}):
                changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
                reason = self._refusal(adapter, replace(one.request, body=changed), one.at)
                assert reason == "bad_signature", f"byte {place} of the body changed: {reason}"
            for changed in (body + b" ", body[:-1], b""):
                reason = self._refusal(adapter, replace(one.request, body=changed), one.at)
                assert reason == "bad_signature", f"a longer or shorter body: {reason}"

    def test_one_changed_character_of_a_signed_header_is_refused(self) -> None:
        """Signature, id and time, each character of each."""
        adapter = self._adapter()
        one = self._recorded()[0]
        for name in self.signed_headers:
            (value,) = one.request.headers[name]
            for place, changed in _changed(value):
                headers = {**one.request.headers, name: (changed,)}
                reason = self._refusal(adapter, replace(one.request, headers=headers), one.at)
                assert reason in ABOUT_SIGNATURES, f"character {place} of {name} changed: {reason}"

    def test_another_address_is_refused(self) -> None:
        """Where the address is signed."""
        adapter = self._adapter()
        if not self.signs_url:
            return
        for one in self._recorded()[:1]:
            for place, changed in _changed(one.request.url):
                reason = self._refusal(adapter, replace(one.request, url=changed), one.at)
                assert reason in {"bad_signature", "wrong_address"}, f"character {place}: {reason}"

    def test_an_old_message_is_refused_and_one_from_the_future(self) -> None:
        """Where the platform signs the time (`replay_safe`)."""
        adapter = self._adapter()
        if not adapter.capabilities.replay_safe:
            return
        one = self._recorded()[0]
        assert self._refusal(adapter, one.request, one.at + self.late) == "stale"
        assert self._refusal(adapter, one.request, one.at - self.late) == "from_the_future"

    # the call ------------------------------------------------------------------------------------------

    def test_the_recorded_call_ends_and_asks_everybody_once(self) -> None:
        """The plain case: one session, over, everybody asked."""
        found = self._outcome(self._recorded())
        assert found.ended, "the recorded call does not end"
        assert found.asked == self._to_ask(), f"asked: {sorted(found.asked)}"

    def test_order_and_repetition_make_no_difference(self) -> None:
        """The same segments and the same people asked, whatever comes when and how often."""
        whole = self._recorded()
        expected = self._outcome(whole)
        for order in _orders(whole):
            assert self._outcome(order) == expected, "another order of the messages gives another call"

    def test_one_lost_message_asks_nobody_twice_and_loses_no_end(self) -> None:
        """Losing a message that tells of no joining changes nothing about who is asked."""
        whole = list(self._recorded())
        adapter = self._adapter()
        for place, lost in enumerate(whole):
            found = self._outcome([*whole[:place], *whole[place + 1 :]])
            assert found.ended or not found.segments, f"without message {place} the call never ends"
            assert found.asked <= self.people.keys(), f"without message {place} strangers are asked"
            said = adapter.parse(self._verified(adapter, lost))
            sent_out = any(one.kind == "left" and one.how in {"ejected", "declined"} for one in said)
            if not sent_out and not {one.kind for one in said} & {"joined", "roster", "cancelled"}:
                assert found.asked == self._to_ask(), f"without message {place} somebody is not asked"

    # inside --------------------------------------------------------------------------------------------

    def _adapter(self) -> WebhookAdapter:
        return self.make_adapter([self.secret])

    def _recorded(self) -> Sequence[Recorded]:
        found = self.recorded()
        assert found, "the recorded call is empty"
        return found

    def _to_ask(self) -> frozenset[str]:
        if self.asked is not None:
            return self.asked
        return frozenset(person for person, role in self.people.items() if role != "observer")

    def _verified(self, adapter: WebhookAdapter, one: Recorded) -> Verified:
        found = adapter.verify(one.request, one.at)
        assert isinstance(found, Verified), "a recorded message is taken for a challenge"
        return found

    def _said(self) -> Iterator[tuple[Recorded, Sequence[Happening]]]:
        adapter = self._adapter()
        for one in self._recorded():
            yield one, adapter.parse(self._verified(adapter, one))

    def _outcome(self, messages: Sequence[Recorded]) -> Outcome:
        return outcome(self._adapter(), messages, self.people)

    @staticmethod
    def _refusal(adapter: WebhookAdapter, request: RawRequest, at: float) -> str:
        try:
            found = adapter.verify(request, at)
        except Rejected as refused:
            return refused.reason
        return "a challenge" if isinstance(found, Challenge) else "taken"


def _changed(text: str) -> Iterator[tuple[int, str]]:
    """Each character replaced by one that means something else in base64, hexadecimal and numbers alike."""
    for place, character in enumerate(text):
        at = ALPHABET.find(character)
        other = ALPHABET[(at + 32) % 64] if at >= 0 else "A"
        yield place, text[:place] + other + text[place + 1 :]


def _orders(whole: Sequence[Recorded]) -> Iterator[list[Recorded]]:
    """Backwards, and in random orders of which each repeats some."""
    yield list(reversed(whole))
    for seed in range(ORDERS):
        chance = random.Random(seed)  # noqa: S311 - a test repeats itself
        order = [*whole, *chance.sample(list(whole), k=min(len(whole), 1 + seed % 4))]
        chance.shuffle(order)
        yield order
