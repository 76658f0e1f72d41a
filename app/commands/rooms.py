"""``list-rooms``, ``end-room``: what there is in the database, and the calls of the app that runs here."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator

import aiohttp

from app.config import Settings
from app.services.services import Services
from app.stores.models import RoomRecord
from app.web.fields import RoomCode

from .checks import like
from .failure import CommandFailed
from .offline import offline

PAGE = 100
#: Seconds that the app has to answer.
PATIENCE = 10.0


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
    """Have the app that runs here end a call, and delete its room."""

    async def end() -> None:
        async with offline(settings) as services:
            await _delete(settings, services.logins.operator_token(), arguments.code)

    asyncio.run(end())
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


async def _delete(settings: Settings, token: str, code: str) -> None:
    """Tell the app, which alone can end a call."""
    url = f"http://{_reachable(settings.host)}:{settings.port}/api/rooms/{code}"
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={"Authorization": f"Bearer {token}"}) as session,
            session.delete(url) as answer,
        ):
            if not answer.ok:
                raise CommandFailed((await answer.json())["error"]["message"])
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CommandFailed(f"Connect does not answer at {url}; does it run here? {error}") from error


def _reachable(host: str) -> str:
    """Give the address of this machine for one that means all of its addresses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
