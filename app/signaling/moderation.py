"""The methods of moderators: those with the grant ``roomAdmin``."""

from __future__ import annotations

from app.errors import NotAllowed
from app.rtc.events import Farewell
from app.rtc.peer import Peer
from app.rtc.room import Room

from . import schemas
from .methods import MethodTable

METHODS = MethodTable()
method = METHODS.method


# Media


@method("moderator:mutePeer", schemas.MutePeer, needs="moderate")
async def mute_peer(room: Room, peer: Peer, data: schemas.MutePeer) -> None:
    if data.producer_id is None:
        await room.mute_sound(data.peer_id, peer.actor)
    else:
        await room.mute(data.peer_id, data.producer_id, True, peer.actor)


@method("moderator:unmutePeer", schemas.OfPeer, needs="moderate")
async def unmute_peer(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.unmute(data.peer_id, peer.actor)


@method("moderator:muteAll", schemas.Nothing, needs="moderate")
async def mute_all(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    await room.mute_all(peer.actor)


@method("moderator:stopVideo", schemas.OfPeer, needs="moderate")
async def stop_video(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.stop_video(data.peer_id, peer.actor)


@method("moderator:stopScreenShare", schemas.OfPeer, needs="moderate")
async def stop_screen_share(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.stop_screen_share(data.peer_id, peer.actor)


# People


@method("moderator:removePeer", schemas.OfPeer, needs="moderate")
async def remove_peer(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    _check_may_send_away(room, peer, data.peer_id)
    room.remove(data.peer_id, peer.actor)


@method("moderator:banPeer", schemas.OfPeer, needs="moderate")
async def ban_peer(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    _check_may_send_away(room, peer, data.peer_id)
    room.ban_peer(data.peer_id, peer.actor)


@method("moderator:admitPeer", schemas.OfPeer, needs="moderate")
async def admit_peer(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.admit(data.peer_id, peer.actor)


@method("moderator:admitAll", schemas.Nothing, needs="moderate")
async def admit_all(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    room.admit_all(peer.actor)


@method("moderator:rejectPeer", schemas.OfPeer, needs="moderate")
async def reject_peer(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.reject(data.peer_id, peer.actor)


@method("moderator:lowerHand", schemas.OfPeer, needs="moderate")
async def lower_hand(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    room.lower_hand(data.peer_id, peer.actor)


@method("moderator:lowerAllHands", schemas.Nothing, needs="moderate")
async def lower_all_hands(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    room.lower_all_hands(peer.actor)


# The room


@method("moderator:updateRoom", schemas.UpdateRoom, needs="moderate")
async def update_room(room: Room, peer: Peer, data: schemas.UpdateRoom) -> None:
    room.adjust(peer.actor, **data.given())


@method("moderator:transferOwnership", schemas.OfPeer, needs="moderate")
async def transfer_ownership(room: Room, peer: Peer, data: schemas.OfPeer) -> None:
    await room.hand_over(data.peer_id, peer)


@method("moderator:lockRoom", schemas.Nothing, needs="moderate")
async def lock_room(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    room.lock(True, peer.actor)


@method("moderator:unlockRoom", schemas.Nothing, needs="moderate")
async def unlock_room(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    room.lock(False, peer.actor)


@method("moderator:closeRoom", schemas.Nothing, needs="moderate")
async def close_room(room: Room, peer: Peer, data: schemas.Nothing) -> None:
    room.close(Farewell.ROOM_CLOSED, peer.actor)


def _check_may_send_away(room: Room, moderator: Peer, peer_id: str) -> None:
    if room.look_up(peer_id).role == "owner" and moderator.role != "owner":
        raise NotAllowed("nobody sends the room's owner away")
