"""``list-rooms``, ``end-room``: what there is in the database, and the calls of the app that runs here."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator

from app.config import Settings
from app.services.services import Services
from app.stores.models import RoomRecord
from app.web.fields import RoomCode

from .checks import like
from .offline import offline
from .running import ask

PAGE = 100


def add_code(parser: ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", type=like(RoomCode()), help="the room's code, as in its link")


def list_rooms(settings: Settings, arguments: Namespace) -> int:
    """Print the rooms that are in the database, the newest first."""

    async def show() -> None:
        async with offline(settings) as services:
            async for room in _rooms(services):
                print(f"{room.created_at:%Y-%m-%d %H:%M}  {room.code:20}  {room.access:8}  {room.name}")

    asyncio.run(show())
    return 0


def end_room(settings: Settings, arguments: Namespace) -> int:
    """Have the app that runs here, which alone can end a call, do so, and delete its room."""
    ask(settings, "DELETE", f"/api/rooms/{arguments.code}")
    print(f"{arguments.code} has ended")
    return 0


async def _rooms(services: Services) -> AsyncIterator[RoomRecord]:
    page = await services.rooms.page_of_all(PAGE, None)
    while True:
        for room in page.items:
            yield room
        if page.next is None:
            return
        page = await services.rooms.page_of_all(PAGE, page.next)
