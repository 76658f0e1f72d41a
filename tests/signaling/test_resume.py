"""A lost socket loses nothing: being away, coming back, and who may not."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from aiohttp import ClientSession

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.worker import Worker
from app.rtc.events import Actor
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager
from app.signaling.endpoint import Signaling
from tests.rtc.fakes import until
from tests.rtc.people import handlers_in, webrtc_transports

from .calls import create_transport, join, produce_audio, produce_chat, produce_video
from .client import Json, ProtooClient, Refused, refusal
from .conftest import Connect
from .gates import MODERATOR, TestGate

BY = Actor(peer_id=None, name="somebody")


def kitchen(rooms: RoomManager) -> Room:
    room = rooms.get("kitchen")
    assert room is not None
    return room


def peer_of(rooms: RoomManager, peer_id: str) -> Peer:
    return kitchen(rooms).find(peer_id)


def ids(things: list[Json]) -> set[str]:
    return {each["id"] for each in things}


def all_of(peer: Peer) -> Json:
    """What a client would say it has that has all that the server has."""
    media = peer.media
    return {
        "sessionId": peer.session.id,
        "transports": [each.id for each in media.transports],
        "producers": [each.id for each in media.producers],
        "consumers": [each.id for each in media.subscriber.consumers],
        "dataProducers": [each.id for each in media.data_producers],
        "dataConsumers": [each.id for each in media.data_subscriber.consumers],
    }


async def vanish(client: ProtooClient, peer: Peer) -> None:
    """Cut a client's connection, and wait until the server knows."""
    client.vanish()
    await until(lambda: peer.session.away)


async def come_back(connect: Connect, peer: Peer, joined: Json, **had: Any) -> tuple[ProtooClient, Json]:
    """Resume a session with all that the server has, but what the client ``had`` of it."""
    client = await connect(peer.id, resume=joined["resumeToken"])
    return client, await client.request("resume", all_of(peer) | had)


# Away


async def test_a_lost_socket_closes_nothing_and_nobody_notices(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    producer_id = await produce_audio(ada)
    await bob.hears("newConsumer", producerId=producer_id)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    assert not peer.closed and not peer.media.producers.get(producer_id).closed
    await bob.request("sendChatMessage", {"text": "are you still there?"})
    assert bob.all("peerClosed") == bob.all("consumerClosed") == []


@pytest.mark.parametrize("code", [1000, 1001])
async def test_who_closes_its_socket_leaves_at_once(connect: Connect, code: int) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    await ada.websocket.close(code=code)
    async with asyncio.timeout(5):
        await bob.hears("peerClosed", peerId="ada")


async def test_who_breaks_the_protocol_leaves_at_once(connect: Connect) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    ada.send_text("not protoo")
    async with asyncio.timeout(5):
        await bob.hears("peerClosed", peerId="ada")


async def test_a_ghost_goes_before_the_grace_time_is_over(connect: Connect, impatience: None) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    ada.vanish()
    async with asyncio.timeout(5):
        await bob.hears("peerClosed", peerId="ada")


async def test_whose_media_go_on_is_no_ghost(connect: Connect, rooms: RoomManager, impatience: None) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    for peer_id in ("ada", "bob"):
        webrtc_transports(peer_of(rooms, peer_id))[0].ice_state = "completed"
    await vanish(ada, peer_of(rooms, "ada"))
    bob.vanish()
    await until(lambda: peer_of(rooms, "bob").session.away)
    webrtc_transports(peer_of(rooms, "bob"))[0].ice_state = "disconnected"
    await until(lambda: [peer.id for peer in kitchen(rooms).peers] == ["ada"])


class TestGrace:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, session_grace_seconds=0.3)

    async def test_when_it_is_over_the_others_are_told(self, connect: Connect, rooms: RoomManager) -> None:
        ada, bob = await connect("ada"), await connect("bob")
        joined = await join(ada)
        await join(bob)
        await produce_audio(ada)
        peer = peer_of(rooms, "ada")
        webrtc_transports(peer)[0].ice_state = "connected"
        ada.vanish()
        await bob.hears("peerClosed", peerId="ada")
        again = await connect("ada", resume=joined["resumeToken"])
        with pytest.raises(Refused) as caught:
            await again.request("resume", all_of(peer))
        assert (caught.value.code, caught.value.name) == (404, "cannot_resume")

    async def test_who_connects_and_does_not_resume_is_told_to_come_again(
        self, connect: Connect, rooms: RoomManager
    ) -> None:
        ada = await connect("ada")
        joined = await join(ada)
        await vanish(ada, peer_of(rooms, "ada"))
        again = await connect("ada", resume=joined["resumeToken"])
        assert await again.ends() == 1012


