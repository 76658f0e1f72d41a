"""Fixtures of the services' tests: rooms on a real worker, with records in a database."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.rtc.admission import Admission
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.services.services import Services
from app.stores.database import Database
from app.stores.members import Members
from app.stores.models import Member, RoomRecord, User
from app.stores.rooms import RoomRecords
from app.stores.users import Users
from tests.rtc.fakes import FakeClient, until
from tests.rtc.parameters import give_transports
from tests.rtc.people import ANYBODY, Person, join
from tests.rtc.room_fixtures import pool, rooms, settings, worker, workers

from .cluster import Cluster
from .world import World

__all__ = ["pool", "rooms", "settings", "worker", "workers"]

#: Let somebody into a room by identity, and what else an admission has, with both transports, and join.
ArriveAt = Callable[..., Awaitable[Person]]


async def add_owner(database: Database) -> User:
    """Store Ada."""
    async with database.transaction() as tx:
        return await Users(tx).add(User(email="ada@example.org", password_hash="", display_name="Ada"))


async def add_room(database: Database, code: str, owner: User) -> RoomRecord:
    """Store a room of hers."""
    async with database.transaction() as tx:
        record = await RoomRecords(tx).add(RoomRecord(code=code, name=code.title(), owner_id=owner.id))
        await Members(tx).add(Member(room_id=record.id, user_id=owner.id, role="owner"))
    return record


@pytest.fixture
async def owner(database: Database) -> User:
    """Ada, who owns the kitchen."""
    return await add_owner(database)


@pytest.fixture
async def record(database: Database, owner: User) -> RoomRecord:
    """The kitchen, as stored."""
    return await add_room(database, "kitchen", owner)


@pytest.fixture
def open_room(rooms: RoomManager) -> Callable[[str], Awaitable[Room]]:
    """Begin a call in the room of that code."""
    return lambda code: rooms.get_or_create(RoomConfig(id=code))


@pytest.fixture
def arrive_at() -> ArriveAt:
    async def arrive_at(room: Room, identity: str, grants: Grants = ANYBODY, **admission: Any) -> Person:
        client = FakeClient()
        peer = room.enter(identity, client, Admission(identity=identity, grants=grants, **admission))
        await give_transports(peer)
        join(room, peer)
        return peer, client

    return arrive_at


@pytest.fixture
async def cluster(settings: Settings) -> Cluster:
    """This node, and no others yet."""
    cluster = Cluster(settings)
    await cluster.here.start()
    return cluster


@pytest.fixture
async def world(rooms: RoomManager, settings: Settings, database_url: str, cluster: Cluster) -> AsyncIterator[World]:
    """All services over each kind of database, with rooms on a real worker."""
    settings = dataclasses.replace(
        settings,
        database_url=database_url,
        # For machines that do much else.
        database_timeout_seconds=10,
        secret_keys=("test:" + "s" * 40,),
    )
    services = Services(settings, rooms, cluster.nodes)
    services.start()
    await until(lambda: services.database.problem is None)
    yield World(services, rooms)
    await rooms.close()
    await services.close()
