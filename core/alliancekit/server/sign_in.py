"""`/sign-in` and what belongs to it: choosing a password by a link, changing it, signing out.

For therapists and supervisors with an account of their own; see `alliancekit.accounts`. Every form works
without JavaScript. Who may not in is told the same whatever was wrong.
"""

from __future__ import annotations

import math
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from alliancekit.accounts import OverError, TooManyFailuresError, WrongSignInError
from alliancekit.errors import NotAllowedError
from alliancekit.languages import Language
from alliancekit.languages.pages import Words
from alliancekit.passwords import LONGEST, SHORTEST, BusyError, WeakPasswordError
from alliancekit.server import auth
from alliancekit.server.callers import Addresses
from alliancekit.server.forms import FormRoute, check_origin, form, see_other
from alliancekit.server.therapist import reader, render
from alliancekit.server.tokens import PasswordClaims, SupervisorClaims, TherapistClaims
from alliancekit.store import accounts as rows
from alliancekit.store.accounts import Account
from alliancekit.web.rating import accepted

router = APIRouter(include_in_schema=False, route_class=FormRoute)

DONE: Final = {"password": "choose.done", "out": "out.done"}
"""What `?done=` says on the page, by its text."""

KINDS: Final[dict[str, type[TherapistClaims] | type[SupervisorClaims]]] = {
    "therapist": TherapistClaims,
    "supervisor": SupervisorClaims,
}
"""What the cookies of those hold who may have an account."""

