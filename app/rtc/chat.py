"""What those in a room say and show to all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from uuid import uuid4

from app.errors import BadRequest

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

    Whether a peer may send anything is for the caller to decide.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._messages: deque[ChatMessage] = deque(maxlen=HISTORY)
        #: How many messages there were, those that are forgotten included.
        self.said = 0

    @property
    def history(self) -> list[ChatMessage]:
        """What was said last, the oldest first."""
        return list(self._messages)

    def restore(self, messages: Iterable[ChatMessage], said: int) -> None:
        """Have these as the last of so many that were ``said`` before this process began."""
        self._messages.extend(messages)
        self.said = said

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
            sent_at=now_ms(),
        )
        self._messages.append(message)
        self.said += 1
        self._tell(message)
        return message

    def react(self, peer: Peer, reaction: str) -> None:
        """
        Show everybody ``reaction``, an emoji say; nothing of it is kept.

        :raises BadRequest: it is blank, or too long
        """
        self._tell(Reaction(peer_id=peer.id, reaction=_trimmed(reaction, "reaction", MAX_REACTION)))


def _trimmed(text: str, field: str, limit: int) -> str:
    text = text.strip()
    if not text:
        raise BadRequest(f"data.{field}: blank")
    if len(text) > limit:
        raise BadRequest(f"data.{field}: longer than {limit} characters")
    return text
