"""The methods by which those in a room tell each other something."""

from __future__ import annotations

from app.mediasoup.rtp_parameters import Value
from app.rtc.peer import Peer
from app.rtc.room import Room

from .meeting_schemas import SendChatMessage, SendData, SendReaction, UpdateMetadata
from .methods import MethodTable
from .schemas import Nothing

METHODS = MethodTable()
method = METHODS.method


class Sent(Value, frozen=True):
    """The id of a chat message, and when it was sent, in milliseconds since 1970."""

    id: str
    sent_at: int


@method("sendChatMessage", SendChatMessage, needs="publish_data", pace="talk")
def send_chat_message(room: Room, peer: Peer, data: SendChatMessage) -> Sent:
    message = room.chat.say(peer, data.text)
    return Sent(id=message.id, sent_at=message.sent_at)


@method("sendReaction", SendReaction, needs="publish_data", pace="talk", put_down="nothing")
def send_reaction(room: Room, peer: Peer, data: SendReaction) -> None:
    room.chat.react(peer, data.reaction)


@method("raiseHand", Nothing, needs="be_seen", pace="talk")
def raise_hand(room: Room, peer: Peer, data: Nothing) -> None:
    room.hands.lift(peer)


@method("lowerHand", Nothing, pace="talk")
def lower_hand(room: Room, peer: Peer, data: Nothing) -> None:
    room.hands.lower(peer.id)


@method("updateMetadata", UpdateMetadata, needs="describe_itself", pace="talk")
def update_metadata(room: Room, peer: Peer, data: UpdateMetadata) -> None:
    room.describe(peer, data.metadata, data.attributes)


@method("sendData", SendData, needs="publish_data", pace="data", put_down="nothing")
def send_data(room: Room, peer: Peer, data: SendData) -> None:
    room.pass_on(peer, data.payload, data.topic, data.to)
