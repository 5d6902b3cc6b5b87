"""What every page is sent with."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def content_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A policy that allows nothing inline; of AllianceKit: the script, the API and its socket."""
    alliance = settings.ALLIANCE_URL
    policy = (
        f"default-src 'none'; script-src 'self' {alliance}; style-src 'self'; img-src 'self' data:; "
        f"media-src 'self' blob:; connect-src 'self' {alliance} {alliance.replace('http', 'ws', 1)}; "
        f"frame-ancestors 'none'; base-uri 'none'; form-action 'self' {alliance}"
    )

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = policy
        return response

    return respond