class TestNoGrace:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, session_grace_seconds=0)

    async def test_a_lost_socket_is_the_end(self, connect: Connect) -> None:
        ada, bob = await connect("ada"), await connect("bob")
        await join(ada)
        await join(bob)
        ada.vanish()
        async with asyncio.timeout(5):
            await bob.hears("peerClosed", peerId="ada")


# Coming back


async def test_who_comes_back_gets_the_room_as_it_is_now(connect: Connect, rooms: RoomManager) -> None:
    ada, bob, cleo = await connect("ada"), await connect("bob"), await connect("cleo")
    joined = await join(ada)
    await join(bob, "Bob")
    await join(cleo, "Cleo")
    microphone = await produce_audio(ada)
    await bob.hears("newConsumer", producerId=microphone)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    await cleo.close()
    dan = await connect("dan")
    await join(dan, "Dan")
    camera = await produce_video(dan, source="camera")
    await bob.request("sendChatMessage", {"text": "ada?"})
    await bob.request("raiseHand")
    ada, answer = await come_back(connect, peer, joined)
    assert [each["displayName"] for each in answer["peers"]] == ["Bob", "Dan"]
    assert [each["text"] for each in answer["chat"]] == ["ada?"]
    assert [each["peerId"] for each in answer["hands"]] == ["bob"]
    assert {**joined, "peers": 0, "chat": 0, "hands": 0, "resumeToken": 0}.items() <= {
        **answer,
        **{"peers": 0, "chat": 0, "hands": 0, "resumeToken": 0},
    }.items()
    assert len(answer["transports"]) == 2
    assert answer["producers"] == [{"id": microphone, "kind": "audio", "paused": False, "appData": {}}]
    offered = await ada.hears("newConsumer", producerId=camera)
    assert offered["peerId"] == "dan"
    await ada.hears("consumerScore", consumerId=offered["id"])
    assert bob.all("peerClosed") == [{"peerId": "cleo"}]


