"""People who sign in here: their accounts, and the sign-ins that failed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from alliancekit.errors import ConflictError, NotFoundError, RefusedError
from alliancekit.store.compiled import insert_new
from alliancekit.store.tables import account, failed_sign_in
from alliancekit.store.text import new_id

AccountRole = Literal["therapist", "supervisor"]

SMALLEST_STEP: Final = 0.001
"""Seconds between two values of `password_at` at least, so that each is another."""


class BadLoginError(RefusedError):
    """A login that cannot be: too short, too long, or with characters that nobody sees."""

    status = 422
    slug = "invalid-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signs in with a password.

    `person` is the vendor's identifier; `password` is empty until one was chosen; `password_at` changes with
    whatever ends the account's sessions.
    """

    id: str
    tenant: str
    login: str
    role: AccountRole
    person: str
    password: str = field(repr=False)
    totp_secret: str | None = field(repr=False)
    totp_step: int | None
    created_at: float
    password_at: float
    disabled_at: float | None

    @property
    def stamp(self) -> str:
        """What the tokens of its sessions carry: equal as long as they hold."""
        return repr(self.password_at)


def normal_login(text: str) -> str:
    """A login as it is stored: in one case and one composition.

    Raises:
        BadLoginError: fewer than 3 or more than 128 characters, or some that cannot be seen.
    """
    login = unicodedata.normalize("NFKC", text).strip().casefold()
    if not 3 <= len(login) <= 128 or not login.isprintable() or " " in login:
        raise BadLoginError(
            "This cannot be a login: it needs 3 to 128 characters without spaces.",
            fix="An e-mail address is a good one.",
        )
    return login


def create(
    conn: Connection, *, tenant: str, login: str, role: AccountRole, person: str, now: float
) -> Account:
    """Store an account that has no password yet.

    Raises:
        BadLoginError: see `normal_login`.
        ConflictError: somebody has this login, at whichever tenant.
    """
    account_id = new_id("acc")
    values = {
        "id": account_id,
        "tenant": tenant,
        "login": normal_login(login),
        "role": role,
        "person": person,
        "password": "",
        "created_at": now,
        "password_at": now,
    }
    if not insert_new(conn, account, values):
        raise ConflictError("There is an account with this login already.", fix="Choose another login.")
    return wanted(conn, account_id)


def wanted(conn: Connection, login_or_id: str) -> Account:
    """An account by its login or its id.

    Raises:
        NotFoundError: there is none.
    """
    found = _read(conn, account.c.id == login_or_id) or by_login(conn, login_or_id)
    if found is None:
        raise NotFoundError("There is no such account.", fix="See them with `alliancekit users list`.")
    return found


def by_login(conn: Connection, login: str) -> Account | None:
    """An account by what somebody typed as their login."""
    try:
        return _read(conn, account.c.login == normal_login(login))
    except BadLoginError:
        return None


def by_id(conn: Connection, account_id: str) -> Account | None:
    """An account by its id."""
    return _read(conn, account.c.id == account_id)


def all_of(conn: Connection, tenant: str | None = None) -> tuple[Account, ...]:
    """Accounts by login; of one tenant, or of all."""
    query = select(account).order_by(account.c.login)
    if tenant is not None:
        query = query.where(account.c.tenant == tenant)
    return tuple(Account(**row) for row in conn.execute(query).mappings())


def any_account(conn: Connection) -> bool:
    """Whether anybody signs in here."""
    return conn.execute(select(account.c.id).limit(1)).scalar() is not None


def set_password(conn: Connection, one: Account, kept: str, now: float) -> Account:
    """Give an account another password, or none with an empty one; ends its sessions."""
    return _changed(conn, one, now, password=kept)


def keep_anew(conn: Connection, one: Account, kept: str) -> None:
    """Keep the same password with other parameters; its sessions go on."""
    query = update(account).where(account.c.id == one.id, account.c.password == one.password)
    conn.execute(query.values(password=kept))


def disable(conn: Connection, one: Account, now: float) -> Account:
    """Let an account sign in no more; ends its sessions."""
    return _changed(conn, one, now, disabled_at=now)


def enable(conn: Connection, one: Account, now: float) -> Account:
    """Let an account sign in again; its former sessions stay ended."""
    return _changed(conn, one, now, disabled_at=None)


def set_totp(conn: Connection, one: Account, secret: str | None) -> Account:
    """Ask an account for codes of this secret when it signs in, or for none."""
    query = update(account).where(account.c.id == one.id).values(totp_secret=secret, totp_step=None)
    conn.execute(query)
    return wanted(conn, one.id)


def remove(conn: Connection, one: Account) -> None:
    """Delete an account; ends its sessions."""
    conn.execute(delete(account).where(account.c.id == one.id))


def use_step(conn: Connection, one: Account, step: int) -> bool:
    """Use up a code's time step; False if it, or a later one, was used before."""
    unused = or_(account.c.totp_step.is_(None), account.c.totp_step < step)
    query = update(account).where(account.c.id == one.id, unused).values(totp_step=step)
    return conn.execute(query).rowcount == 1


# sign-ins that failed ---------------------------------------------------------------------------------


def failures(conn: Connection, subject: str, since: float) -> tuple[int, float]:
    """How often sign-ins of a subject failed since a time, and when the last one did.

    On PostgreSQL, who asks for the same subject meanwhile waits for the end of this transaction.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(subject, 0))))
    rows = failed_sign_in.c
    query = select(func.count(), func.max(rows.at)).where(rows.subject == subject, rows.at > since)
    count, last = conn.execute(query).one()
    return int(count), float(last or 0.0)


def add_failure(conn: Connection, subject: str, now: float) -> None:
    """Record that a sign-in of a subject failed."""
    conn.execute(insert(failed_sign_in).values(subject=subject, at=now))


def forget_failure(conn: Connection, subject: str, at: float) -> None:
    """Take back one failure of a subject."""
    rows = failed_sign_in.c
    one = select(func.max(rows.id)).where(rows.subject == subject, rows.at == at).scalar_subquery()
    conn.execute(delete(failed_sign_in).where(rows.id == one))


def forget_failures(conn: Connection, *, subject: str = "", before: float | None = None) -> None:
    """Forget the failures of a subject, or all before a time."""
    rows = failed_sign_in.c
    which = rows.subject == subject if before is None else rows.at <= before
    conn.execute(delete(failed_sign_in).where(which))


def _read(conn: Connection, which: object) -> Account | None:
    row = conn.execute(select(account).where(which)).mappings().one_or_none()  # type: ignore[arg-type]
    return None if row is None else Account(**row)


def _changed(conn: Connection, one: Account, now: float, **values: object) -> Account:
    query = select(account.c.password_at).where(account.c.id == one.id).with_for_update()
    before = conn.execute(query).scalar()
    if before is None:
        raise NotFoundError("There is no such account any more.")
    at = max(now, before + SMALLEST_STEP)
    conn.execute(update(account).where(account.c.id == one.id).values(password_at=at, **values))
    return wanted(conn, one.id)
