"""Tests of what parts of rooms say to each other: as texts, and as texts that another release wrote."""

from __future__ import annotations

import msgspec

from app.auth.grants import Grants
from app.rtc import common, facts, words
from app.rtc.events import Actor, Device
from app.rtc.facts import PART, PEER, PartFact, PeerFact, ProducerFact, decode, encode
from app.rtc.lost import Lost
from app.rtc.orders import ORDERS
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.seen_call import SeenCall

from .people import HOST, Arrive

ADA = PeerFact(
    id="ada",
    identity="ada",
    since=1,
    display_name="Ada",
    device=Device(name="test"),
    grants=Grants(can_publish_sources=frozenset({"camera"})),
    producers=[ProducerFact(id="p", kind="video", type="simple", codec="video/VP8", paused=True)],
)


def test_a_fact_comes_through_as_it_was() -> None:
    assert decode(encode(ADA), PeerFact) == ADA


def test_what_makes_no_sense_is_left_out() -> None:
    assert decode(b'{"id":"ada"}', PeerFact) is None
    assert decode(b"\xff", PartFact) is None
    assert words.read(b'{"word":"Reacted.999"}') is None


def test_a_word_comes_through_as_it_was() -> None:
    word = words.Ordered("remove", msgspec.Raw(b'{"peer_id":"ada"}'))
    assert words.read(encode(word)) == word


async def test_how_a_room_is_comes_through_as_it_was(room: Room) -> None:
    config = RoomConfig(id="kitchen", name="The kitchen", codecs=("opus", "VP8"), last_n=3, locked=True)
    said = {key: encode(each) for key, each in common.changes_of(None, config, HOST)}
    assert common.config_in("kitchen", said) == config
    for key, value in said.items():
        common.take(room, key, value)
    assert room.config == config
    assert common.config_in("kitchen", {}) is None


async def test_what_of_a_room_makes_no_sense_changes_nothing(room: Room) -> None:
    before = room.config
    (key, _), *_ = common.changes_of(None, RoomConfig(id="kitchen", name="x"), None)
    for wrong in (b"", b"{}", b'{"value":1}'):
        common.take(room, key, wrong)
    common.take(room, "999:config:name", b'{"value":"of a later release"}')
    assert room.config == before


async def test_a_call_is_seen_from_inside_as_from_outside(arrive: Arrive, room: Room) -> None:
    await arrive("ada")
    said = {key: encode(each) for key, each in common.all_of(room)}
    parts = {"a/0": {PART: encode(PartFact(router_id="r", pipes="p")), f"{PEER}ada": encode(ADA)}}
    seen = SeenCall.read("kitchen", parts, said)
    assert seen is not None and (seen.config, set(seen.known)) == (room.config, {"ada"})
    assert set(SeenCall.of(room).known) == {"ada"}
    # She has not joined, as far as that part says.
    assert (len(seen.participants), len(SeenCall.of(room).participants)) == (0, 1)
    assert SeenCall.read("kitchen", {}, said) is None


def test_who_was_on_a_node_that_is_lost_is_kept_in_mind_and_nobody_else() -> None:
    lost = Lost()
    lost.gone("a/0", ADA)
    lost.gone("b/0", msgspec.structs.replace(ADA, id="bob"))
    lost.keep("a")
    assert lost.recall("bob") is None
    assert lost.recall("ada") == ADA
    assert lost.recall("ada") is None


def test_orders_know_their_arguments() -> None:
    text = facts.encode({"peer_id": "ada", "by": HOST, "grants": ADA.grants, "role": None, "of_later": 1})
    given = ORDERS["change_grants"].given(text)
    assert given == {"peer_id": "ada", "by": Actor(peer_id="host", name="Host"), "grants": ADA.grants, "role": None}
