"""Errors over HTTP: every refusal is an `application/problem+json` that never repeats what was sent."""

from __future__ import annotations

import json
import logging
import uuid

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from alliancekit.errors import InstrumentError, RefusedError, StoreError
from alliancekit.limits import TooManyRequestsError
from alliancekit.server import schemas

log = logging.getLogger("alliancekit.server")

PREFIX = "https://alliancekit.invalid/problems/"
"""Problem types are names, not addresses to open; `.invalid` never resolves (RFC 6761)."""

TITLES = {
    "not-found": "Not found",
    "not-allowed": "Not allowed",
    "invalid-answer": "This answer does not fit the question",
    "conflict": "Not possible in this state",
    "invalid-request": "The request is not of the documented form",
    "cannot-be-asked": "This measure cannot be asked here",
    "not-loaded": "The questions are not loaded",
    "too-many-requests": "Too many requests",
    "store": "The database does not answer",
    "internal": "Something went wrong on our side",
}


def problem(
    status: int, slug: str, detail: str, headers: dict[str, str] | None = None, *, fix: str = ""
) -> Response:
    """A problem+json response (RFC 9457); `fix`, the last sentences of `detail`, is a member of its own."""
    title = TITLES.get(slug, slug.replace("-", " ").capitalize())
    body = {"type": PREFIX + slug, "title": title, "status": status, "detail": detail}
    if fix:
        body["fix"] = fix
    return Response(json.dumps(body), status, headers, "application/problem+json")


def of_error(error: Exception, where: str) -> Response:
    """What an exception of ours, or any other, looks like over HTTP; `where` is for the log."""
    if isinstance(error, RefusedError):
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        if isinstance(error, TooManyRequestsError):
            headers = {"Retry-After": str(error.retry_after)}
        return problem(error.status, error.slug, str(error), headers, fix=error.fix)
    if isinstance(error, StoreError):
        log.error("a request failed: %s", error.message)
        return problem(503, "store", str(error), {"Retry-After": "2"}, fix=error.fix)
    if isinstance(error, InstrumentError):
        log.error("a prompt asks what is not here any more: %s", error)
        detail = (
            "What this prompt asks is not loaded at present. Nothing was stored."
            " The operator has to enable the plugin that brings the instrument, or import its text pack."
        )
        return problem(503, "not-loaded", detail, {"Retry-After": "60"})
    reference = uuid.uuid4().hex[:12]
    # The exception's text may quote a client: only its type is logged.
    log.error("internal error %s: %s on %s", reference, type(error).__name__, where)
    return problem(
        500, "internal", f"Nothing was stored. Try again; if it stays, report reference {reference}."
    )


async def _ours(request: Request, error: Exception) -> Response:
    return of_error(error, request.scope["type"])


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "invalid-request", describe_invalid(error.errors()))


_OURS = {"path", "query", "header", "session", "episode", "prompt"}.union(
    *(model.model_fields for model in schemas.Body.__subclasses__())
)
"""The names that may be said of a request: all others are the sender's own words."""


def describe_invalid(errors: object) -> str:
    """Where a request is wrong and what was expected, without a value or a made-up name in it."""
    parts = []
    for entry in errors if isinstance(errors, (list, tuple)) else ():
        steps = [step for step in entry["loc"] if step != "body"]
        where = ".".join(str(step) if isinstance(step, int) or step in _OURS else "…" for step in steps)
        # What a choice may be stands in our own schema.
        choice = entry["type"] == "literal_error"
        what = f"must be {entry['ctx']['expected']}" if choice else entry["type"].replace("_", " ")
        parts.append(f"{where or 'body'}: {what}")
    return "; ".join(parts[:5]) or "the body could not be read"


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = "not-found" if error.status_code == 404 else "invalid-request"
    return problem(error.status_code, slug, str(error.detail), dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Make every error of the application a problem+json."""
    app.add_exception_handler(RefusedError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(InstrumentError, _ours)
    app.add_exception_handler(StoreError, _ours)
    app.add_exception_handler(Exception, _ours)
