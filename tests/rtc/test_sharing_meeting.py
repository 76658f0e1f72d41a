"""Tests of what those in different parts of a room tell each other."""

from __future__ import annotations

import pytest

from app.rtc import hands, quality_watch
from app.rtc.chat import HISTORY
from app.rtc.events import DataMessage, Farewell
from app.rtc.meeting_events import ChatMessage, HandLowered, HandRaised, Reaction, now_ms
from app.rtc.subscription_events import ConnectionQuality, PeerQuality

from .fakes import until
from .nodes import OVER_BOTH, Nodes
from .people import HOST

pytestmark = OVER_BOTH


async def test_the_chat_is_everybodys(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    (ada, adas), (bob, bobs) = await a.arrive("ada"), await b.arrive("bob")
    first = (await a.room()).chat.say(ada, "hello")
    await bobs.hears(ChatMessage, id=first.id, text="hello")
    second = (await b.room()).chat.say(bob, "hi")
    await adas.hears(ChatMessage, id=second.id)
    assert second.sent_at > first.sent_at
    await c.arrive("cy")
    for node in (a, b, c):
        assert (await node.room()).chat.history == [first, second]
    assert adas.all(ChatMessage) == [first, second]


async def test_a_part_that_comes_again_leaves_the_newest_of_the_chat_to_those_who_come_later(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    (ada, _), _ = await a.arrive("ada"), await b.arrive("bob")
    chat, there = (await a.room()).chat, await b.room()
    said = [chat.say(ada, str(number)) for number in range(HISTORY * 3 // 2)]
    await until(lambda: said[-1] in there.chat.messages)
    ada.close()
    (await a.room()).close(Farewell.ROOM_EMPTY)
    await until(lambda: not len(there.elsewhere))
    ada, _ = await a.arrive("ada")
    said.append((await a.room()).chat.say(ada, "again"))
    await until(lambda: said[-1] in there.chat.messages)
    await c.arrive("cy")
    assert (await c.room()).chat.history == said[-HISTORY:]


async def test_reactions_are_shown_to_all(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, _), (_, bobs) = await a.arrive("ada"), await b.arrive("bob")
    (await a.room()).chat.react(ada, "👏")
    await bobs.hears(Reaction, peer_id="ada", reaction="👏")


async def test_hands_are_in_the_order_in_which_they_were_raised_wherever_that_was(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await nodes.start("a", "b")
    (ada, adas), (bob, bobs) = await a.arrive("ada"), await b.arrive("bob")
    (await b.room()).hands.lift(bob)
    await adas.hears(HandRaised, peer_id="bob")
    with monkeypatch.context() as patch:
        # The clock of her node is behind that of his.
        patch.setattr(hands, "now_ms", lambda: now_ms() - 2_000)
        (await a.room()).hands.lift(ada)
    await bobs.hears(HandRaised, peer_id="ada")
    for node in (a, b):
        assert [hand.peer_id for hand in (await node.room()).hands_raised] == ["bob", "ada"]
    (await b.room()).hands.lower("bob")
    await adas.hears(HandLowered, peer_id="bob", by=None)
    (await b.room()).lower_hand("ada", HOST)
    await bobs.hears(HandLowered, peer_id="ada", by=HOST)
    assert (await a.room()).hands_raised == []


async def test_messages_reach_those_whom_they_are_for(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    (ada, adas), (_, bobs), (_, cys) = await a.arrive("ada"), await b.arrive("bob"), await b.arrive("cy")
    room = await a.room()
    await until(lambda: nodes.all_see(3))
    room.pass_on(ada, "psst", "secret", ["bob"])
    room.pass_on(ada, "all", "news")
    assert room.send_data("to bob", "outside", ["bob"]) == 1
    assert room.send_data("to all", "outside") == 3
    await cys.hears(DataMessage, payload="to all")
    await bobs.hears(DataMessage, payload="to all")
    assert [each.payload for each in cys.all(DataMessage)] == ["all", "to all"]
    assert [each.payload for each in bobs.all(DataMessage)] == ["psst", "all", "to bob", "to all"]
    assert [each.payload for each in adas.all(DataMessage)] == ["to all"]


async def test_how_good_connections_are_is_told_everywhere(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = await nodes.start("a", "b")
    (ada, _), (_, bobs) = await a.arrive("ada"), await b.arrive("bob")
    room, there = await a.room(), await b.room()
    monkeypatch.setattr(quality_watch, "connection_score", lambda **_: 9.8)
    await room.exchange.quality.look([ada])
    expected = PeerQuality(peer_id="ada", quality="excellent", score=9.8)
    await until(lambda: there.elsewhere.qualities == [expected])
    there.exchange.quality.tell()
    assert bobs.all(ConnectionQuality)[-1].peers == [expected]


async def test_who_was_heard_is_before_the_others_in_all_parts(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await a.arrive("ada")
    await b.arrive("bob")
    room = await a.room()
    await until(lambda: nodes.all_see(2))
    room.stage.speaks("bob")
    assert room.stage.speakers.first(1, ["ada", "bob"]) == {"bob"}
