"""The contract of platforms that post: adapters that break it are told so, each test for some adapter."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from alliancekit.adapters import Capabilities, Challenge, Happening, RawRequest, Rejected, Verified
from alliancekit.events import Role
from alliancekit.signatures import json_object
from alliancekit.testing import Recorded, WebhookContract
from alliancekit_push import PushAdapter, PushSettings
from tests.adapters.test_push import CALL, NOW, OTHER, SECRET, happening, message, signed

CAN = PushAdapter.capabilities


class PushContract(WebhookContract):
    """The contract of push, or of a broken kind of it."""

    secret, other_secret = SECRET, OTHER
    signed_headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    people: ClassVar[dict[str, Role]] = {"c1": "client", "t1": "therapist"}
    kind: ClassVar[type[PushAdapter]] = PushAdapter
    call: ClassVar[list[tuple[float, bytes]]] = CALL

    def make_adapter(self, secrets: Sequence[str]) -> PushAdapter:
        return self.kind(PushSettings.model_validate({"secrets": list(secrets)}))

    def recorded(self) -> Sequence[Recorded]:
        return [Recorded(request=signed(body, at), at=at) for at, body in self.call]

    def sign(self, body: bytes, at: float) -> RawRequest:
        return signed(body, at)


class Nameless(PushAdapter):
    name = ""


class Modest(PushAdapter):
    capabilities = Capabilities(webhooks=True, trust="signed")


class Greedy(PushAdapter):
    max_body = 100_000_000


class Counting(PushAdapter):
    numbers = itertools.count()

    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        found = super().verify(request, now)
        assert isinstance(found, Verified)
        return replace(found, message=str(next(self.numbers)))


class OneId(PushAdapter):
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        found = super().verify(request, now)
        assert isinstance(found, Verified)
        return replace(found, message="always")


class NamesPeople(PushAdapter):
    def parse(self, message: Verified) -> Sequence[Happening]:
        return [replace(one, person=f"{one.person}@clinic.example") for one in super().parse(message)]


class OneSecret(PushAdapter):
    def __init__(self, settings: PushSettings) -> None:
        super().__init__(settings)
        self._keys = self._keys[:1]


class TakesAll(PushAdapter):
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        return Verified(content=json_object(request.body), message=request.header("webhook-id"), at=now)


class HeadersOnly(PushAdapter):
    """The signature is over headers that the body has no part in."""

    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        for _, body in CALL:
            try:
                found = super().verify(replace(request, body=body), now)
            except Rejected:
                continue
            return found
        raise Rejected("bad_signature")


class NeverStale(PushAdapter):
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        return super().verify(request, float(request.header("webhook-timestamp") or 0))


class TakesNonsense(PushAdapter):
    def verify(self, request: RawRequest, now: float) -> Verified | Challenge:
        try:
            return super().verify(request, now)
        except Rejected as refused:
            if refused.reason != "malformed":
                raise
            return Verified(content={"happenings": []}, message="m", at=now)

    def parse(self, message: Verified) -> Sequence[Happening]:
        return super().parse(message) if message.content["happenings"] else []


class Trusting(PushAdapter):
    def parse(self, message: Verified) -> Sequence[Happening]:
        return [
            Happening(
                **{**one, "people": tuple((p["person"], p["connection"]) for p in one.get("people", ()))}
            )
            for one in message.content["happenings"]
        ]


class NeverOver(PushAdapter):
    def parse(self, message: Verified) -> Sequence[Happening]:
        said = super().parse(message)
        return [one for one in said if one.kind in {"started", "spoke"}]


class Remembers(PushAdapter):
    """What it says depends on what came before: the second to join is left out."""

    def __init__(self, settings: PushSettings) -> None:
        super().__init__(settings)
        self.there: set[str] = set()

    def parse(self, message: Verified) -> Sequence[Happening]:
        said = super().parse(message)
        self.there |= {one.connection for one in said if one.kind == "joined"}
        return [one for one in said if one.kind != "left" or one.connection in self.there]


class LeavingNeedsASign(PushAdapter):
    """Nobody counts as there but by what says that they left."""

    def parse(self, message: Verified) -> Sequence[Happening]:
        return [one for one in super().parse(message) if one.kind in {"left", "over"}]


C = WebhookContract
BROKEN: list[tuple[type[PushAdapter], Callable[[Any], None], type[BaseException], str]] = [
    (Nameless, C.test_it_says_what_it_is, AssertionError, "needs a name"),
    (Modest, C.test_it_says_what_it_is, AssertionError, "say presence=True"),
    (Greedy, C.test_it_says_what_it_is, AssertionError, "max_body"),
    (
        Counting,
        C.test_a_genuine_message_is_taken_again_and_again_with_the_same_id,
        AssertionError,
        "another result",
    ),
    (
        OneId,
        C.test_a_genuine_message_is_taken_again_and_again_with_the_same_id,
        AssertionError,
        "would be lost",
    ),
    (
        NamesPeople,
        C.test_happenings_name_an_instance_a_sensible_time_and_nobody,
        AssertionError,
        "e-mail address leaves",
    ),
    (OneSecret, C.test_secrets_are_rotated_without_loss, Rejected, "bad_signature"),
    (TakesAll, C.test_a_wrong_secret_is_refused, AssertionError, "taken"),
    (TakesAll, C.test_a_message_without_its_signature_is_refused, AssertionError, "it is taken"),
    (HeadersOnly, C.test_one_changed_byte_of_the_body_is_refused, AssertionError, "body changed: taken"),
    (TakesAll, C.test_one_changed_character_of_a_signed_header_is_refused, AssertionError, "changed: taken"),
    (NeverStale, C.test_an_old_message_is_refused_and_one_from_the_future, AssertionError, "taken"),
    (TakesNonsense, C.test_bodies_of_no_sense_are_refused_even_when_signed, AssertionError, "is taken"),
    (Trusting, C.test_wrong_types_raise_nothing_but_rejected, KeyError, "happenings"),
    (NeverOver, C.test_the_recorded_call_ends_and_asks_everybody_once, AssertionError, "does not end"),
    (Remembers, C.test_order_and_repetition_make_no_difference, AssertionError, "another order"),
    (
        LeavingNeedsASign,
        C.test_one_lost_message_asks_nobody_twice_and_loses_no_end,
        AssertionError,
        "somebody is not asked",
    ),
]


@pytest.mark.parametrize(
    ("kind", "test", "error", "said"), BROKEN, ids=[f"{k.__name__}-{t.__name__}" for k, t, _, _ in BROKEN]
)
def test_a_broken_adapter_is_told_so(
    kind: type[PushAdapter], test: Callable[[Any], None], error: type[BaseException], said: str
) -> None:
    broken = type("Broken", (PushContract,), {"kind": kind})
    with pytest.raises(error, match=said):
        test(broken())


def test_an_address_that_is_not_signed_is_told_so() -> None:
    broken = type("Broken", (PushContract,), {"signs_url": True})
    with pytest.raises(AssertionError, match="taken"):
        broken().test_another_address_is_refused()


def test_every_test_of_the_contract_fails_for_some_adapter() -> None:
    every = {name for name in dir(WebhookContract) if name.startswith("test_")}
    assert {test.__name__ for _, test, _, _ in BROKEN} | {"test_another_address_is_refused"} == every


def test_names_that_leave_are_found_by_the_list_too() -> None:
    call = [(NOW, message(happening("joined", NOW, person="Ana Example", connection="a")))]
    broken = type("Broken", (PushContract,), {"call": call, "names": ("Ana Example",)})
    with pytest.raises(AssertionError, match="a name leaves"):
        broken().test_happenings_name_an_instance_a_sensible_time_and_nobody()


@pytest.mark.parametrize(("name", "given"), [("make_adapter", ([],)), ("recorded", ()), ("sign", (b"", 0.0))])
def test_what_a_subclass_must_say_is_said(name: str, given: tuple[Any, ...]) -> None:
    with pytest.raises(NotImplementedError, match=name):
        getattr(WebhookContract(), name)(*given)
