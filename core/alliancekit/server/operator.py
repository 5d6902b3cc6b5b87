"""What an operator does with tenants, keys and accounts: each operation by its name, with its audit entry.

The same code serves `alliancekit tenants|keys|users` whether it runs in the service (see `control`) or alone
with the database. What is returned is JSON; a key, a link or a secret in it exists nowhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, validate_call
from sqlalchemy import Connection

from alliancekit import totp
from alliancekit.accounts import Accounts
from alliancekit.errors import ConflictError, NotFoundError, RefusedError
from alliancekit.server.tokens import PasswordClaims, Tokens
from alliancekit.store import accounts, audit, tenants
from alliancekit.store.accounts import Account, AccountRole
from alliancekit.store.database import Database

ACTOR: Final = "operator"

operation = validate_call(config={"arbitrary_types_allowed": True})
"""Checks the arguments of an operation."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Person = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class BadOperationError(RefusedError):
    """An operation is not known, or was not asked for as it has to be."""

    status = 422
    slug = "invalid-request"


class Operator:
    """Does what the operator asks.

    Args:
        database: open.
        accounts: whose counts of failures a new password ends.
        tokens: makes what signs links to choose a password.
        base_url: how browsers reach the service, without a slash at the end.
        clock: seconds since 1970 UTC.
        ended: told of an account whose sessions have just ended.
    """

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        tokens: Callable[[], Tokens],
        base_url: str,
        clock: Callable[[], float],
        *,
        ended: Callable[[Account], object] = lambda one: None,
    ) -> None:
        self.database = database
        self.accounts = accounts
        self.base_url = base_url
        self.clock = clock
        self.ended = ended
        self._tokens = tokens

    async def do(self, what: str, given: Mapping[str, Any]) -> Any:
        """Do one operation.

        Args:
            what: its name, a key of `OPERATIONS`.
            given: its arguments.

        Raises:
            RefusedError: it cannot be done; nothing was changed.
            StoreError: the database failed.
        """
        chosen = OPERATIONS.get(what)
        if chosen is None:
            raise BadOperationError(
                "The service does not know this operation.",
                fix="Restart it, so that both are of one release.",
            )
        try:
            return await chosen(self, **given)
        except ValidationError as error:
            wrong = ", ".join(str(one["loc"][-1]) for one in error.errors(include_input=False))
            raise BadOperationError(f"This does not fit: {wrong}.", fix="See --help.") from None

    def write_down(
        self, conn: Connection, tenant: str, action: str, what: str, **details: str | int | bool
    ) -> None:
        """Add the audit entry of an operation."""
        audit.append(
            conn,
            tenant=tenant,
            actor=ACTOR,
            action=action,
            object=what,
            details=details,
            now=self.clock(),
        )

    def link_for(self, one: Account) -> dict[str, Any]:
        """A link with which the account's person chooses a password."""
        token = self._tokens().issue(PasswordClaims(tenant=one.tenant, account=one.id, password_at=one.stamp))
        until = self.clock() + PasswordClaims.lifetime
        return {"link": f"{self.base_url}/sign-in/password?link={token}", "link_until": until}


# tenants ----------------------------------------------------------------------------------------------


@operation
async def list_tenants(by: Operator) -> Any:
    """Every tenant, with what it has."""

    def work(conn: Connection) -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                "name": one.name,
                "created_at": one.created_at,
                "keys": len(tenants.keys(conn, one.id)),
                "has": tenants.what_it_has(conn, one.id),
            }
            for one in tenants.all_tenants(conn)
        ]

    return {"tenants": await by.database.read(work)}


@operation
async def create_tenant(by: Operator, *, name: Name) -> Any:
    """A tenant with its first key."""

    def work(conn: Connection) -> dict[str, Any]:
        tenant, key = tenants.create_tenant(conn, name.strip(), by.clock())
        by.write_down(conn, tenant, "tenant.created", tenant)
        return {"id": tenant, "name": name.strip(), "key": key}

    return await by.database.write(work)


@operation
async def rename_tenant(by: Operator, *, tenant: str, name: Name) -> Any:
    """Another name."""

    def work(conn: Connection) -> dict[str, Any]:
        which = tenants.only_tenant(conn, tenant)
        tenants.rename(conn, which, name.strip())
        by.write_down(conn, which, "tenant.renamed", which)
        return {"id": which, "name": name.strip()}

    return await by.database.write(work)


@operation
async def delete_tenant_if_empty(by: Operator, *, tenant: str) -> Any:
    """Delete a tenant that has no people, no courses and no work left."""

    def work(conn: Connection) -> dict[str, Any]:
        which = tenants.only_tenant(conn, tenant)
        if has := tenants.what_it_has(conn, which):
            listed = ", ".join(f"{count} {what}" for what, count in has.items())
            raise ConflictError(
                f"This tenant is not empty: {listed}. Nothing was deleted.",
                fix="Erase its episodes (DELETE /v1/episodes/{id}) and remove its users first.",
            )
        tenants.delete_empty(conn, which)
        by.write_down(conn, which, "tenant.deleted", which)
        return {"id": which, "deleted": True}

    return await by.database.write(work)


# keys -------------------------------------------------------------------------------------------------


@operation
async def list_keys(by: Operator, *, tenant: str | None = None) -> Any:
    """Every key's id and dates."""

    def work(conn: Connection) -> list[dict[str, Any]]:
        which = None if tenant is None else tenants.only_tenant(conn, tenant)
        return [
            {
                "id": one.id,
                "tenant": one.tenant,
                "created_at": one.created_at,
                "revoked_at": one.revoked_at,
            }
            for one in tenants.all_keys(conn, which)
        ]

    return {"keys": await by.database.read(work)}


