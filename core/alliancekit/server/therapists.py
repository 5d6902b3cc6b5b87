"""`GET` and `PATCH /v1/therapists/{therapist}/settings`: a therapist's choices, for a vendor's own screen."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Security

from alliancekit.server import api, auth, choosing, schemas
from alliancekit.server.bodies import LimitedRoute

router = APIRouter(
    prefix="/v1",
    tags=["vendor"],
    responses=api.REFUSALS,
    route_class=LimitedRoute,
    dependencies=[Security(api.KEY)],
)

Therapist = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="your own identifier")
]


@router.get("/therapists/{therapist:path}/settings", response_model=schemas.TherapistOut)
async def read(request: Request, tenant: api.Tenant, therapist: Therapist) -> schemas.TherapistOut:
    """What a therapist chose and can choose; of one who is not known yet, what holds at first."""
    return await _shown(request, tenant, therapist)


@router.patch(
    "/therapists/{therapist:path}/settings", response_model=schemas.TherapistOut, responses=api.TOO_LARGE
)
async def change(
    request: Request, tenant: api.Tenant, therapist: Therapist, body: schemas.TherapistIn
) -> schemas.TherapistOut:
    """Choose for a therapist, who asked you to; it holds from the next session on, a switch off at once."""
    service = auth.backend_of(request).service
    changes = body.model_dump(exclude_unset=True)
    refused = choosing.offer(service).refused(changes)
    if choosing.CANNOT_BE_ASKED in refused.values():
        raise choosing.CannotBeAskedError(service.instruments.why_nobody_is_asked(changes["measure"]))
    if refused:
        raise choosing.UnknownChoiceError(
            f"There is no such {' and no such '.join(refused)} here; nothing was changed.",
            fix="GET this address: `choices` tells what there is.",
        )
    await choosing.change(service, tenant, therapist, changes, actor="vendor")
    return await _shown(request, tenant, therapist)


async def _shown(request: Request, tenant: str, therapist: str) -> schemas.TherapistOut:
    service = auth.backend_of(request).service
    settings, practice = await choosing.read(service, tenant, therapist)
    offer = choosing.offer(service)
    return schemas.TherapistOut(
        **settings.model_dump(),
        practice=schemas.PracticeOut(
            ratings=practice.ratings, style=practice.style, measure=practice.measure
        ),
        choices=schemas.ChoicesOut(
            styles=[
                schemas.StyleOut(name=one.name, title=one.title, description=one.description)
                for one in offer.styles
            ],
            measures=[
                schemas.MeasureOut(name=one.name, title=one.title, cannot_be_asked=one.cannot_be_asked)
                for one in offer.measures
            ],
            languages=list(offer.languages),
            link=offer.links,
        ),
    )
