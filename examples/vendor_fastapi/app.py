"""Birch Lane, a small telehealth product with AllianceKit mounted in the same process.

Run it: `python examples/vendor_fastapi/app.py`. What AllianceKit adds stands in the first part; the second is
what any such product has.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import past
import uvicorn
from clinic import EPISODE, PEOPLE, Clinic, Person, Visit, participants
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from room import Room
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.websockets import WebSocketDisconnect

from alliancekit.client import AsyncAllianceKit
from alliancekit.mounted import Mounted

HERE = Path(__file__).parent
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

clinic = Clinic()
rooms: dict[int, Room] = defaultdict(Room)
router = APIRouter()

# What AllianceKit adds ----------------------------------------------------------------------------------


def mounted(url: str, folder: Path) -> Mounted:
    """The service below `/alliance`; what is set here is for a trial on one machine."""
    return Mounted(
        f"{url}/alliance",
        data_dir=folder,
        default_style="supportive",
        call={"grace": 4, "minimum_together": 3},  # a trial call is short
        webhooks={"allow_networks": ["127.0.0.0/8"]},  # the clinic is on this machine
        plugins={"settings": {"webrtc": {"loopback": True}}},  # and so are both browsers
    )


def birch_lane(url: str, folder: Path) -> FastAPI:
    """The product, reached at `url`; `folder` is for AllianceKit's data."""
    alliance = mounted(url, folder)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with alliance.running():
            app.state.kit = kit = await alliance.client("Birch Lane")
            # Shown once: keep it where your product keeps its secrets.
            app.state.secret = (await kit.webhooks.add(url=f"{url}/hooks/alliance")).secret
            clinic.remember(await past.write(alliance, kit))
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/alliance", alliance)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.include_router(router)
    return app


def kit_of(request: Request) -> AsyncAllianceKit:
    """The service's client."""
    kit: AsyncAllianceKit = request.app.state.kit
    return kit


Kit = Annotated[AsyncAllianceKit, Depends(kit_of)]


async def token_for(kit: AsyncAllianceKit, visit: Visit, person: Person) -> str:
    """A participant's token; the visit's session is made when the first of them comes."""
    visit.session = await kit.sessions.create(
        external_id=visit.id,
        episode=EPISODE,
        style="supportive",
        adapter="webrtc",
        participants=participants(),
    )
    return visit.session.of(person.role).token


@router.post("/hooks/alliance")
async def told(request: Request) -> Response:
    """AllianceKit says what happened."""
    event = event_in(request.app.state.secret, await request.body(), dict(request.headers))
    clinic.note(event)
    return Response(status_code=204)


def event_in(secret: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """What a webhook says, once it is certain who says it."""
    try:
        event: dict[str, Any] = Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        raise HTTPException(400, "This is no message of AllianceKit.") from None
    return event


# What any product has -----------------------------------------------------------------------------------


def known(who: str) -> Person:
    """Who opens the page. Your product knows it from its own sign-in, never from the address."""
    if who not in PEOPLE:
        raise HTTPException(404, "Nobody of this name is at Birch Lane.")
    return PEOPLE[who]


def due(number: int) -> Visit:
    """A visit that there is."""
    visit = clinic.visit(number)
    if visit is None:
        raise HTTPException(404, "There is no such visit.")
    return visit


Who = Annotated[Person, Depends(known)]
Due = Annotated[Visit, Depends(due)]
templates = Jinja2Templates(HERE / "pages")


def page(request: Request, name: str, **values: Any) -> Response:
    """One of the pages."""
    headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-store"}
    return templates.TemplateResponse(request, f"{name}.html", {"people": PEOPLE, **values}, headers=headers)


@router.get("/")
async def door(request: Request) -> Response:
    """Where one chooses who one is."""
    return page(request, "door")


@router.get("/{who}")
async def home(request: Request, person: Who) -> Response:
    """A client's waiting room, a therapist's desk."""
    return page(request, person.role, person=person)


@router.get("/{who}/visits/{number}")
async def call(request: Request, person: Who, visit: Due, kit: Kit) -> Response:
    """The call, and what comes after it."""
    token = await token_for(kit, visit, person)
    return page(request, "call", person=person, visit=visit, token=token)


@router.post("/{who}/visits/{number}/end")
async def hang_up(person: Who, visit: Due, kit: Kit) -> Response:
    """One of the two has hung up, and with it the visit is over."""
    if visit.session is not None:
        await kit.sessions.end(visit.session.id)
    clinic.end(visit)
    return Response(status_code=204)


@router.post("/{who}/alliance")
async def open_alliance(person: Who, kit: Kit) -> Response:
    """From the desk to the therapist's page of AllianceKit."""
    if person.role != "therapist":
        raise HTTPException(403, "Only therapists have this page.")
    launch = await kit.launches.create(therapist=person.pseudonym)
    return RedirectResponse(launch.url, 303)


@router.websocket("/{who}/visits/{number}/room")
async def room(socket: WebSocket, person: Who, visit: Due) -> None:
    """A call's signalling."""
    clinic.came(person.id)
    try:
        await rooms[visit.number].sit(person.role, socket)
    finally:
        clinic.went(person.id)


@router.websocket("/{who}/news")
async def news(socket: WebSocket, person: Who) -> None:
    """What a waiting room or a desk shows, now and whenever it changes."""
    await socket.accept()
    changed = clinic.listen()
    clinic.came(person.id)
    left = asyncio.create_task(socket.receive())  # a page says nothing here: this is its leaving
    try:
        while not left.done():
            changed.clear()
            await socket.send_json(clinic.news(person))
            wake = asyncio.create_task(changed.wait())
            await asyncio.wait((left, wake), return_when=asyncio.FIRST_COMPLETED)
            wake.cancel()
    except (WebSocketDisconnect, RuntimeError):
        return  # it closed while it was told
    finally:
        left.cancel()
        clinic.forget(changed)
        clinic.went(person.id)


def main() -> None:
    """Open Birch Lane on this machine until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A small telehealth product with AllianceKit in it.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    listening = socket.create_server(("127.0.0.1", parser.parse_args().port))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), listening, tempfile.TemporaryDirectory(prefix="birch-lane-") as folder:
        print(f"Birch Lane is open: {url}", flush=True)
        uvicorn.Server(uvicorn.Config(birch_lane(url, Path(folder)), log_level="warning")).run([listening])


if __name__ == "__main__":
    main()
