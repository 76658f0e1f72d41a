from __future__ import annotations

import dataclasses

import app
from app.config import Settings

from .conftest import Client, Serve


async def test_it_tells_how_one_gets_in(client: Client, serve: Serve, web_settings: Settings) -> None:
    answer = await client.get("/api/config")
    assert await answer.json() == {"openRooms": False, "registration": True, "version": app.__version__}
    async with serve(dataclasses.replace(web_settings, open_rooms=True, registration=False)) as client:
        answer = await client.get("/api/config")
        assert await answer.json() == {"openRooms": True, "registration": False, "version": app.__version__}
