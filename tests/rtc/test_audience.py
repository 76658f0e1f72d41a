"""Data channels that are for some only: nobody else is offered them, then or later."""

from __future__ import annotations

import pytest

from app.auth.grants import Grants
from app.errors import NotFound
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.data_structures import SctpStreamParameters
from app.rtc.events import NewDataConsumer
from app.rtc.peer import Peer
from app.rtc.room import Room

from .fakes import FakeClient
from .parameters import give_transports, sending_transport
from .people import ANYBODY, Arrive, Person, anybody, join


async def open_channel(room: Room, peer: Peer, label: str, to: list[str] | None) -> DataProducer:
    """Open a lossy data channel."""
    return await room.produce_data(
        peer,
        transport_id=sending_transport(peer),
        sctp_stream_parameters=SctpStreamParameters(
            stream_id=len(peer.media.data_producers), ordered=False, max_retransmits=1
        ),
        label=label,
        protocol="",
        app_data={},
        to=to,
    )


async def arrive_as(room: Room, identity: str, peer_id: str) -> Person:
    """Join under a peer id that is not one's own name."""
    client = FakeClient()
    peer = room.enter(peer_id, client, anybody(identity))
    await give_transports(peer, sctp=True)
    join(room, peer)
    return peer, client


def offered(client: FakeClient) -> list[str]:
    return [question.label for question in client.all(NewDataConsumer)]


async def test_only_those_it_is_for_are_offered_a_channel(arrive: Arrive, room: Room) -> None:
    (ada, _), (_, bobs), (_, cleos) = await arrive("ada"), await arrive("bob"), await arrive("cleo")
    await open_channel(room, ada, "secrets", ["bob", "nobody"])
    await open_channel(room, ada, "news", None)
    question = await bobs.hears(NewDataConsumer, label="secrets")
    stream = question.sctp_stream_parameters
    assert stream is not None and (stream.ordered, stream.max_retransmits) == (False, 1)
    # Offers are made in their order.
    await cleos.hears(NewDataConsumer, label="news")
    assert offered(cleos) == ["news"]
    _, dans = await arrive("dan")
    await dans.hears(NewDataConsumer, label="news")
    assert offered(dans) == ["news"]


async def test_who_comes_back_gets_it_again_and_another_under_the_same_id_does_not(arrive: Arrive, room: Room) -> None:
    (ada, _), (bob, _) = await arrive("ada"), await arrive("bob")
    await open_channel(room, ada, "secrets", ["bob"])
    await open_channel(room, ada, "news", None)
    bob.close()
    bob, bobs = await arrive("bob")
    await bobs.hears(NewDataConsumer, label="news")
    assert offered(bobs) == ["secrets", "news"]
    bob.close()
    bob, bobs = await arrive_as(room, "mallory", "bob")
    await bobs.hears(NewDataConsumer, label="news")
    assert offered(bobs) == ["news"]


async def test_who_may_receive_again_gets_no_more_than_before(arrive: Arrive, room: Room) -> None:
    (ada, _), (_, bobs) = await arrive("ada"), await arrive("bob", Grants(can_subscribe=False))
    await arrive("cleo")
    await open_channel(room, ada, "secrets", ["cleo"])
    await open_channel(room, ada, "news", None)
    room.change_grants("bob", ANYBODY)
    await bobs.hears(NewDataConsumer, label="news")
    assert offered(bobs) == ["news"]


async def test_a_channel_for_nobody_who_can_be_seen_is_refused(arrive: Arrive, room: Room) -> None:
    (ada, _), _ = await arrive("ada"), await arrive("spy", Grants(hidden=True))
    for to in ([], ["nobody"], ["spy"]):
        with pytest.raises(NotFound, match=r"data\.to"):
            await open_channel(room, ada, "secrets", to)
    assert not ada.media.data_producers
