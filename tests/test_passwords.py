"""Passwords: which are refused, how they are kept, how many are hashed at once."""

from __future__ import annotations

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from alliancekit import passwords
from alliancekit.passwords import BusyError, Hashing, WeakPasswordError, check_strength
from tests.services import until

GOOD = "tin lamp seven orchard"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "short"),
        ("elevenchars", "short"),
        ("x" * 257, "long"),
        ("aaaaaaaaaaaa", "common"),
        ("123456789012", "common"),
        ("abcdefghijkl", "common"),
        ("qwertyuiop12", "common"),
        ("poiuytrewq!!", "common"),
        ("1q2w3e4r5t6y", "common"),
        ("password1234", "common"),
        ("Password!2026", "common"),
        ("passwordpassword", "common"),
        ("welcomewelcome1", "common"),
        ("Alliancekit-2026", "common"),
        ("n7xkn7xkn7xk", "common"),
        ("sam.berger@clinic.example", "common"),
        ("sam.berger2026", "common"),
        ("sam.bergersam.berger", "common"),
    ],
)
def test_weak_passwords_are_refused_without_being_repeated(password: str, reason: str) -> None:
    with pytest.raises(WeakPasswordError) as caught:
        check_strength(password, "sam.berger@clinic.example")
    assert caught.value.reason == reason
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "k9#vTq2!mZp4",
        "пароль из четырёх слов",
        "我的房子后面有一棵老梨树吗",
        "password of a green kettle",
    ],
)
def test_long_passwords_need_no_mixture(password: str) -> None:
    check_strength(password, "sam")


def test_kept_as_argon2id_by_rfc_9106() -> None:
    kept = passwords.hash_password(GOOD)
    used = extract_parameters(kept)
    assert (used.type.name, used.version, used.memory_cost, used.time_cost, used.parallelism) == (
        "ID",
        19,
        64 * 1024,
        3,
        4,
    )
    assert used.salt_len >= 16
    assert GOOD not in kept
    assert passwords.matches(kept, GOOD)
    assert not passwords.matches(kept, GOOD + " ")
    assert not passwords.is_outdated(kept)


def test_the_same_characters_match_however_they_were_composed() -> None:
    kept = passwords.hash_password("caf\u00e9 sotto la pioggia")
    assert passwords.matches(kept, "cafe\u0301 sotto la pioggia")


def test_nobodys_password_matches_nothing() -> None:
    for kept in ("", "no hash at all"):
        for password in ("", "nobody's password", GOOD):
            assert not passwords.matches(kept, password)


def test_other_parameters_are_outdated() -> None:
    assert passwords.is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD))


async def test_two_at_once_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    running: list[int] = []
    most: list[int] = []

    def slow(password: str) -> str:
        running.append(threading.get_ident())
        most.append(len(running))
        assert threading.get_ident() != loop_thread
        assert go.wait(60)
        running.pop()
        return password

    loop_thread = threading.get_ident()
    monkeypatch.setattr(passwords, "hash_password", slow)
    hashing = Hashing()
    jobs = [asyncio.create_task(hashing.hash(str(n))) for n in range(passwords.MOST_WAITING)]
    await until(lambda: len(running) == passwords.AT_ONCE)
    with pytest.raises(BusyError):
        await hashing.hash("one too many")
    go.set()
    assert await asyncio.gather(*jobs) == [str(n) for n in range(passwords.MOST_WAITING)]
    assert max(most) <= passwords.AT_ONCE
    assert await hashing.hash("there is room again") == "there is room again"
