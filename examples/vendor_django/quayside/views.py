"""The product's pages: a door, the visit with waiting room, call and aftermath, and the therapist's desk."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from standardwebhooks import WebhookVerificationError

from quayside import alliance
from quayside.models import CLIENT, ROLES, THERAPIST, Said, Visit

LONGEST = 32 * 1024
"""Bytes of a message between the browsers."""


@require_GET
def door(request: HttpRequest) -> HttpResponse:
    """Where one chooses who one is. Your product knows it from its own sign-in."""
    return render(
        request, "door.html", {"therapist": ROLES[THERAPIST], "client": ROLES[CLIENT], "visit": current()}
    )


@require_GET
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """The therapist's visits, and what AllianceKit told about them."""
    return render(
        request, "desk.html", {"name": ROLES[THERAPIST], "visits": Visit.objects.all(), "visit": current()}
    )


@require_GET
@never_cache
def visit(request: HttpRequest, number: int, role: str) -> HttpResponse:
    """The visit of one of the two; their token goes into the page."""
    found = visit_of(number, role)
    other = ROLES[CLIENT if role == THERAPIST else THERAPIST]
    context = {"visit": found, "role": role, "name": ROLES[role], "other": other}
    return render(request, "visit.html", context | alliance_of(found, role))


def alliance_of(found: Visit, role: str) -> dict[str, str]:
    """What the page needs of AllianceKit."""
    return {"alliance": alliance.kit().url, "token": alliance.token_for(found, role)}


@never_cache
def signal(request: HttpRequest, number: int, role: str) -> HttpResponse:
    """POST: a message to the other browser. GET: what the other one said after `after`."""
    found = visit_of(number, role)
    if request.method == "POST":
        if len(request.body) > LONGEST:
            return HttpResponseBadRequest("This message is too long.")
        Said.objects.create(visit=found, role=role, message=json.loads(request.body))
        return HttpResponse(status=204)
    after = int(request.GET.get("after", "0"))
    others = Said.objects.filter(visit=found, id__gt=after).exclude(role=role).order_by("id")
    said = [{"id": one.id, "message": one.message} for one in others]
    return JsonResponse({"said": said, "last": said[-1]["id"] if said else after, "over": found.over})


@require_POST
def end(request: HttpRequest, number: int, role: str) -> HttpResponse:
    """One of the two has hung up, and with it the visit is over."""
    found = visit_of(number, role)
    if not found.over:
        Visit.objects.filter(pk=found.pk).update(over=True)
        Said.objects.filter(visit=found).delete()
        alliance.end(found)
    return HttpResponse(status=204)


@require_POST
def board(request: HttpRequest) -> HttpResponse:
    """From the desk to the therapist's page of AllianceKit."""
    return redirect(alliance.page_of_the_therapist())


@csrf_exempt
@require_POST
def told(request: HttpRequest) -> HttpResponse:
    """AllianceKit says what happened; its signature stands for the missing CSRF token."""
    try:
        event = alliance.event_in(request)
    except WebhookVerificationError:
        return HttpResponseBadRequest("This is no message of AllianceKit.")
    found = Visit.objects.filter(key=event["data"]["external_id"])
    # Two messages may come at once and in any order, and each twice: a message changes its own field only.
    if event["type"] == "session.rated":
        found.update(**{f"rated_by_{event['data']['role']}": True})
    elif event["type"] == "signal.raised":
        found.update(worth_a_look=True)
    return HttpResponse(status=204)


def current() -> Visit:
    """The visit that is due or under way."""
    return Visit.objects.filter(over=False).first() or Visit.objects.create()


def visit_of(number: int, role: str) -> Visit:
    """A visit that there is, for one of its two people.

    Raises:
        Http404: there is none.
    """
    if role not in ROLES:
        raise Http404("Nobody of this name is at Quayside.")
    return get_object_or_404(Visit, pk=number)
