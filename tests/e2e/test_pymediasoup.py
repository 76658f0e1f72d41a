"""A pymediasoup client and a browser in one room."""

from __future__ import annotations

import asyncio

from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import VideoFrame
from playwright.async_api import Browser

from .bot import Bot
from .deployment import Deployment
from .participant import Participant


async def test_a_bot_and_a_browser_decode_each_others_video(browser: Browser, deployment: Deployment) -> None:
    ada = await Participant.enter(browser, deployment, "bots", "Ada")
    bot = await Bot.enter(deployment, "bots", "bot", [VideoStreamTrack(), AudioStreamTrack()])
    try:
        assert [peer["displayName"] for peer in bot.peers] == ["Ada"]
        consumer = await bot.consumer_of(await ada.peer_id(), "video")
        async with asyncio.timeout(20):
            frame = await consumer.track.recv()
        assert isinstance(frame, VideoFrame)
        assert frame.width > 0

        async def decodes(person: Participant) -> bool:
            return any(
                entry["peerId"] == "bot" and entry["kind"] == "video" and entry["framesDecoded"] > 10
                for entry in await person.received()
            )

        await ada.until(decodes, "decodes the bot's video")

        async def knows(person: Participant) -> bool:
            return bool(await person.page.evaluate("connect.state.get().qualities.bot") == "excellent")

        await ada.until(knows, "knows how good the bot's connection is")
    finally:
        await bot.leave()
    await ada.until_tiles(1)
