"""Signing in with a password: what is let in, what slows guessing down, what ends a session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from alliancekit import accounts, passwords, totp
from alliancekit.accounts import (
    BY_ADDRESS,
    BY_LOGIN,
    LONGEST_WAIT,
    Accounts,
    OverError,
    TooManyFailuresError,
    WrongSignInError,
)
from alliancekit.passwords import WeakPasswordError
from alliancekit.store import accounts as rows
from alliancekit.store import audit
from alliancekit.store.accounts import Account
from alliancekit.store.database import Database, open_database
from alliancekit.store.tables import failed_sign_in
from alliancekit.store.tenants import create_tenant
from alliancekit.testing.fake_clock import FakeClock

pytestmark = pytest.mark.usefixtures("cheap_passwords")

PASSWORD = "tin lamp seven orchard"
ANOTHER = "green kettle under stairs"
NOW = 1_800_000_000.0
HERE = "192.0.2.7"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def held(database: Database, clock: FakeClock) -> Accounts:
    return Accounts(database, b"k" * 32, clock)


@pytest.fixture
async def sam(database: Database) -> Account:
    def work(conn):  # type: ignore[no-untyped-def]
        tenant, _ = create_tenant(conn, "Clinic", NOW)
        one = rows.create(
            conn, tenant=tenant, login="Sam@Clinic.example", role="therapist", person="t1", now=NOW
        )
        return rows.set_password(conn, one, passwords.hash_password(PASSWORD), NOW)

    return await database.write(work)


async def again(database: Database, one: Account) -> Account:
    found = await database.read(lambda conn: rows.by_id(conn, one.id))
    assert found is not None
    return found


async def failures(database: Database) -> int:
    return len(await database.read(lambda conn: conn.execute(select(failed_sign_in)).all()))


async def fail(held: Accounts, login: str = "sam@clinic.example", address: str = HERE) -> None:
    with pytest.raises(WrongSignInError):
        await held.sign_in(login, "wrong", "", address)


async def test_the_right_password_is_let_in_however_the_login_is_written(
    held: Accounts, sam: Account, database: Database
) -> None:
    for login in ("sam@clinic.example", " SAM@clinic.EXAMPLE ", "ｓam@clinic.example"):
        assert (await held.sign_in(login, PASSWORD, "", HERE)).id == sam.id
    assert await failures(database) == 0
    entries = await database.read(lambda conn: audit.entries(conn, sam.tenant))
    assert [(one.actor, one.action, one.object) for one in entries] == [
        (sam.id, "account.signed_in", sam.id)
    ] * 3


async def test_all_refusals_are_alike(
    held: Accounts, sam: Account, database: Database, clock: FakeClock
) -> None:
    said = set()
    for login, password in (
        ("sam@clinic.example", "wrong"),
        ("sam@clinic.example", ""),
        ("nobody@clinic.example", PASSWORD),
        ("", ""),
        ("a\x00b", PASSWORD),
        ("x" * 500, "y" * 5000),
    ):
        with pytest.raises(WrongSignInError) as caught:
            await held.sign_in(login, password, "", HERE)
        said.add(str(caught.value))
    await database.write(lambda conn: rows.disable(conn, sam, NOW))
    with pytest.raises(WrongSignInError) as caught:
        await held.sign_in("sam@clinic.example", PASSWORD, "", HERE)
    assert len(said | {str(caught.value)}) == 1


async def test_an_account_without_a_password_lets_nobody_in(
    held: Accounts, sam: Account, database: Database
) -> None:
    await database.write(lambda conn: rows.set_password(conn, sam, "", NOW))
    for password in ("", PASSWORD, "nobody's password"):
        with pytest.raises(WrongSignInError):
            await held.sign_in(sam.login, password, "", HERE)


async def test_as_much_is_hashed_for_somebody_who_is_not_there(
    held: Accounts, sam: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    hasher = passwords._hasher()

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            compared.append(kept)
            return hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    await fail(held)
    await fail(held, login="nobody@clinic.example")
    assert len(compared) == 2
    assert all(kept.startswith("$argon2id$") for kept in compared)


@pytest.mark.parametrize("login", ["sam@clinic.example", "nobody@clinic.example"])
async def test_a_login_is_slowed_down_more_and_more_and_the_right_password_waits_too(
    held: Accounts, sam: Account, clock: FakeClock, login: str
) -> None:
    for number in range(BY_LOGIN.free):
        await fail(held, login, address=f"192.0.2.{number}")
    waits = []
    for number in range(13):
        with pytest.raises(TooManyFailuresError) as caught:
            await held.sign_in(login, PASSWORD, "", f"198.51.100.{number}")
        waits.append(caught.value.retry_after)
        clock.now += caught.value.retry_after
        await fail(held, login, address=f"203.0.113.{number}")
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    clock.now += LONGEST_WAIT
    if login == sam.login:
        assert (await held.sign_in(login, PASSWORD, "", HERE)).id == sam.id
        await fail(held, login)  # the count began anew: nothing to wait for


async def test_an_address_is_slowed_down_over_all_logins(
    held: Accounts, sam: Account, clock: FakeClock
) -> None:
    for number in range(BY_ADDRESS.free):
        await fail(held, f"login-{number}", address="2001:db8::/64")
    with pytest.raises(TooManyFailuresError):
        await held.sign_in(sam.login, PASSWORD, "", "2001:db8::/64")
    assert await held.sign_in(sam.login, PASSWORD, "", "2001:db8:0:1::/64")
    assert await held.sign_in(sam.login, PASSWORD, "", HERE)
    clock.now += 1
    assert await held.sign_in(sam.login, PASSWORD, "", "2001:db8::/64")
    clock.now += 1
    await fail(held, "one-more", address="2001:db8::/64")  # a success of one's own does not reset the address
    with pytest.raises(TooManyFailuresError):
        await held.sign_in(sam.login, PASSWORD, "", "2001:db8::/64")


async def test_where_the_address_cannot_be_told_nobody_waits_for_others(held: Accounts, sam: Account) -> None:
    for number in range(BY_ADDRESS.free + 5):
        await fail(held, f"login-{number}", address="")
    assert await held.sign_in(sam.login, PASSWORD, "", "")


async def test_many_at_once_are_not_looked_at_for_free(held: Accounts, sam: Account) -> None:
    tries = [held.sign_in(sam.login, "wrong", "", f"192.0.2.{n}") for n in range(20)]
    kinds = [type(one) for one in await asyncio.gather(*tries, return_exceptions=True)]
    assert kinds.count(WrongSignInError) == BY_LOGIN.free
    assert kinds.count(TooManyFailuresError) == 20 - BY_LOGIN.free


async def test_the_count_survives_a_restart_and_ends_after_a_day(
    held: Accounts, sam: Account, database: Database, clock: FakeClock, url: str
) -> None:
    for _ in range(BY_LOGIN.free):
        await fail(held)
    await database.close()
    restarted = open_database(url)
    try:
        later = Accounts(restarted, b"k" * 32, clock)
        with pytest.raises(TooManyFailuresError):
            await later.sign_in(sam.login, PASSWORD, "", HERE)
        clock.now += accounts.REMEMBERED + 1
        await fail(later)
        assert await failures(restarted) == 2, "by login and by address; the old ones are forgotten"
        assert await later.sign_in(sam.login, PASSWORD, "", HERE)
    finally:
        await restarted.close()


async def test_logins_and_addresses_are_not_in_the_count(
    held: Accounts, sam: Account, database: Database
) -> None:
    await fail(held)
    kept = await database.read(lambda conn: str(conn.execute(select(failed_sign_in)).all()))
    assert "sam" not in kept
    assert HERE not in kept


async def test_a_code_is_asked_for_and_works_once(
    held: Accounts, sam: Account, database: Database, clock: FakeClock
) -> None:
    secret = totp.new_secret()
    await database.write(lambda conn: rows.set_totp(conn, sam, secret))
    code = totp.code(secret, int(clock.now // totp.STEP))
    for wrong in ("", "000000" if code != "000000" else "111111"):
        with pytest.raises(WrongSignInError):
            await held.sign_in(sam.login, PASSWORD, wrong, HERE)
    with pytest.raises(WrongSignInError):
        await held.sign_in(sam.login, "wrong", code, HERE)
    assert await held.sign_in(sam.login, PASSWORD, code, HERE), "a wrong password does not use up the code"
    with pytest.raises(WrongSignInError):
        await held.sign_in(sam.login, PASSWORD, code, HERE)
    clock.now += totp.STEP
    assert await held.sign_in(sam.login, PASSWORD, totp.code(secret, int(clock.now // totp.STEP)), HERE)


async def test_asking_for_a_code_ends_neither_sessions_nor_a_link(
    held: Accounts, sam: Account, database: Database
) -> None:
    await database.write(lambda conn: rows.set_totp(conn, sam, totp.new_secret()))
    assert await held.holds(sam.id, sam.stamp)
    assert await held.choose(sam.id, sam.stamp, ANOTHER)


async def test_one_code_sent_twice_at_once_lets_one_in(
    held: Accounts, sam: Account, database: Database
) -> None:
    secret = totp.new_secret()
    await database.write(lambda conn: rows.set_totp(conn, sam, secret))
    code = totp.code(secret, int(NOW // totp.STEP))
    tries = [held.sign_in(sam.login, PASSWORD, code, HERE) for _ in range(4)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Account) for one in done) == 1


async def test_a_hash_of_other_parameters_is_kept_anew_and_sessions_go_on(
    held: Accounts, sam: Account, database: Database
) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    sam = await database.write(lambda conn: rows.set_password(conn, sam, old, NOW))
    await held.sign_in(sam.login, PASSWORD, "", HERE)
    now = await again(database, sam)
    assert now.password != old
    assert not passwords.is_outdated(now.password)
    assert await held.holds(sam.id, sam.stamp)


Ending = Callable[[Database, Accounts, Account], Awaitable[object]]


@pytest.mark.parametrize(
    "end",
    [
        lambda database, held, one: database.write(lambda conn: rows.set_password(conn, one, "", NOW)),
        lambda database, held, one: database.write(lambda conn: rows.disable(conn, one, NOW)),
        lambda database, held, one: database.write(lambda conn: rows.remove(conn, one)),
        lambda database, held, one: held.change(one.id, one.stamp, PASSWORD, ANOTHER, HERE),
        lambda database, held, one: held.choose(one.id, one.stamp, ANOTHER),
    ],
    ids=["password", "disable", "remove", "change", "choose"],
)
async def test_what_ends_sessions(end: Ending, held: Accounts, sam: Account, database: Database) -> None:
    assert await held.holds(sam.id, sam.stamp)
    await end(database, held, sam)
    assert not await held.holds(sam.id, sam.stamp)


async def test_sessions_from_before_a_disable_stay_ended(
    held: Accounts, sam: Account, database: Database
) -> None:
    await database.write(lambda conn: rows.disable(conn, sam, NOW))
    await database.write(lambda conn: rows.enable(conn, sam, NOW))
    assert not await held.holds(sam.id, sam.stamp)
    assert await held.sign_in(sam.login, PASSWORD, "", HERE)


async def test_a_link_sets_one_password(held: Accounts, sam: Account, database: Database) -> None:
    for _ in range(BY_LOGIN.free):
        await fail(held)
    with pytest.raises(WeakPasswordError):
        await held.choose(sam.id, sam.stamp, "too short")
    with pytest.raises(WeakPasswordError):
        await held.choose(sam.id, sam.stamp, sam.login)
    changed = await held.choose(sam.id, sam.stamp, ANOTHER)
    assert changed.stamp != sam.stamp
    with pytest.raises(OverError):
        await held.choose(sam.id, sam.stamp, "a password of somebody else")
    assert await held.sign_in(sam.login, ANOTHER, "", HERE), "who has a new password need not wait"


async def test_changing_the_own_password_asks_for_the_old_one(
    held: Accounts, sam: Account, database: Database
) -> None:
    with pytest.raises(WrongSignInError):
        await held.change(sam.id, sam.stamp, "wrong", ANOTHER, HERE)
    with pytest.raises(WeakPasswordError):
        await held.change(sam.id, sam.stamp, PASSWORD, "short", HERE)
    changed = await held.change(sam.id, sam.stamp, PASSWORD, ANOTHER, HERE)
    with pytest.raises(WrongSignInError):
        await held.change(sam.id, sam.stamp, ANOTHER, PASSWORD, HERE)
    assert await held.holds(sam.id, changed.stamp)
    assert await held.sign_in(sam.login, ANOTHER, "", HERE)
    with pytest.raises(WrongSignInError):
        await held.sign_in(sam.login, PASSWORD, "", HERE)


async def test_guessing_the_old_password_is_slowed_down_too(held: Accounts, sam: Account) -> None:
    for _ in range(BY_LOGIN.free):
        with pytest.raises(WrongSignInError):
            await held.change(sam.id, sam.stamp, "wrong", ANOTHER, HERE)
    with pytest.raises(TooManyFailuresError):
        await held.change(sam.id, sam.stamp, PASSWORD, ANOTHER, HERE)


async def test_no_secret_is_printed(sam: Account) -> None:
    assert sam.password not in repr(sam)
    assert "totp_secret" not in repr(sam)


@pytest.mark.parametrize("login", ["ab", "with space", "x" * 129, "tab\there", "", "zero\u200bwidth"])
async def test_what_cannot_be_a_login(login: str) -> None:
    with pytest.raises(rows.BadLoginError):
        rows.normal_login(login)
