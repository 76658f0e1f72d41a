"""The services that work on the database, for commands that run beside the app, or without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.config import Settings
from app.rtc.room_manager import RoomManager
from app.rtc.worker_pool import WorkerPool
from app.services.services import Services
from app.sidecar import Sidecar

from .failure import CommandFailed


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[Services]:
    """
    Make the services for a command; nothing of them works in the background, and no calls are here.

    :raises CommandFailed: the database's schema is not the one that this code is made for
    :raises SettingsError: the secret keys can't be read
    :raises Unavailable: the database does not answer
    """
    services = Services(settings, RoomManager(WorkerPool(Sidecar(settings.run_dir), settings), settings))
    try:
        if not (await services.database.check_schema()).is_current:
            raise CommandFailed("the database's schema is not up to date: python -m app migrate")
        # What the app's own watch over the schema would find.
        services.database.problem = None
        yield services
    finally:
        await services.close()
