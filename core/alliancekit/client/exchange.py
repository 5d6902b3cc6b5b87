"""From a call to a request, from a reply to an answer or an error, and when to try once more. No I/O."""

from __future__ import annotations

import random
import re
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from alliancekit.client.calls import Call
from alliancekit.client.errors import ApiError, ClientError, NoAnswerError, UnexpectedAnswerError, class_of
from alliancekit.client.models import Export

T = TypeVar("T")

FIRST_PAUSE: Final = 0.25
"""Seconds before the second attempt; each later pause is twice as long."""

LONGEST_WAIT: Final = 15.0
"""Seconds of a `Retry-After` that are waited for; a longer one is left to the caller."""

NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures after which the service has certainly done nothing."""


def options(url: str, key: str, seconds: float) -> dict[str, Any]:
    """What both of httpx's clients are made with.

    Raises:
        ClientError: the address or the key cannot be one.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ClientError("The service's address must look like https://feedback.example.")
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ClientError("The tenant key is empty or has characters that no key has.")
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", "User-Agent": "AllianceKit"}
    return {"base_url": url.rstrip("/"), "headers": headers, "timeout": seconds, "follow_redirects": False}


def request_of(call: Call[Any]) -> dict[str, Any]:
    """The arguments of httpx's `build_request`."""
    places = {name: quote(value, safe="") for name, value in call.places.items()}
    made: dict[str, Any] = {"method": call.method, "url": call.path.format(**places)}
    if call.query:
        made["params"] = dict(call.query)
    if call.body is not None:
        made["content"] = to_json({name: value for name, value in call.body.items() if value is not None})
        made["headers"] = {"Content-Type": "application/json"}
    return made


def pause_after_failure(call: Call[Any], failure: httpx.HTTPError, *, left: int) -> float | None:
    """How long to wait before the call is sent again, of which no answer came; None: not again."""
    safe = call.repeatable or isinstance(failure, NOT_SENT)
    return _pause(left) if safe and left > 0 else None


def pause_after_reply(call: Call[Any], reply: httpx.Response, *, left: int) -> float | None:
    """How long to wait before the call is sent again, because the service is busy; None: not again.

    429 says that nothing was done. So does 503, but a proxy may send it too.
    """
    if left <= 0 or not (reply.status_code == 429 or (reply.status_code == 503 and call.repeatable)):
        return None
    asked = retry_after(reply)
    if asked is None:
        return _pause(left)
    return asked if asked <= LONGEST_WAIT else None


def _pause(left: int) -> float:
    """Twice as long each time, and never the same for two clients at once."""
    return FIRST_PAUSE * 2.0 ** max(0, 2 - left) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load


def retry_after(reply: httpx.Response) -> float | None:
    """The seconds of a `Retry-After` header; a date counts from the reply's own `Date`."""
    given = reply.headers.get("retry-after", "")
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        then, now = parsedate_to_datetime(given), parsedate_to_datetime(reply.headers.get("date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError):
        return None


def no_answer(failure: httpx.HTTPError) -> NoAnswerError:
    """The error for a call of which no answer came; the request, with the key, does not hang on it."""
    what = "did not answer in time" if isinstance(failure, httpx.TimeoutException) else "cannot be reached"
    return NoAnswerError(
        f"The service {what} ({type(failure).__name__}).", fix="Check its address and that it runs."
    )


def answer(call: Call[T], reply: httpx.Response) -> T:
    """What the service answered.

    Raises:
        ApiError: it refused.
        UnexpectedAnswerError: the answer is not of the documented form.
    """
    if not reply.is_success:
        raise _refusal(reply)
    if call.reply is type(None):
        return None
    if call.reply is Export:
        named = re.search(r'filename="([^"]+)"', reply.headers.get("content-disposition", ""))
        name, kind = named[1] if named else "", reply.headers.get("content-type", "")
        return cast("T", Export(media_type=kind, name=name, content=reply.content))
    try:
        return TypeAdapter(call.reply).validate_json(reply.content)
    except ValidationError:
        # The validation's own text quotes the answer.
        raise UnexpectedAnswerError(
            f"The answer to {call.method} {call.path} is not of the form that this client knows.",
            fix="Update the client to the service's version, and check the service's address.",
        ) from None


def _refusal(reply: httpx.Response) -> ApiError:
    status = reply.status_code
    problem: Any = None
    if reply.headers.get("content-type", "").startswith("application/problem+json"):
        try:
            problem = from_json(reply.content)
        except ValueError:
            problem = None
    if not isinstance(problem, dict):
        return class_of(status)(
            f"The service's address answered with status {status}, and not as AllianceKit does.",
            fix="Check the address, and what stands between you and the service.",
            status=status,
            retry_after=retry_after(reply),
        )
    fix = str(problem.get("fix", ""))
    return class_of(status)(
        str(problem.get("detail", "")).removesuffix(fix).rstrip(),
        fix=fix,
        status=status,
        slug=str(problem.get("type", "")).rpartition("/")[2],
        retry_after=retry_after(reply),
    )
