"""What is said in a room: who hears it, and what those hear who come later."""

from __future__ import annotations

import pytest

from app.errors import BadRequest
from app.rtc.chat import HISTORY
from app.rtc.meeting_events import ChatMessage, Reaction
from app.rtc.room import Room

from .people import Arrive, enter


async def test_all_who_joined_hear_what_is_said_in_its_order(arrive: Arrive, room: Room) -> None:
    (ada, adas), (bob, bobs) = await arrive("ada"), await arrive("bob")
    _, cleos = enter(room, "cleo")
    said = [room.chat.say(ada, " hello \n"), room.chat.say(bob, "hi")]
    assert [(each.peer_id, each.display_name, each.text) for each in said] == [
        ("ada", "Ada", "hello"),
        ("bob", "Bob", "hi"),
    ]
    assert adas.all(ChatMessage) == bobs.all(ChatMessage) == room.chat.history == said
    assert cleos.all(ChatMessage) == []


async def test_each_message_has_its_id(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    assert len({room.chat.say(ada, "again").id for _ in range(20)}) == 20


async def test_the_history_forgets_the_oldest(arrive: Arrive, room: Room) -> None:
    ada, _ = await arrive("ada")
    for number in range(HISTORY + 5):
        room.chat.say(ada, str(number))
    assert [each.text for each in room.chat.history] == [str(number) for number in range(5, HISTORY + 5)]


async def test_a_message_outlives_its_author(arrive: Arrive, room: Room) -> None:
    (ada, _), _ = await arrive("ada"), await arrive("bob")
    room.chat.say(ada, "bye")
    ada.close()
    assert [each.display_name for each in room.chat.history] == ["Ada"]


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 2_001])
async def test_what_is_blank_or_too_long_is_not_said(arrive: Arrive, room: Room, text: str) -> None:
    ada, adas = await arrive("ada")
    with pytest.raises(BadRequest, match=r"^data\.text: "):
        room.chat.say(ada, text)
    assert (room.chat.history, adas.all(ChatMessage)) == ([], [])


async def test_a_reaction_is_shown_to_all_and_not_kept(arrive: Arrive, room: Room) -> None:
    (ada, adas), (_, bobs) = await arrive("ada"), await arrive("bob")
    room.chat.react(ada, "👋")
    assert adas.all(Reaction) == bobs.all(Reaction) == [Reaction(peer_id="ada", reaction="👋")]
    assert room.chat.history == []


@pytest.mark.parametrize("reaction", ["", " ", "x" * 33])
async def test_a_reaction_is_short(arrive: Arrive, room: Room, reaction: str) -> None:
    ada, _ = await arrive("ada")
    with pytest.raises(BadRequest, match=r"^data\.reaction: "):
        room.chat.react(ada, reaction)
