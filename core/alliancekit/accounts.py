"""Signing in with a password of one's own: the check, its brake, and how long it holds.

Whoever guesses is slowed down by login and by address, in the database, so that neither a restart nor a
second process starts the count anew. An attempt counts before its password is looked at. Nothing tells
whether a login exists: unknown ones take as long, are counted and refused alike.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from sqlalchemy import Connection

from alliancekit import totp
from alliancekit.config import Settings
from alliancekit.errors import NotAllowedError, RefusedError
from alliancekit.passwords import Hashing, check_strength, is_outdated
from alliancekit.store import accounts, audit
from alliancekit.store.accounts import Account
from alliancekit.store.database import Database

REMEMBERED: Final = 86400.0
"""Seconds for which a failure counts."""

LONGEST_WAIT: Final = 900.0
"""Seconds between two attempts at most: about a hundred a day (NIST SP 800-63B-4, 3.2.2: 100 in a row)."""


@dataclass(frozen=True, slots=True)
class Brake:
    """So many failures are free; the next waits a second, and each one after it twice as long."""

    free: int

    def wait(self, count: int, last: float, now: float) -> float:
        """Seconds until the next attempt is looked at.

        Args:
            count: failures that are remembered.
            last: when the last one was.
            now: seconds since 1970 UTC.
        """
        if count < self.free:
            return 0.0
        delay = min(LONGEST_WAIT, 2.0 ** min(count - self.free, 20))
        return max(0.0, last + delay - now)


BY_LOGIN: Final = Brake(free=5)
BY_ADDRESS: Final = Brake(free=30)
"""More people than one share an address."""


class WrongSignInError(NotAllowedError):
    """Login, password or code is not right; which one, nobody is told."""

    slug: ClassVar[str] = "wrong-sign-in"

    def __init__(self) -> None:
        super().__init__("The login, the password or the code is not right.", fix="Try again.")


class TooManyFailuresError(RefusedError):
    """Too many sign-ins failed; `retry_after` is in seconds."""

    status: ClassVar[int] = 429
    slug: ClassVar[str] = "too-many-requests"

    def __init__(self, wait: float) -> None:
        self.retry_after = max(1, math.ceil(wait))
        super().__init__(
            "Too many sign-ins failed; this one was not looked at.",
            fix=f"Wait {self.retry_after} s and try again.",
        )


class OverError(NotAllowedError):
    """A link to choose a password was used, is too old, or another one took its place."""

    slug: ClassVar[str] = "link-over"

    def __init__(self) -> None:
        super().__init__(
            "This link works once and for a day; it is over.", fix="Ask who runs this service for a new one."
        )


class Accounts:
    """The accounts of a service.

    Args:
        database: open.
        secret: makes the stored digests of logins and addresses useless to who has only the database.
        clock: seconds since 1970 UTC.
    """

    def __init__(self, database: Database, secret: bytes, clock: Callable[[], float]) -> None:
        self._database = database
        self._secret = hashlib.sha256(b"alliancekit:failed-sign-in\0" + secret).digest()
        self._clock = clock
        self._hashing = Hashing()

    async def sign_in(self, login: str, password: str, code: str, address: str) -> Account:
        """The account whose login, password and, where it has them, one-time code these are.

        Args:
            login: as it was typed.
            password: as it was typed.
            code: of the authenticator app; empty where there is none.
            address: the network address that the attempt comes from; empty where it cannot be told.

        Raises:
            WrongSignInError: something is not right, or the account is disabled.
            TooManyFailuresError: too many failed before; nothing was looked at.
            BusyError: too many sign in at this moment.
            StoreError: the database does not answer.
        """
        now = self._clock()
        subjects = self._subjects(login, address)

        def count_first(conn: Connection) -> Account | None:
            _count(conn, subjects, now)
            return accounts.by_login(conn, login)

        one = await self._database.write(count_first)
        kept = one.password if one is not None and one.disabled_at is None else ""
        right = await self._hashing.matches(kept, password)

        def let_in(conn: Connection) -> Account | None:
            accounts.forget_failures(conn, before=now - REMEMBERED)
            current = None if one is None else accounts.by_id(conn, one.id)
            if current is None:
                return None
            unchanged = current.password == kept and current.disabled_at is None
            if not (right and unchanged and self._code_fits(conn, current, code, now)):
                self._audit(conn, current, "account.sign_in_failed", now)
                return None
            accounts.forget_failures(conn, subject=subjects[0])
            accounts.forget_failure(conn, subjects[1], now)
            self._audit(conn, current, "account.signed_in", now)
            return current

        entered = await self._database.write(let_in)
        if entered is None:
            raise WrongSignInError
        if is_outdated(entered.password):
            anew = await self._hashing.hash(password)
            await self._database.write(lambda conn: accounts.keep_anew(conn, entered, anew))
        return entered

    @staticmethod
    def _code_fits(conn: Connection, one: Account, code: str, now: float) -> bool:
        if one.totp_secret is None:
            return True
        step = totp.step_of(one.totp_secret, code, now, after=one.totp_step)
        return step is not None and accounts.use_step(conn, one, step)

    async def holds(self, account: str, stamp: str) -> bool:
        """Whether a session still holds: the account is there, not disabled, with the same `stamp`.

        Raises:
            StoreError: the database does not answer.
        """
        one = await self._database.read(lambda conn: accounts.by_id(conn, account))
        return one is not None and one.disabled_at is None and one.stamp == stamp

    async def any(self) -> bool:
        """Whether anybody signs in here with a password."""
        return await self._database.read(accounts.any_account)

    async def choose(self, account: str, stamp: str, password: str) -> Account:
        """Set the password by a link; ends the account's sessions and the link.

        Raises:
            OverError: the link is over.
            WeakPasswordError: the password is not taken; the link still works.
            BusyError: too many sign in at this moment.
            StoreError: the database does not answer.
        """
        one = await self.of_link(account, stamp)
        kept = await self.kept(password, one.login)
        now = self._clock()

        def work(conn: Connection) -> Account:
            current = accounts.by_id(conn, account)
            if current is None or current.disabled_at is not None or current.stamp != stamp:
                raise OverError
            changed = accounts.set_password(conn, current, kept, now)
            accounts.forget_failures(conn, subject=self.login_subject(current.login))
            self._audit(conn, changed, "account.password_changed", now)
            return changed

        return await self._database.write(work)

    async def of_link(self, account: str, stamp: str) -> Account:
        """Whose password a link sets.

        Raises:
            OverError: the link is over.
            StoreError: the database does not answer.
        """
        one = await self._database.read(lambda conn: accounts.by_id(conn, account))
        if one is None or one.disabled_at is not None or one.stamp != stamp:
            raise OverError
        return one

    async def change(self, account: str, stamp: str, old: str, new: str, address: str) -> Account:
        """Change one's own password; ends the account's other sessions.

        Raises:
            WrongSignInError: `old` is not the password, or the session is over.
            TooManyFailuresError: too many failed before.
            WeakPasswordError: `new` is not taken.
            BusyError: too many sign in at this moment.
            StoreError: the database does not answer.
        """
        one = await self._database.read(lambda conn: accounts.by_id(conn, account))
        if one is None or one.stamp != stamp:
            raise WrongSignInError
        check_strength(new, one.login)
        now = self._clock()
        subjects = self._subjects(one.login, address)

        await self._database.write(lambda conn: _count(conn, subjects, now))
        if not await self._hashing.matches(one.password, old):
            await self._database.write(
                lambda conn: self._audit(conn, one, "account.password_change_failed", now)
            )
            raise WrongSignInError
        kept = await self._hashing.hash(new)

        def work(conn: Connection) -> Account:
            current = accounts.by_id(conn, account)
            if current is None or current.stamp != stamp or current.disabled_at is not None:
                raise WrongSignInError
            changed = accounts.set_password(conn, current, kept, now)
            accounts.forget_failures(conn, subject=subjects[0])
            accounts.forget_failure(conn, subjects[1], now)
            self._audit(conn, changed, "account.password_changed", now)
            return changed

        return await self._database.write(work)

    async def kept(self, password: str, login: str) -> str:
        """A password as it is kept.

        Raises:
            WeakPasswordError: it is not taken.
            BusyError: too many sign in at this moment.
        """
        check_strength(password, login)
        return await self._hashing.hash(password)

    def login_subject(self, login: str) -> str:
        """The digest under which failures of a login are counted."""
        try:
            login = accounts.normal_login(login)
        except accounts.BadLoginError:
            login = login.strip()
        return self._subject("login", login)

    def _subjects(self, login: str, address: str) -> tuple[str, str]:
        """The digests under which an attempt is counted; that of the address is empty without one."""
        return self.login_subject(login), self._subject("address", address) if address else ""

    def _subject(self, kind: str, what: str) -> str:
        return hmac.digest(self._secret, f"{kind}\0{what}".encode(errors="replace"), hashlib.sha256).hex()

    @staticmethod
    def _audit(conn: Connection, one: Account, action: str, now: float) -> None:
        audit.append(conn, tenant=one.tenant, actor=one.id, action=action, object=one.id, details={}, now=now)


def accounts_of(settings: Settings, database: Database, clock: Callable[[], float]) -> Accounts:
    """The accounts of a service with these settings.

    Raises:
        ConfigError: a signing key cannot be read, or none is set where one is needed.
    """
    return Accounts(database, next(iter(settings.keys().values())), clock)


def _count(conn: Connection, subjects: tuple[str, str], now: float) -> None:
    """Count an attempt as failed before it is looked at, so that many at once are not looked at for free."""
    # In the same order everywhere, since PostgreSQL locks one after the other.
    counted = [
        (subject, brake) for subject, brake in zip(subjects, (BY_LOGIN, BY_ADDRESS), strict=True) if subject
    ]
    for subject, brake in sorted(counted, key=str):
        wait = brake.wait(*accounts.failures(conn, subject, now - REMEMBERED), now)
        if wait > 0:
            raise TooManyFailuresError(wait)
    for subject, _ in counted:
        accounts.add_failure(conn, subject, now)
