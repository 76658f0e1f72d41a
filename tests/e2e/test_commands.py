"""The operator's commands beside a Connect that runs."""

from __future__ import annotations

import asyncio

from .bot import Bot
from .deployment import Deployment

#: The close code that tells clients not to come back.
CLOSED = 4000


async def test_the_operator_ends_a_call_and_its_room_is_gone(deployment: Deployment) -> None:
    _, owner = deployment.sign_up("Ula")
    room = deployment.api("POST", "/rooms", {"name": "Not for long"}, owner)["code"]
    assert f"{room}  " in await manage(deployment, "list-rooms")
    ticket = deployment.api("POST", f"/rooms/{room}/join", {"displayName": "Vera"})
    vera = await Bot.enter(deployment, room, ticket["peerId"], [], token=ticket["token"])

    assert await manage(deployment, "end-room", room) == f"{room} has ended\n"
    assert await vera.signaling.closed() == CLOSED
    await vera.leave()
    assert room not in await manage(deployment, "list-rooms")
    assert deployment.get(f"/api/rooms/{room}", owner)[0] == 404


async def test_the_operator_ends_a_call_in_an_open_room(deployment: Deployment) -> None:
    bot = await Bot.enter(deployment, "anything", "bot", [])
    assert await manage(deployment, "end-room", "anything") == "anything has ended\n"
    assert await bot.signaling.closed() == CLOSED
    await bot.leave()


async def test_a_room_that_is_not_there_can_not_be_ended(deployment: Deployment) -> None:
    done = await asyncio.to_thread(deployment.command, "end-room", "nothing-here")
    assert (done.returncode, done.stderr) == (1, "end-room: there is no room nothing-here\n")


async def test_the_operator_drains_the_server_and_takes_it_back(deployment: Deployment) -> None:
    vera = await Bot.enter(deployment, "draining", "vera", [])
    drained = await manage(deployment, "drain", "--deadline", "3600")
    assert drained == "draining; people still here: 1, calls: 1\n"
    assert (await asyncio.to_thread(deployment.get, "/health/ready"))[0] == 503
    assert await manage(deployment, "undrain") == "everybody is let in again\n"
    assert (await asyncio.to_thread(deployment.get, "/health/ready"))[0] == 200
    await vera.leave()


async def test_the_operator_lists_the_nodes(deployment: Deployment) -> None:
    (line,) = (await manage(deployment, "nodes")).splitlines()
    assert line.startswith("* node-") and "  ready     people: " in line


async def manage(deployment: Deployment, *arguments: str) -> str:
    return await asyncio.to_thread(deployment.manage, *arguments)