async def test_what_it_consumed_it_goes_on_consuming(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    camera, chat = await produce_video(bob, source="camera"), await produce_chat(bob)
    consumer = await ada.hears("newConsumer", producerId=camera)
    channel = await ada.hears("newDataConsumer", dataProducerId=chat)
    await ada.hears("consumerScore", consumerId=consumer["id"])
    peer = peer_of(rooms, "ada")
    before = peer.media.subscriber.consumers.get(consumer["id"])
    await vanish(ada, peer)
    await bob.request("pauseProducer", {"producerId": camera})
    ada, answer = await come_back(connect, peer, joined)
    assert answer["consumers"] == [consumer | {"producerPaused": True, "paused": False, "suspended": False}]
    assert answer["dataConsumers"] == [{name: channel[name] for name in channel if name != "appData"}]
    assert peer.media.subscriber.consumers.get(consumer["id"]) is before and not before.paused
    await bob.request("resumeProducer", {"producerId": camera})
    await ada.hears("consumerResumed", consumerId=consumer["id"])
    assert ada.all("newConsumer") == ada.all("newDataConsumer") == []


async def test_what_the_client_lacks_is_closed_and_offered_again(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    lost, kept = await produce_audio(ada, 1), await produce_audio(ada, 2)
    gone = await create_transport(ada, producing=True)
    chat, camera = await produce_chat(bob), await produce_video(bob)
    consumer = await ada.hears("newConsumer", producerId=camera)
    channel = await ada.hears("newDataConsumer", dataProducerId=chat)
    losing = await bob.hears("newConsumer", producerId=lost)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    ada, answer = await come_back(
        connect,
        peer,
        joined,
        transports=[ada.sending, ada.receiving],
        producers=[kept],
        consumers=[],
        dataConsumers=[],
    )
    assert ids(answer["transports"]) == set(all_of(peer)["transports"]) and gone not in ids(answer["transports"])
    assert ids(answer["producers"]) == {kept}
    assert answer["consumers"] == answer["dataConsumers"] == []
    assert (await ada.hears("newConsumer", producerId=camera))["id"] != consumer["id"]
    assert (await ada.hears("newDataConsumer", dataProducerId=chat))["id"] != channel["id"]
    await bob.hears("consumerClosed", consumerId=losing["id"])


async def test_what_the_server_lacks_is_not_in_its_answer(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    had = all_of(peer)
    _, answer = await come_back(
        connect, peer, joined, transports=[*had["transports"], "t"], producers=["p"], consumers=["c"]
    )
    assert (ids(answer["transports"]), answer["producers"], answer["consumers"]) == (set(had["transports"]), [], [])


async def test_a_consumer_whose_confirmation_was_lost_starts(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    ada.accepts = lambda method, data: None
    joined = await join(ada)
    await join(bob)
    await produce_audio(bob)
    id = (await ada.hears("newConsumer"))["id"]
    peer = peer_of(rooms, "ada")
    consumer = peer.media.subscriber.consumers.get(id)
    await vanish(ada, peer)
    assert consumer.paused
    ada, answer = await come_back(connect, peer, joined)
    assert ids(answer["consumers"]) == {id}
    await ada.hears("consumerScore", consumerId=id)
    assert not consumer.paused and ada.all("newConsumer") == []


async def test_data_channels_that_are_not_spoken_of_stay(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    chat = await produce_chat(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    _, answer = await come_back(connect, peer, joined, dataProducers=None, dataConsumers=None)
    assert answer["dataProducers"] == [{"id": chat, "label": "chat", "protocol": ""}]


async def test_more_consumers_than_any_other_list_has_items_can_be_named(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    _, answer = await come_back(connect, peer, joined, consumers=[f"{number:036}" for number in range(1_000)])
    assert answer["consumers"] == []


async def test_what_it_should_send_is_told_again(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada, dynacast=True)
    camera = await produce_video(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    ada, _ = await come_back(connect, peer, joined)
    told = await ada.hears("producersPaused")
    assert told["producers"] == [{"producerId": camera, "maxSpatialLayer": None, "paused": False}]


async def test_what_a_moderator_did_meanwhile_is_told(connect: Connect, rooms: RoomManager, gate: TestGate) -> None:
    host = await connect("host", token=gate.issue("host", Grants(room_admin=True)))
    ada = await connect("ada")
    await join(host, "Host")
    joined = await join(ada)
    sound, picture = await produce_audio(ada), await produce_video(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    await host.request("moderator:mutePeer", {"peerId": "ada"})
    await host.request("moderator:stopVideo", {"peerId": "ada"})
    again, answer = await come_back(connect, peer, joined)
    by = {"peerId": "host", "name": "Host"}
    assert [(each["method"], each["data"]["producerId"], each["data"]["by"]) for each in answer["missed"]] == [
        ("mutedByModerator", sound, by),
        ("producerClosed", picture, by),
    ]
    # It is told once.
    await vanish(again, peer)
    assert (await come_back(connect, peer, answer))[1]["missed"] == []


async def test_a_moderator_is_told_again_who_waits(connect: Connect, rooms: RoomManager, gate: TestGate) -> None:
    gate.rooms["kitchen"] = RoomConfig(id="kitchen", lobby=True)
    host = await connect("host", token=gate.issue("host", MODERATOR))
    joined = await join(host)
    peer = peer_of(rooms, "host")
    await vanish(host, peer)
    guest = await connect("guest", token=gate.issue("guest", waits_in_lobby=True))
    with pytest.raises(Refused):
        await join(guest)
    host, _ = await come_back(connect, peer, joined)
    await host.hears("lobbyPeer", peerId="guest")


async def test_the_answer_comes_before_all_that_was_missed(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada, dynacast=True)
    await join(bob)
    await produce_video(ada)
    peer = peer_of(rooms, "ada")
    await ada.request("setSubscription", {"auto": False})
    await vanish(ada, peer)
    await produce_audio(bob)
    ada, _ = await come_back(connect, peer, joined)
    await ada.hears("producerOffered")
    await ada.hears("producersPaused")
    assert [frame.get("method", "the answer") for frame in ada.frames] == [
        *("the answer", "producerOffered", "producersPaused")
    ]


async def test_everything_else_waits_for_resume(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    again = await connect("ada", resume=joined["resumeToken"])
    for method in ("sendChatMessage", "createWebRtcTransport", "join"):
        with pytest.raises(Refused, match="resume first") as caught:
            await again.request(method, {"text": "hello"})
        assert caught.value.name == "wrong_state"
    await again.request("resume", all_of(peer))
    await again.request("sendChatMessage", {"text": "hello"})
    assert again.all("chatMessage")


# The secret


async def test_a_secret_is_good_once_and_then_the_next_one(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    ada, answer = await come_back(connect, peer, joined)
    assert answer["resumeToken"] != joined["resumeToken"] and answer["sessionId"] == joined["sessionId"]
    await vanish(ada, peer)
    ada, _ = await come_back(connect, peer, answer)
    await vanish(ada, peer)
    again = await connect("ada", resume=joined["resumeToken"])
    with pytest.raises(Refused) as caught:
        await again.request("resume", all_of(peer))
    assert caught.value.name == "cannot_resume"


async def test_a_bad_secret_makes_a_fresh_connection_on_which_one_can_join(
    connect: Connect, rooms: RoomManager
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    again = await connect("ada", resume="no-good")
    await again.hears("mediasoup-version")
    await bob.hears("peerClosed", peerId="ada")
    with pytest.raises(Refused) as caught:
        await again.request("resume", all_of(peer))
    assert (caught.value.code, caught.value.name) == (404, "cannot_resume")
    assert [each["id"] for each in (await join(again))["peers"]] == ["bob"]


async def test_the_secret_of_one_is_none_of_another(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    bob = await connect("bob", resume=joined["resumeToken"])
    with pytest.raises(Refused) as caught:
        await bob.request("resume", all_of(peer_of(rooms, "ada")))
    assert caught.value.name == "cannot_resume"


async def test_another_session_than_the_secrets_is_a_mistake(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    with pytest.raises(Refused, match="sessionId"):
        await come_back(connect, peer, joined, sessionId="another")


async def test_neither_token_nor_lock_nor_lobby_are_in_the_way(
    connect: Connect, rooms: RoomManager, gate: TestGate, http: ClientSession, url: str
) -> None:
    gate.open = False
    token = gate.issue("ada", waits_in_lobby=True)
    ada = await connect("ada", token=token)
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    gate.tokens.clear()
    room = kitchen(rooms)
    room.adjust(None, locked=True, lobby=True)
    room._door.forget("ada")
    assert (await refusal(http, url, roomId="kitchen", peerId="ada", token=token))[0] == 401
    _, answer = await come_back(connect, peer, joined)
    assert (answer["locked"], answer["lobby"]) == (True, True)


async def test_asking_without_an_upgrade_uses_nothing_up(
    connect: Connect, rooms: RoomManager, http: ClientSession, url: str
) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    params = {"roomId": "kitchen", "peerId": "ada", "resume": joined["resumeToken"]}
    async with http.get(url, params=params) as response:
        assert response.status == 400
    assert not peer_of(rooms, "ada").session.away
    assert await ada.request("getRouterRtpCapabilities")


# Others, and other sockets


async def test_who_is_removed_while_away_can_not_resume(connect: Connect, rooms: RoomManager) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    kitchen(rooms).remove("ada", BY)
    await bob.hears("peerClosed", peerId="ada")
    again = await connect("ada", resume=joined["resumeToken"])
    with pytest.raises(Refused) as caught:
        await again.request("resume", all_of(peer))
    assert caught.value.name == "cannot_resume"


async def test_who_is_banned_while_away_does_not_come_in(
    connect: Connect, rooms: RoomManager, http: ClientSession, url: str
) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    await vanish(ada, peer_of(rooms, "ada"))
    kitchen(rooms).ban_peer("ada", BY)
    status, _ = await refusal(http, url, roomId="kitchen", peerId="ada", resume=joined["resumeToken"])
    assert status == 403


async def test_what_a_moderator_did_meanwhile_is_seen_on_coming_back(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    microphone, camera = await produce_audio(ada), await produce_video(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    room = kitchen(rooms)
    await room.mute("ada", microphone, True, BY)
    room.change_grants("ada", Grants(can_publish_sources=frozenset({"microphone"})))
    _, answer = await come_back(connect, peer, joined, producers=[microphone, camera])
    assert [(each["id"], each["paused"]) for each in answer["producers"]] == [(microphone, True)]
    assert answer["permissions"]["canPublishSources"] == ["microphone"]


async def test_a_socket_that_the_server_takes_for_alive_is_replaced(
    connect: Connect, rooms: RoomManager, signaling: Signaling
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    peer = peer_of(rooms, "ada")
    again, _ = await come_back(connect, peer, joined)
    assert await ada.ends() == 4000
    await until(lambda: len(signaling) == 2)
    await bob.request("sendChatMessage", {"text": "hello"})
    await again.hears("chatMessage", text="hello")
    assert not peer.closed and bob.all("peerClosed") == []


async def test_of_two_sockets_that_come_back_with_one_secret_the_later_wins(
    connect: Connect, rooms: RoomManager
) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    first = await connect("ada", resume=joined["resumeToken"])
    second = await connect("ada", resume=joined["resumeToken"])
    assert await first.ends() == 4000
    assert (await second.request("resume", all_of(peer)))["sessionId"] == peer.session.id
    assert not peer.session.away


async def test_who_comes_back_and_vanishes_again_is_still_away(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    again = await connect("ada", resume=joined["resumeToken"])
    again.vanish()
    await until(lambda: peer.session.connection is None)
    assert peer.session.away and not peer.closed
    await come_back(connect, peer, joined)


async def test_a_new_connection_without_the_secret_takes_the_place_of_one_who_is_away(
    connect: Connect, rooms: RoomManager
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    await join(ada)
    await join(bob)
    await vanish(ada, peer_of(rooms, "ada"))
    again = await connect("ada")
    await bob.hears("peerClosed", peerId="ada")
    await join(again)
    await bob.hears("newPeer", id="ada")


class TestDuplicatesRejected:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, duplicate_peers="reject")

    async def test_who_is_away_does_not_lock_itself_out(
        self, connect: Connect, rooms: RoomManager, http: ClientSession, url: str
    ) -> None:
        ada = await connect("ada")
        await join(ada)
        assert (await refusal(http, url, roomId="kitchen", peerId="ada"))[0] == 409
        await vanish(ada, peer_of(rooms, "ada"))
        assert (await join(await connect("ada")))["peers"] == []


# Over and over


async def test_coming_back_50_times_leaves_nothing(
    connect: Connect, rooms: RoomManager, worker: Worker, signaling: Signaling
) -> None:
    ada, bob = await connect("ada"), await connect("bob")
    answer = await join(ada)
    await join(bob)
    await produce_audio(ada)
    await produce_video(bob)
    await ada.hears("consumerScore")
    peer = peer_of(rooms, "ada")
    before, tasks = await handlers_in(worker), len(asyncio.all_tasks())
    for _ in range(50):
        await vanish(ada, peer)
        ada, answer = await come_back(connect, peer, answer)
    await until(lambda: len(signaling) == 2)
    assert await handlers_in(worker) == before
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    assert not bob.all("peerClosed") and not bob.all("consumerClosed")


@pytest.mark.parametrize("moment", range(12))
async def test_whenever_the_socket_breaks_everything_is_consumed_once_in_the_end(
    connect: Connect, rooms: RoomManager, moment: int
) -> None:
    """The client loses its socket while it hears of the ``moment``-th new consumer, or says that it has it."""
    ada, bob = await connect("ada"), await connect("bob")
    joined = await join(ada)
    await join(bob)
    peer = peer_of(rooms, "ada")
    has: list[str] = []

    def take(method: str, data: Json) -> bool | None:
        if len(has) == moment // 2:
            ada.vanish()
            # Odd moments: it was made, and only the answer got lost.
            has.extend([data["id"]] * (moment % 2))
            return None
        has.append(data["id"])
        return True

    ada.accepts = take
    producing = [asyncio.create_task(produce_audio(bob, 10 + number)) for number in range(8)]
    await until(lambda: peer.session.away)
    again, answer = await come_back(connect, peer, joined, consumers=has)
    produced = set(await asyncio.gather(*producing))
    kept = {each["producerId"] for each in answer["consumers"]}
    await until(lambda: kept | {each["producerId"] for each in again.all("newConsumer")} == produced)
    assert ids(answer["consumers"]) <= set(has)
    assert len(answer["consumers"]) + len(again.all("newConsumer")) == 8
    await until(lambda: all(not each.paused for each in peer.media.subscriber.consumers))
    assert len(peer.media.subscriber.consumers) == 8


async def test_who_loses_the_answer_to_resume_joins_again(connect: Connect, rooms: RoomManager) -> None:
    ada = await connect("ada")
    joined = await join(ada)
    peer = peer_of(rooms, "ada")
    await vanish(ada, peer)
    again = await connect("ada", resume=joined["resumeToken"])
    answer = again.start_request("resume", all_of(peer))
    await until(lambda: not peer.session.away)
    await vanish(again, peer)
    answer.cancel()
    third = await connect("ada", resume=joined["resumeToken"])
    with pytest.raises(Refused) as caught:
        await third.request("resume", all_of(peer))
    assert caught.value.name == "cannot_resume"
    assert (await join(third))["peers"] == []
