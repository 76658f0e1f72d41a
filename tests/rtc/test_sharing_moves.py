"""Tests of those who come to another part of a room than they were in, and of nodes that are lost."""

from __future__ import annotations

import pytest

from app.auth.grants import Grants
from app.rtc.consumer_control import Pause
from app.rtc.events import ConsumerClosed, Farewell, NewConsumer, NewPeer, PeerClosed
from app.rtc.meeting_events import HandRaised
from app.rtc.peer import Peer

from .fakes import until
from .nodes import OVER_BOTH, Nodes
from .parameters import produce_audio, produce_video
from .people import ANYBODY, HOST, MODERATOR

pytestmark = OVER_BOTH

LISTENER = Grants(can_publish=False)


async def test_who_comes_elsewhere_with_the_same_id_is_there_once(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    _, before = await a.arrive("ada")
    _, bobs = await b.arrive("bob")
    _, cys = await c.arrive("cy")
    ada, _ = await b.arrive("ada")
    await until(lambda: before.farewell is Farewell.REPLACED)
    await until(lambda: nodes.all_know(3) and nodes.all_see(3))
    for client in (bobs, cys):
        assert [type(each) for each in client.heard if about_ada(each)][-2:] == [PeerClosed, NewPeer]
    assert not ada.closed


async def test_who_came_from_elsewhere_is_among_the_last_n_once_she_speaks(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    await a.arrive("ada")
    (bob, bobs), (cy, _) = await b.arrive("bob"), await b.arrive("cy")
    await until(lambda: nodes.all_see(3))
    ada, _ = await b.arrive("ada")
    here = await b.room()
    for sender, ssrc in ((ada, 5000), (cy, 6000)):
        camera = await produce_video(sender, ssrc)
        await bobs.hears(NewConsumer, producer_id=camera.id)
    here.adjust(HOST, last_n=1)
    for speaker, other in (("cy", "ada"), ("ada", "cy")):
        here.stage.speaks(speaker)
        await until(lambda: is_shown(bob, speaker) and not is_shown(bob, other))  # noqa: B023


def is_shown(viewer: Peer, owner_id: str) -> bool:
    """Whether the one's camera is not left out of what the viewer sees."""
    subscriber = viewer.media.subscriber
    (control,) = (subscriber.control(c.id) for c in subscriber.consumers if subscriber.source_of(c.id)[0] == owner_id)
    return not control.paused_for(Pause.SUSPENDED)


def about_ada(event: object) -> bool:
    """Whether it says that she came or went."""
    return (isinstance(event, NewPeer) and event.id == "ada") or (
        isinstance(event, PeerClosed) and event.peer_id == "ada"
    )


async def test_who_comes_elsewhere_keeps_rights_hand_and_description(nodes: Nodes) -> None:
    a, b, c = await nodes.start("a", "b", "c")
    ada, _ = await a.arrive("ada", role="member")
    _, cys = await c.arrive("cy")
    here = await a.room()
    here.hands.lift(ada)
    raised = here.hands_raised[0].raised_at
    here.describe(ada, "a poet's daughter", {"mood": "fine"})
    here.change_grants("ada", LISTENER, HOST, role="guest")
    again, _ = await b.arrive("ada", role="guest")
    assert (again.grants, again.role) == (LISTENER, "guest")
    assert (again.metadata, again.attributes) == ("a poet's daughter", {"mood": "fine"})
    assert [(hand.peer_id, hand.raised_at) for hand in (await b.room()).hands_raised] == [("ada", raised)]
    await until(lambda: len(cys.all(HandRaised)) == 2)
    assert [each.raised_at for each in cys.all(HandRaised)] == [raised, raised]


async def test_what_was_muted_stays_so_elsewhere(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    await (await a.room()).mute_sound("ada", HOST)
    ada.close()
    room = await b.room()
    await until(lambda: room.door.known.get("ada") == {"microphone"})


async def test_who_left_comes_back_without_a_hand(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    await b.arrive("bob")
    (await a.room()).hands.lift(ada)
    await until(lambda: nodes.all_know(2))
    ada.close()
    await until(lambda: nodes.all_know(1))
    await b.arrive("ada")
    assert (await b.room()).hands_raised == []


async def test_the_people_of_a_node_that_is_lost_are_gone_and_come_back_elsewhere_as_they_were(nodes: Nodes) -> None:
    a, b = await nodes.start("a", "b")
    ada, _ = await a.arrive("ada")
    _, bobs = await b.arrive("bob")
    (await a.room()).hands.lift(ada)
    microphone = await produce_audio(ada)
    heard = await bobs.hears(NewConsumer, producer_id=microphone.id)
    await a.bus.close()
    await bobs.hears(PeerClosed, peer_id="ada")
    await bobs.hears(ConsumerClosed, consumer_id=heard.id)
    await b.arrive("ada")
    assert [hand.peer_id for hand in (await b.room()).hands_raised] == ["ada"]


@pytest.mark.parametrize("is_lost", [True, False])
async def test_who_got_another_role_meanwhile_comes_back_elsewhere_with_the_rights_of_that(
    nodes: Nodes, is_lost: bool
) -> None:
    a, b = await nodes.start("a", "b")
    await a.arrive("ada", role="member")
    _, bobs = await b.arrive("bob")
    (await a.room()).change_grants("ada", MODERATOR, HOST, role="moderator")
    there = await b.room()
    await until(lambda: any(fact.grants.room_admin for fact in there.elsewhere))
    if is_lost:
        await a.bus.close()
        await bobs.hears(PeerClosed, peer_id="ada")
    again, _ = await b.arrive("ada", role="member")
    assert (again.grants, again.role) == (ANYBODY, "member")
