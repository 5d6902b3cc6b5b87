"""Errors over HTTP: every refusal is an `application/problem+json` that never repeats what was sent."""

from __future__ import annotations

import json
import logging
import uuid

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from alliancekit.errors import RefusedError

log = logging.getLogger("alliancekit.server")

PREFIX = "https://alliancekit.invalid/problems/"
"""Problem types are names, not addresses to open; `.invalid` never resolves (RFC 6761)."""

TITLES = {
    "not-found": "Not found",
    "not-allowed": "Not allowed",
    "invalid-answer": "This answer does not fit the question",
    "conflict": "Not possible in this state",
    "invalid-request": "The request is not of the documented form",
    "internal": "Something went wrong on our side",
}


def problem(status: int, slug: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A problem+json response (RFC 9457)."""
    title = TITLES.get(slug, slug.replace("-", " ").capitalize())
    body = {"type": PREFIX + slug, "title": title, "status": status, "detail": detail}
    return Response(json.dumps(body), status, headers, "application/problem+json")


def refused(error: RefusedError) -> Response:
    """What a refusal looks like over HTTP."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return problem(error.status, error.slug, str(error), headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return refused(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "invalid-request", describe_invalid(error.errors()))


def describe_invalid(errors: object) -> str:
    """Where a body is wrong and what was expected, without any value of it."""
    parts = []
    for entry in errors if isinstance(errors, (list, tuple)) else ():
        where = ".".join(str(step) for step in entry["loc"] if step != "body")
        parts.append(f"{where or 'body'}: {entry['type'].replace('_', ' ')}")
    return "; ".join(parts[:5]) or "the body could not be read"


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = "not-found" if error.status_code == 404 else "invalid-request"
    return problem(error.status_code, slug, str(error.detail), dict(error.headers or {}))


def internal(error: Exception, where: str) -> Response:
    """A failure of our own, with a reference that the log repeats."""
    reference = uuid.uuid4().hex[:12]
    # The exception's text may quote a client: only its type is logged.
    log.error("internal error %s: %s on %s", reference, type(error).__name__, where)
    return problem(
        500, "internal", f"Nothing was stored. Try again; if it stays, report reference {reference}."
    )


async def _internal(request: Request, error: Exception) -> Response:
    return internal(error, request.scope["type"])


def install(app: FastAPI) -> None:
    """Make every error of the application a problem+json."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _internal)