_environment = Environment(
    loader=PackageLoader("alliancekit.server"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@router.get("/sign-in")
async def page(request: Request, done: str = "") -> Response:
    """The form."""
    return _page(request, "sign_in.html", done=DONE.get(done, ""))


@router.post("/sign-in")
async def enter(request: Request) -> Response:
    """Fields `login`, `password`, `code`; leads to the pages of who signed in."""
    fields = await form(request, limit=8 * 1024)
    backend = auth.backend_of(request)
    login = fields.get("login", "")
    try:
        one = await backend.accounts.sign_in(
            login, fields.get("password", ""), fields.get("code", ""), _address(request)
        )
    except (WrongSignInError, TooManyFailuresError, BusyError) as error:
        return _refused(request, "sign_in.html", error, login=login)
    return auth.enter(backend, claims_of(one))


def claims_of(one: Account) -> TherapistClaims | SupervisorClaims:
    """What the cookie of somebody who signed in with a password holds."""
    holds = {"account": one.id, "password_at": one.stamp}
    if one.role == "supervisor":
        return SupervisorClaims(tenant=one.tenant, supervisor=one.person, **holds)
    return TherapistClaims(tenant=one.tenant, therapist=one.person, **holds)


# choosing a password by a link --------------------------------------------------------------------------


@router.get("/sign-in/password")
async def choose_page(request: Request, link: str = "") -> Response:
    """The form behind a link; to open it uses nothing up."""
    try:
        one = await _of_link(request, link)
    except NotAllowedError:
        return _page(request, "link_over.html", 410)
    return _page(request, "choose.html", link=link, login=one.login)


@router.post("/sign-in/password")
async def choose(request: Request) -> Response:
    """Fields `link`, `new`, `again`."""
    fields = await form(request, limit=8 * 1024)
    link = fields.get("link", "")
    try:
        one = await _of_link(request, link)
    except NotAllowedError:
        return _page(request, "link_over.html", 410)
    if problem := _differ(fields):
        return _page(request, "choose.html", 422, link=link, login=one.login, problem=problem)
    backend = auth.backend_of(request)
    try:
        await backend.accounts.choose(one.id, one.stamp, fields.get("new", ""))
    except (WeakPasswordError, BusyError) as error:
        return _refused(request, "choose.html", error, link=link, login=one.login)
    except OverError:
        return _page(request, "link_over.html", 410)
    backend.live.drop((one.role, one.tenant, one.person))
    return see_other("/sign-in?done=password")


async def _of_link(request: Request, link: str) -> Account:
    """The account whose password a link sets.

    Raises:
        NotAllowedError: the link is altered, too old, or was used.
    """
    backend = auth.backend_of(request)
    claims = backend.tokens.check(link, PasswordClaims)
    one = await backend.accounts.of_link(claims.account, claims.password_at)
    if one.tenant != claims.tenant:
        raise OverError
    return one


# the account of who is signed in ------------------------------------------------------------------------


@router.get("/therapist/account")
@router.get("/supervisor/account")
async def account_page(request: Request, done: str = "") -> Response:
    """Who is signed in, the form for another password, and signing out."""
    role = _role(request)
    claims = _reader(request, role)
    if claims is None:
        return see_other("/sign-in")
    return await _account(request, role, claims, done="change.done" if done == "password" else "")


@router.post("/therapist/account")
@router.post("/supervisor/account")
async def change(request: Request) -> Response:
    """Fields `old`, `new`, `again`; the sessions elsewhere end, this one goes on."""
    role = _role(request)
    fields = await form(request, limit=8 * 1024)
    claims = _reader(request, role)
    if claims is None or not claims.account:
        return see_other("/sign-in")
    if problem := _differ(fields):
        return await _account(request, role, claims, 422, problem=problem)
    backend = auth.backend_of(request)
    try:
        one = await backend.accounts.change(
            claims.account,
            claims.password_at,
            fields.get("old", ""),
            fields.get("new", ""),
            _address(request),
        )
    except WrongSignInError:
        return await _account(request, role, claims, 403, problem=("change.wrong", "old", {}))
    except (WeakPasswordError, TooManyFailuresError, BusyError) as error:
        return await _account(request, role, claims, error.status, problem=_said(error), error=error)
    backend.live.drop((one.role, one.tenant, one.person))
    return auth.enter(backend, claims_of(one), to=f"/{role}/account?done=password")


@router.post("/therapist/sign-out")
@router.post("/supervisor/sign-out")
async def sign_out(request: Request) -> Response:
    """The cookie is forgotten."""
    check_origin(request)
    return auth.leave(auth.backend_of(request), KINDS[_role(request)], to="/sign-in?done=out")


def _reader(request: Request, role: str) -> TherapistClaims | SupervisorClaims | None:
    if role == "supervisor":
        return auth.reader(request, SupervisorClaims)
    return auth.reader(request, TherapistClaims)


def _role(request: Request) -> str:
    """Whose page was asked for, by the route that was found."""
    return str(request.scope["route"].path).split("/")[1]


async def _account(
    request: Request,
    role: str,
    claims: TherapistClaims | SupervisorClaims,
    status: int = 200,
    *,
    problem: Any = None,
    done: str = "",
    error: Exception | None = None,
) -> Response:
    database = auth.backend_of(request).service.database
    one = await database.read(lambda conn: rows.by_id(conn, claims.account)) if claims.account else None
    shown = {"role": role, "login": one.login if one else "", "problem": problem, "done": done}
    language = await _language(request, claims)
    return _page(request, "account.html", status, error=error, language=language, **shown)


async def _language(request: Request, claims: TherapistClaims | SupervisorClaims) -> Language:
    """The language of the reader's other pages."""
    service, accept = auth.backend_of(request).service, request.headers.get("accept-language", "")
    if isinstance(claims, TherapistClaims):
        return await reader.language_of(service, claims, accept)
    return service.languages.find(*accepted(accept))


# what the pages share -----------------------------------------------------------------------------------


def _address(request: Request) -> str:
    settings = auth.backend_of(request).service.settings
    return Addresses(settings.trusted_proxies).of(request.scope)


def _differ(fields: dict[str, str]) -> Any:
    same = fields.get("new", "") == fields.get("again", "")
    return None if same else ("problem.differ", "again", {})


def _said(error: Exception) -> Any:
    """The text of a problem, the field it belongs to, and what is put into the text."""
    if isinstance(error, WeakPasswordError):
        return (f"problem.{error.reason}", "new", {"least": SHORTEST, "most": LONGEST})
    if isinstance(error, TooManyFailuresError):
        if error.retry_after < 90:
            return ("problem.wait_seconds", "", {"n": error.retry_after})
        return ("problem.wait_minutes", "", {"n": math.ceil(error.retry_after / 60)})
    return ("problem.busy" if isinstance(error, BusyError) else "problem.wrong", "", {})


def _refused(
    request: Request,
    template: str,
    error: WrongSignInError | TooManyFailuresError | BusyError | WeakPasswordError,
    **shown: Any,
) -> Response:
    return _page(request, template, error.status, problem=_said(error), error=error, **shown)


def _page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    error: Exception | None = None,
    language: Language | None = None,
    **shown: Any,
) -> Response:
    service = auth.backend_of(request).service
    wanted = accepted(request.headers.get("accept-language", ""))
    words = Words(language or service.languages.find(*wanted), "sign_in")
    values = {"problem": None, "done": "", "login": "", "link": "", "role": "", "least": SHORTEST} | shown
    headers = dict(render.HEADERS)
    if isinstance(error, TooManyFailuresError | BusyError):
        headers["Retry-After"] = str(getattr(error, "retry_after", 5))
    html = _environment.get_template(template).render(words=words, **values)
    return HTMLResponse(html, status, headers)
