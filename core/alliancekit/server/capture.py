"""`POST /v1/responses`: a participant's answers.

Every answer goes through here, so it is plain ASGI in front of the framework, whose routing and middleware
cost more than storing the answer does. The route is documented in `alliancekit.server.api`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from alliancekit.errors import InvalidAnswerError, RefusedError
from alliancekit.server import auth, problems, schemas
from alliancekit.server.backend import Backend
from alliancekit.server.bodies import read_body
from alliancekit.server.callers import note_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PATH = "/v1/responses"


class MissingKeyError(RefusedError):
    """A submission came without a usable Idempotency-Key."""

    status = 400
    slug = "idempotency-key"


class CaptureEndpoint:
    """ASGI: takes `POST /v1/responses`, leaves everything else to `app`."""

    def __init__(self, app: App, backend: Backend) -> None:
        self.app = app
        self._backend = backend

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        note_of(scope).route = PATH
        try:
            response = await respond(self._backend, request)
        except ClientDisconnect:
            return
        except Exception as error:
            response = problems.of_error(error, PATH)
        await response(scope, receive, send)


async def respond(backend: Backend, request: Request) -> Response:
    """Store the answers in a request; 201 means that they are on the disk.

    Raises:
        RefusedError: see `Feedback.capture`; also when the token, the key or the body is not as documented.
    """
    person = auth.person_of(backend, request)
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= 255:
        raise MissingKeyError(
            "The Idempotency-Key header is missing or longer than 255 characters; nothing was stored.",
            fix="Send a new random key, for instance a UUID, with every new submission.",
        )
    try:
        body = schemas.ResponseIn.model_validate_json(await read_body(request))
    except ValidationError as error:
        raise InvalidAnswerError(
            f"The answers are not of the documented form: {problems.describe_invalid(error.errors())}."
            " Nothing was stored."
        ) from None
    saved = await backend.service.feedback.capture(person, key, body.prompt, body.answers, body.visibility)
    return Response(saved.reply, 201, media_type="application/json")
