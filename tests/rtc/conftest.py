"""Fixtures of the domain's tests."""

from __future__ import annotations

import pytest

from app.rtc.room import Room
from app.rtc.room_manager import RoomManager

from .parameters import give_transports
from .people import Arrive, Person, enter, join
from .room_fixtures import pool, rooms, settings, worker, workers

__all__ = ["arrive", "pool", "room", "rooms", "settings", "worker", "workers"]


@pytest.fixture
async def room(rooms: RoomManager) -> Room:
    return await rooms.get_or_create("kitchen")


@pytest.fixture
def arrive(room: Room) -> Arrive:
    """Let somebody in, with transports, and join."""

    async def arrive(name: str) -> Person:
        peer, client = enter(room, name)
        await give_transports(peer, sctp=True)
        join(room, peer)
        return peer, client

    return arrive