@operation
async def create_key(by: Operator, *, tenant: str | None = None) -> Any:
    """One more key for a tenant."""

    def work(conn: Connection) -> dict[str, Any]:
        which = tenants.only_tenant(conn, tenant)
        key_id, key = tenants.add_key(conn, which, by.clock())
        by.write_down(conn, which, "key.created", key_id)
        return {"id": key_id, "tenant": which, "key": key}

    return await by.database.write(work)


@operation
async def revoke_key(by: Operator, *, key: str) -> Any:
    """Make a key invalid from now on."""

    def work(conn: Connection) -> dict[str, Any]:
        found = next((one for one in tenants.all_keys(conn) if one.id == key), None)
        if found is None:
            raise NotFoundError(
                "There is no such key.", fix="Name its id, key_…: `alliancekit keys list` has them all."
            )
        if not tenants.revoke(conn, found.tenant, key, by.clock()):
            raise ConflictError("This key was revoked before.")
        by.write_down(conn, found.tenant, "key.revoked", key)
        return {"id": key, "tenant": found.tenant, "keys_left": len(tenants.keys(conn, found.tenant))}

    return await by.database.write(work)


# users ------------------------------------------------------------------------------------------------


@operation
async def list_users(by: Operator, *, tenant: str | None = None) -> Any:
    """Every account."""

    def work(conn: Connection) -> list[dict[str, Any]]:
        which = None if tenant is None else tenants.only_tenant(conn, tenant)
        return [_shown(one) for one in accounts.all_of(conn, which)]

    return {"users": await by.database.read(work)}


@operation
async def create_user(
    by: Operator,
    *,
    login: str,
    role: AccountRole,
    person: Person,
    tenant: str | None = None,
    password: str | None = None,
) -> Any:
    """An account, with a password or a link to choose one."""
    kept = "" if password is None else await by.accounts.kept(password, login)

    def work(conn: Connection) -> Account:
        which = tenants.only_tenant(conn, tenant)
        now = by.clock()
        one = accounts.create(conn, tenant=which, login=login, role=role, person=person, now=now)
        by.write_down(conn, which, "account.created", one.id, role=role)
        return accounts.set_password(conn, one, kept, now) if kept else one

    one = await by.database.write(work)
    return _shown(one) | ({} if kept else by.link_for(one))


@operation
async def set_user_password(by: Operator, *, user: str, password: str | None = None) -> Any:
    """Another password, or none and a link to choose one; ends the account's sessions."""
    login = await by.database.read(lambda conn: accounts.wanted(conn, user).login)
    kept = "" if password is None else await by.accounts.kept(password, login)

    def change(conn: Connection, one: Account) -> Account:
        accounts.forget_failures(conn, subject=by.accounts.login_subject(one.login))
        return accounts.set_password(conn, one, kept, by.clock())

    one = await _change(by, user, "account.password_reset", change)
    return _shown(one) | ({} if kept else by.link_for(one))


@operation
async def disable_user(by: Operator, *, user: str) -> Any:
    """No sign-in any more, and no session."""
    done = await _change(
        by, user, "account.disabled", lambda conn, one: accounts.disable(conn, one, by.clock())
    )
    return _shown(done)


@operation
async def enable_user(by: Operator, *, user: str) -> Any:
    """Sign-in again."""
    return _shown(
        await _change(by, user, "account.enabled", lambda conn, one: accounts.enable(conn, one, by.clock()))
    )


@operation
async def set_user_totp(by: Operator, *, user: str, on: bool) -> Any:
    """A new secret for one-time codes, or none any more; the next sign-in asks for one."""
    secret = totp.new_secret() if on else None
    one = await _change(
        by,
        user,
        "account.totp_set" if on else "account.totp_removed",
        lambda conn, one: accounts.set_totp(conn, one, secret),
    )
    return _shown(one) | ({} if secret is None else {"secret": secret, "uri": totp.uri(secret, one.login)})


@operation
async def remove_user(by: Operator, *, user: str) -> Any:
    """Delete an account; what the person wrote stays."""

    def change(conn: Connection, one: Account) -> Account:
        accounts.remove(conn, one)
        accounts.forget_failures(conn, subject=by.accounts.login_subject(one.login))
        return one

    return {"id": (await _change(by, user, "account.removed", change)).id, "removed": True}


OPERATIONS: Final[Mapping[str, Callable[..., Awaitable[Any]]]] = {
    "tenants.list": list_tenants,
    "tenants.create": create_tenant,
    "tenants.rename": rename_tenant,
    "tenants.delete": delete_tenant_if_empty,
    "keys.list": list_keys,
    "keys.create": create_key,
    "keys.revoke": revoke_key,
    "users.list": list_users,
    "users.create": create_user,
    "users.password": set_user_password,
    "users.disable": disable_user,
    "users.enable": enable_user,
    "users.totp": set_user_totp,
    "users.remove": remove_user,
}


async def _change(
    by: Operator, user: str, action: str, change: Callable[[Connection, Account], Account]
) -> Account:
    """Change an account, write it down, and end what hangs on its sessions."""

    def work(conn: Connection) -> Account:
        one = change(conn, accounts.wanted(conn, user))
        by.write_down(conn, one.tenant, action, one.id)
        return one

    one = await by.database.write(work)
    by.ended(one)
    return one


def _shown(one: Account) -> dict[str, Any]:
    return {
        "id": one.id,
        "tenant": one.tenant,
        "login": one.login,
        "role": one.role,
        "person": one.person,
        "password": bool(one.password),
        "totp": one.totp_secret is not None,
        "created_at": one.created_at,
        "disabled_at": one.disabled_at,
    }
