"""What those in a room say and show to all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from uuid import uuid4

from app.errors import BadRequest
from app.mediasoup.signal import Signal

from .events import Event
from .meeting_events import ChatMessage, Reaction, now_ms
from .peer import Peer

#: So many messages are kept for those who come later; then the oldest is forgotten.
HISTORY = 100
#: In characters.
MAX_TEXT, MAX_REACTION = 2_000, 32


class Chat:
    """
    As long as the call lasts; ``tell`` reaches all who joined.

    Whether a peer may send anything is for the caller to decide. ``on_say`` fires with how many messages were said
    before, and the message; ``on_react`` with what somebody shows to all.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._messages: deque[ChatMessage] = deque(maxlen=HISTORY)
        #: How many messages there were, those that are forgotten included.
        self.said = 0
        self.on_say: Signal[int, ChatMessage] = Signal()
        self.on_react: Signal[Reaction] = Signal()

    @property
    def messages(self) -> list[ChatMessage]:
        """What was said last, as it came here."""
        return list(self._messages)

    @property
    def history(self) -> list[ChatMessage]:
        """What was said last, the oldest first."""
        return sorted(self._messages, key=_order)

    def restore(self, messages: Iterable[ChatMessage], said: int) -> None:
        """Have these as the last of so many that were ``said`` before this process began."""
        self._messages.extend(messages)
        self.said = said

    def go_on_at(self, number: int) -> None:
        """Count as if more had been said, so that the next message has this ``number``, apart from whole histories."""
        self.said += (number - self.said) % HISTORY

    def say(self, peer: Peer, text: str) -> ChatMessage:
        """
        Tell everybody ``text``, without the space around it.

        :raises BadRequest: nothing is left of it, or too much
        """
        message = ChatMessage(
            id=str(uuid4()),
            peer_id=peer.id,
            display_name=peer.display_name,
            text=_trimmed(text, "text", MAX_TEXT),
            sent_at=self._now(),
        )
        self._add(message)
        self.on_say.emit(self.said - 1, message)
        return message

    def take(self, message: ChatMessage) -> None:
        """Have a message of another part of the room; it may be known already, or forgotten again."""
        if any(message.id == known.id for known in self._messages):
            return
        if len(self._messages) < HISTORY or _order(message) > min(map(_order, self._messages)):
            self._add(message)

    def react(self, peer: Peer, reaction: str) -> None:
        """
        Show everybody ``reaction``, an emoji say; nothing of it is kept.

        :raises BadRequest: it is blank, or too long
        """
        shown = Reaction(peer_id=peer.id, reaction=_trimmed(reaction, "reaction", MAX_REACTION))
        self._tell(shown)
        self.on_react.emit(shown)

    def _now(self) -> int:
        """Give a time after that of all that was said, so that all parts of a room agree on the order."""
        return max(now_ms(), *(message.sent_at + 1 for message in self._messages), 0)

    def _add(self, message: ChatMessage) -> None:
        self._messages.append(message)
        self.said += 1
        self._tell(message)


def _order(message: ChatMessage) -> tuple[int, str]:
    return message.sent_at, message.id


def _trimmed(text: str, field: str, limit: int) -> str:
    text = text.strip()
    if not text:
        raise BadRequest(f"data.{field}: blank")
    if len(text) > limit:
        raise BadRequest(f"data.{field}: longer than {limit} characters")
    return text
