"""Grants, the lobby and moderators' methods, over real websockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.auth.grants import Grants
from app.rtc.room_config import RoomConfig
from app.rtc.room_manager import RoomManager

from .calls import audio, create_transport, join, produce_audio, produce_chat, produce_video
from .client import Json, ProtooClient, Refused
from .conftest import Connect
from .gates import MODERATOR, TestGate

#: Come in as somebody with these grants, and join.
Come = Callable[..., Awaitable[ProtooClient]]
BY_HOST = {"peerId": "host", "name": "Host"}


@pytest.fixture
def come(connect: Connect, gate: TestGate) -> Come:
    async def come(name: str, grants: Grants | None = None, **admission: Any) -> ProtooClient:
        client = await connect(name, token=gate.issue(name, grants or Grants(), **admission))
        await join(client, name.title())
        return client

    return come


async def refused(client: ProtooClient, method: str, data: object = None) -> tuple[int, str]:
    """Ask for what is refused; gives code and name."""
    with pytest.raises(Refused) as caught:
        await client.request(method, data)
    return caught.value.code, caught.value.name


async def test_join_tells_what_one_is_and_may_do(connect: Connect, gate: TestGate) -> None:
    gate.rooms["kitchen"] = RoomConfig(id="kitchen", name="Kitchen", locked=True)
    host = await connect("host", token=gate.issue("host", MODERATOR, role="owner"))
    answer = await join(host)
    assert len(answer.pop("sessionId")) == 36 and len(answer.pop("resumeToken")) == 43
    assert answer == {
        "peers": [],
        "identity": "host",
        "permissions": {
            "canPublish": True,
            "canSubscribe": True,
            "canPublishData": True,
            "canUpdateOwnMetadata": False,
            "roomAdmin": True,
            "hidden": False,
            "canUsePlainTransports": False,
        },
        "roomName": "Kitchen",
        "locked": True,
        "lobby": False,
        "room": {
            "name": "Kitchen",
            "metadata": "",
            "locked": True,
            "lobby": False,
            "unmuteAllowed": True,
            "maxParticipants": None,
            "endsAt": None,
            "lastN": None,
        },
        "chat": [],
        "hands": [],
        "iceServers": [],
        "role": "owner",
    }


# Grants.


async def test_who_may_not_publish_can_not_produce(come: Come) -> None:
    ada = await come("ada", Grants(can_publish=False))
    data = {"transportId": ada.sending, "kind": "audio", "rtpParameters": audio()}
    assert await refused(ada, "produce", data) == (403, "not_allowed")


async def test_a_source_that_is_not_granted_can_not_be_produced(come: Come) -> None:
    ada = await come("ada", Grants(can_publish_sources=frozenset({"microphone"})))
    await produce_audio(ada)
    for source in ("camera", "screen_share", "share"):
        with pytest.raises(Refused) as caught:
            await produce_video(ada, source=source)
        assert caught.value.code == 403
    with pytest.raises(Refused, match=r"data\.appData\.source") as caught:
        await produce_video(ada, source="microphone")
    assert caught.value.code == 400


async def test_who_may_not_send_data_can_not(come: Come) -> None:
    ada = await come("ada", Grants(can_publish_data=False))
    with pytest.raises(Refused) as caught:
        await produce_chat(ada)
    assert caught.value.code == 403


async def test_who_may_not_receive_gets_no_consumers(come: Come) -> None:
    ada, bob = await come("ada"), await come("bob", Grants(can_subscribe=False))
    cleo = await come("cleo")
    await produce_audio(ada)
    await cleo.hears("consumerScore")
    assert bob.all("newConsumer") == []
    for method in ("pauseConsumer", "resumeConsumer", "requestConsumerKeyFrame"):
        assert await refused(bob, method, {"consumerId": "c"}) == (403, "not_allowed")


async def test_only_moderators_moderate(come: Come) -> None:
    ada, _ = await come("ada"), await come("bob")
    for method, data in (
        ("mutePeer", {"peerId": "bob"}),
        ("removePeer", {"peerId": "bob"}),
        ("muteAll", {}),
        ("lockRoom", {}),
        ("closeRoom", {}),
    ):
        assert await refused(ada, f"moderator:{method}", data) == (403, "not_allowed")


async def test_a_change_of_grants_is_told_and_takes_effect_at_once(come: Come, rooms: RoomManager) -> None:
    ada = await come("ada")
    producer_id = await produce_audio(ada)
    room = rooms.get("kitchen")
    assert room is not None
    room.change_grants("ada", Grants(can_publish=False))
    told = await ada.hears("permissionsChanged")
    assert (told["permissions"]["canPublish"], told["by"]) == (False, None)
    closed = await ada.hears("producerClosed")
    assert closed == {
        "producerId": producer_id,
        "source": "microphone",
        "reason": "permissions-changed",
        "by": None,
    }
    assert await refused(ada, "resumeProducer", {"producerId": producer_id}) == (403, "not_allowed")
    room.change_grants("ada", MODERATOR)
    assert await ada.request("moderator:lockRoom") == {}


async def test_the_name_of_a_token_can_not_be_changed(connect: Connect, gate: TestGate) -> None:
    token = gate.issue("ada", Grants(), name="Countess")
    ada, bob = await connect("ada", token=token), await connect("bob")
    await join(ada, "Queen")
    assert (await join(bob))["peers"][0]["displayName"] == "Countess"
    assert await refused(ada, "changeDisplayName", {"displayName": "Queen"}) == (403, "not_allowed")


# Moderators.


async def test_who_is_muted_hears_of_it_and_may_unmute(come: Come) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    producer_id = await produce_audio(ada)
    await host.hears("consumerScore")
    assert await host.request("moderator:mutePeer", {"peerId": "ada"}) == {}
    told = await ada.hears("mutedByModerator")
    assert told == {"producerId": producer_id, "source": "microphone", "mayUnmute": True, "by": BY_HOST}
    await host.hears("consumerPaused")
    await ada.request("resumeProducer", {"producerId": producer_id})
    await host.hears("consumerResumed")


async def test_where_only_moderators_unmute_nobody_else_does(come: Come, gate: TestGate) -> None:
    gate.rooms["kitchen"] = RoomConfig(id="kitchen", unmute_allowed=False)
    host, ada = await come("host", MODERATOR), await come("ada")
    producer_id = await produce_audio(ada)
    await host.request("moderator:mutePeer", {"peerId": "ada", "producerId": producer_id})
    assert not (await ada.hears("mutedByModerator"))["mayUnmute"]
    assert await refused(ada, "resumeProducer", {"producerId": producer_id}) == (403, "not_allowed")
    with pytest.raises(Refused):
        await produce_audio(ada, 2)
    await host.request("moderator:unmutePeer", {"peerId": "ada"})
    assert await ada.hears("unmutedByModerator") == {"producerId": None, "source": "microphone", "by": BY_HOST}
    await ada.request("resumeProducer", {"producerId": producer_id})


async def test_pictures_are_stopped(come: Come) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    camera = await produce_video(ada, 10)
    screen = await produce_video(ada, 20, source="screen_share")
    await host.request("moderator:stopVideo", {"peerId": "ada"})
    closed = {"reason": "stopped-by-moderator", "by": BY_HOST}
    assert await ada.hears("producerClosed", source="camera") == {"producerId": camera, "source": "camera", **closed}
    await host.request("moderator:stopScreenShare", {"peerId": "ada"})
    told = await ada.hears("producerClosed", source="screen_share")
    assert told == {"producerId": screen, "source": "screen_share", **closed}
    await produce_video(ada, 30)


async def test_all_are_muted_but_the_moderator(come: Come) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    await produce_audio(host)
    await produce_audio(ada, 2)
    await host.request("moderator:muteAll")
    await ada.hears("mutedByModerator", by=BY_HOST)
    assert host.all("mutedByModerator") == []


@pytest.mark.parametrize(("method", "reason"), [("removePeer", "removed"), ("banPeer", "banned")])
async def test_who_is_sent_away_is_told_why_and_to_stay_away(come: Come, method: str, reason: str) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    await host.request(f"moderator:{method}", {"peerId": "ada"})
    assert await ada.hears("removed") == {"reason": reason, "by": BY_HOST}
    assert await ada.ends() == 4000
    await host.hears("peerClosed", peerId="ada")


async def test_nobody_but_an_owner_sends_an_owner_away(come: Come) -> None:
    host = await come("host", MODERATOR, role="moderator")
    await come("owner", MODERATOR, role="owner")
    for method in ("removePeer", "banPeer"):
        assert await refused(host, f"moderator:{method}", {"peerId": "owner"}) == (403, "not_allowed")
        assert await refused(host, f"moderator:{method}", {"peerId": "nobody"}) == (404, "not_found")


async def test_a_room_is_locked_and_unlocked(come: Come) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    await host.request("moderator:lockRoom")
    told = await ada.hears("roomUpdated", locked=True)
    assert told == {
        "name": "",
        "metadata": "",
        "locked": True,
        "lobby": False,
        "unmuteAllowed": True,
        "maxParticipants": None,
        "endsAt": None,
        "lastN": None,
    }
    await host.request("moderator:unlockRoom")
    await ada.hears("roomUpdated", locked=False)


async def test_a_room_is_closed_for_all(come: Come) -> None:
    host, ada = await come("host", MODERATOR), await come("ada")
    asked = host.start_request("moderator:closeRoom")
    for client in (ada, host):
        assert await client.hears("roomClosed") == {"reason": "room-closed", "by": BY_HOST}
        assert await client.ends() == 4000
    assert asked.cancelled()


# The lobby.


@pytest.fixture
def lobby(gate: TestGate) -> None:
    gate.rooms["kitchen"] = RoomConfig(id="kitchen", lobby=True)


async def knock(connect: Connect, gate: TestGate, name: str) -> ProtooClient:
    """Come, ask to join, and be told to wait."""
    client = await connect(name, token=gate.issue(name, role="guest", waits_in_lobby=True))
    with pytest.raises(Refused) as caught:
        await join(client, name.title())
    assert (caught.value.code, caught.value.name) == (403, "in_lobby")
    return client


async def test_who_waits_is_let_in(lobby: None, come: Come, connect: Connect, gate: TestGate) -> None:
    host, ada = await come("host", MODERATOR), await knock(connect, gate, "ada")
    device = {"flag": "chrome", "name": "Chrome", "version": "156"}
    told = await host.hears("lobbyPeer")
    assert told == {"peerId": "ada", "displayName": "Ada", "device": device, "role": "guest"}
    assert await refused(ada, "produce", _audio(ada)) == (409, "wrong_state")
    assert host.all("newPeer") == []
    await host.request("moderator:admitPeer", {"peerId": "ada"})
    assert await ada.hears("admitted") == {"by": BY_HOST}
    await host.hears("lobbyPeerClosed", peerId="ada")
    assert [peer["id"] for peer in (await join(ada))["peers"]] == ["host"]


async def test_who_waits_is_sent_away(lobby: None, come: Come, connect: Connect, gate: TestGate) -> None:
    host, ada = await come("host", MODERATOR), await knock(connect, gate, "ada")
    await host.request("moderator:rejectPeer", {"peerId": "ada"})
    assert await ada.hears("removed") == {"reason": "rejected", "by": BY_HOST}
    assert await ada.ends() == 4000
    assert await refused(host, "moderator:admitPeer", {"peerId": "ada"}) == (404, "not_found")


async def test_all_who_wait_are_let_in_by_one_who_came_later(
    lobby: None, come: Come, connect: Connect, gate: TestGate
) -> None:
    waiting = [await knock(connect, gate, name) for name in ("ada", "bob")]
    host = await come("host", MODERATOR)
    await host.hears("lobbyPeer", peerId="bob")
    await host.request("moderator:admitAll")
    for client in waiting:
        await client.hears("admitted")


def _audio(client: ProtooClient) -> Json:
    return {"transportId": client.sending, "kind": "audio", "rtpParameters": audio()}


async def test_transports_may_be_made_while_waiting(lobby: None, connect: Connect, gate: TestGate) -> None:
    ada = await knock(connect, gate, "ada")
    assert await create_transport(ada, consuming=True)
    assert await ada.request("getRouterRtpCapabilities")
