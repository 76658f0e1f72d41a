"""Chat, reactions, hands, metadata and data messages, over real websockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.auth.grants import Grants
from app.rtc.room_config import RoomConfig
from app.signaling.methods import PACES

from .calls import join
from .client import Json, ProtooClient, Refused
from .conftest import Connect
from .gates import ANYBODY, MODERATOR, TestGate

#: Come in as somebody with these grants; gives the client, and the answer to its joining.
Come = Callable[..., Awaitable[tuple[ProtooClient, Json]]]
BY_HOST = {"peerId": "host", "name": "Host"}
#: What one does in a call, and with which data.
DOINGS: list[tuple[str, Json]] = [
    ("sendChatMessage", {"text": "hello"}),
    ("sendReaction", {"reaction": "👋"}),
    ("raiseHand", {}),
    ("lowerHand", {}),
    ("updateMetadata", {"metadata": "x"}),
    ("sendData", {"topic": "t", "payload": "p"}),
]


@pytest.fixture
def come(connect: Connect, gate: TestGate) -> Come:
    async def come(name: str, grants: Grants = ANYBODY, **admission: Any) -> tuple[ProtooClient, Json]:
        client = await connect(name, token=gate.issue(name, grants, **admission))
        return client, await join(client, name.title())

    return come


async def refused(client: ProtooClient, method: str, data: object = None) -> tuple[int, str]:
    """Ask for what is refused; gives code and the reason."""
    with pytest.raises(Refused) as caught:
        await client.request(method, data)
    return caught.value.code, str(caught.value)


async def test_who_comes_later_reads_what_was_said(come: Come) -> None:
    (ada, first), (bob, _) = await come("ada"), await come("bob")
    assert (first["chat"], first["hands"]) == ([], [])
    answer = await ada.request("sendChatMessage", {"text": "  hello "})
    message = {**answer, "peerId": "ada", "displayName": "Ada", "text": "hello"}
    assert await bob.hears("chatMessage") == await ada.hears("chatMessage") == message
    assert answer.keys() == {"id", "sentAt"} and isinstance(answer["sentAt"], int)
    await bob.request("sendChatMessage", {"text": "hi"})
    _, later = await come("cleo")
    assert [each["text"] for each in later["chat"]] == ["hello", "hi"]
    assert later["chat"][0] == message


async def test_reactions_are_shown_to_all(come: Come) -> None:
    (ada, _), (bob, _) = await come("ada"), await come("bob")
    assert await ada.request("sendReaction", {"reaction": "🎉"}) == {}
    for client in (ada, bob):
        assert await client.hears("reaction") == {"peerId": "ada", "reaction": "🎉"}


async def test_who_comes_later_sees_the_hands_in_their_order(come: Come) -> None:
    (ada, _), (bob, _) = await come("ada"), await come("bob")
    await bob.request("raiseHand")
    await ada.request("raiseHand")
    told = [await ada.hears("handRaised", peerId=name) for name in ("bob", "ada")]
    _, later = await come("cleo")
    assert later["hands"] == told
    await ada.request("lowerHand")
    assert await bob.hears("handLowered") == {"peerId": "ada"}


async def test_moderators_lower_hands_and_are_named(come: Come) -> None:
    (host, _), (ada, _), (bob, _) = await come("host", MODERATOR), await come("ada"), await come("bob")
    for client in (host, ada, bob):
        await client.request("raiseHand")
    await host.request("moderator:lowerHand", {"peerId": "ada"})
    assert await ada.hears("handLowered") == {"peerId": "ada", "by": BY_HOST}
    await host.request("moderator:lowerAllHands")
    for name in ("host", "bob"):
        await ada.hears("handLowered", peerId=name, by=BY_HOST)
    _, later = await come("cleo")
    assert later["hands"] == []
    assert await refused(host, "moderator:lowerHand", {"peerId": "nobody"}) == (
        404,
        "nobody in the room has the id 'nobody'",
    )
    for method in ("lowerHand", "lowerAllHands", "updateRoom", "transferOwnership"):
        assert (await refused(ada, f"moderator:{method}", {"peerId": "bob"}))[0] == 403


async def test_metadata_are_told_to_all_and_to_those_who_come_later(come: Come) -> None:
    ada, _ = await come("ada", metadata="old", attributes={"seat": "1", "mood": "good"})
    bob, answer = await come("bob")
    assert (answer["peers"][0]["metadata"], answer["peers"][0]["attributes"]["seat"]) == ("old", "1")
    await ada.request("updateMetadata", {"metadata": "x" * 4_096, "attributes": {"seat": "2", "mood": ""}})
    assert await bob.hears("peerUpdated") == {
        "peerId": "ada",
        "metadata": "x" * 4_096,
        "attributes": {"seat": "2"},
        "displayName": "Ada",
    }
    _, later = await come("cleo")
    assert later["peers"][0]["attributes"] == {"seat": "2"}


async def test_data_go_to_all_others_or_to_some(come: Come) -> None:
    (ada, _), (bob, _), (cleo, _) = await come("ada"), await come("bob"), await come("cleo")
    deaf, _ = await come("deaf", Grants(can_subscribe=False))
    await ada.request("sendData", {"topic": "cursor", "payload": "1", "to": ["cleo", "nobody"]})
    await ada.request("sendData", {"topic": "cursor", "payload": "ä" * 7_680})
    told = await bob.hears("dataMessage")
    assert (told["topic"], told["from"], len(told["payload"])) == ("cursor", "ada", 7_680)
    assert isinstance(told["sentAt"], int)
    await cleo.hears("dataMessage", payload=told["payload"])
    assert [each["payload"] for each in cleo.all("dataMessage")] == ["1", told["payload"]]
    assert [client.all("dataMessage") for client in (ada, deaf)] == [[], []]
    assert len(bob.all("dataMessage")) == 1


async def test_a_data_channel_may_be_for_some_only(come: Come) -> None:
    (ada, _), (bob, _), (cleo, _) = await come("ada"), await come("bob"), await come("cleo")
    for stream, to in enumerate((["bob"], None)):
        parameters = {"streamId": stream, "ordered": False, "maxRetransmits": 1}
        data = {"transportId": ada.sending, "sctpStreamParameters": parameters, "label": f"to {to}", "to": to}
        await ada.request("produceData", data)
    await bob.hears("newDataConsumer", label="to ['bob']", peerId="ada")
    await cleo.hears("newDataConsumer", label="to None")
    assert len(cleo.all("newDataConsumer")) == 1
    assert await refused(ada, "produceData", {**data, "to": ["nobody"]}) == (
        404,
        "data.to: nobody in the room has one of these ids",
    )


@pytest.mark.parametrize(
    ("method", "data", "problem"),
    [
        ("sendChatMessage", {}, "data: Object missing required field `text`"),
        ("sendChatMessage", {"text": 5}, "data.text: Expected `str`"),
        ("sendChatMessage", {"text": " "}, "data.text: blank"),
        ("sendChatMessage", {"text": "x" * 2_001}, "data.text: longer than 2000 characters"),
        ("sendReaction", {"reaction": "x" * 33}, "data.reaction: longer than 32 characters"),
        ("updateMetadata", {"metadata": "x" * 4_097}, "data.metadata: longer than 4096 characters"),
        ("updateMetadata", {"attributes": {"a": 1}}, "data.attributes[...]: Expected `str`"),
        ("sendData", {"payload": "x"}, "data: Object missing required field `topic`"),
        ("sendData", {"topic": "x" * 65, "payload": ""}, "data.topic: "),
        ("sendData", {"topic": "t", "payload": "x" * 15_361}, "data.payload: longer than 15360 characters"),
        ("sendData", {"topic": "t", "payload": "ä" * 7_681}, "data.payload: larger than 15360 bytes"),
        ("sendData", {"topic": "t", "payload": "", "to": ["x"] * 101}, "data.to: more than 100 items"),
    ],
)
async def test_what_is_malformed_reaches_nobody(come: Come, method: str, data: Json, problem: str) -> None:
    (ada, _), (bob, _) = await come("ada"), await come("bob")
    code, reason = await refused(ada, method, data)
    assert code == 400 and reason.startswith(problem)
    await ada.request("sendReaction", {"reaction": "x"})
    await bob.hears("reaction")
    assert [each for each, _ in bob.heard] == ["mediasoup-version", "reaction"]


@pytest.mark.parametrize(
    ("grants", "forbidden"),
    [
        (Grants(can_publish_data=False), {"sendChatMessage", "sendReaction", "sendData", "updateMetadata"}),
        (
            Grants(hidden=True, can_update_own_metadata=True),
            {"sendChatMessage", "sendReaction", "sendData", "raiseHand"},
        ),
    ],
)
async def test_who_may_not_do_it_does_not(come: Come, grants: Grants, forbidden: set[str]) -> None:
    ada, _ = await come("ada", grants)
    for method, data in DOINGS:
        if method in forbidden:
            assert (await refused(ada, method, data))[0] == 403
        else:
            assert await ada.request(method, data) == {}


async def test_one_has_to_join_first(connect: Connect) -> None:
    ada = await connect("ada")
    for method, data in DOINGS:
        assert (await refused(ada, method, data))[0] == 409


async def test_who_talks_too_often_is_told_to_wait_and_the_others_are_not(come: Come) -> None:
    (ada, _), (bob, _) = await come("ada"), await come("bob")
    burst, _ = PACES["talk"]
    methods = ("sendChatMessage", "sendReaction", "raiseHand", "lowerHand", "updateMetadata")
    data = {"text": "x", "reaction": "x"}
    # Faster than it is allowed in the long run, on any machine: all at once.
    asked = [ada.start_request(methods[number % len(methods)], data) for number in range(3 * burst)]
    refusals = []
    for each in asked:
        try:
            await each
        except Refused as refusal:
            refusals.append((refusal.code, refusal.name, str(refusal)))
    assert len(refusals) >= burst
    assert set(refusals) == {(429, "too_many_requests", "too often; try again in 1 s")}
    await bob.request("sendChatMessage", {"text": "I can still speak"})


async def test_data_have_a_pace_of_their_own(come: Come) -> None:
    ada, _ = await come("ada")
    for _ in range(PACES["talk"][0] + 5):
        await ada.request("sendData", {"topic": "t", "payload": "p"})
    await ada.request("raiseHand")


async def test_a_moderator_changes_the_room_for_all(come: Come, gate: TestGate) -> None:
    gate.rooms["kitchen"] = RoomConfig(id="kitchen", name="Kitchen", unmute_allowed=False)
    (host, _), (ada, _) = await come("host", MODERATOR), await come("ada")
    await host.request("moderator:updateRoom", {"metadata": "agenda"})
    told = await ada.hears("roomUpdated")
    assert (told["name"], told["metadata"], told["unmuteAllowed"]) == ("Kitchen", "agenda", False)
    await host.request("moderator:updateRoom", {"unmuteAllowed": True, "lobby": True})
    await ada.hears("roomUpdated", metadata="agenda", unmuteAllowed=True, lobby=True)
    _, later = await come("cleo")
    assert later["room"] == (await ada.hears("roomUpdated", lobby=True))
    assert (await refused(host, "moderator:updateRoom", {"metadata": "x" * 4_097}))[0] == 400
    assert (await refused(host, "moderator:updateRoom", {"lobby": None}))[0] == 400


async def test_a_room_of_which_there_is_no_record_can_not_be_given_away(come: Come) -> None:
    (owner, _), _ = await come("owner", MODERATOR, role="owner"), await come("ada")
    assert (await refused(owner, "moderator:transferOwnership", {"peerId": "ada"}))[0] == 403
