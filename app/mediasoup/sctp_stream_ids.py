"""The SCTP stream ids of a transport's data consumers, which the control plane hands out."""

from .errors import UnsupportedError

#: An association has at most this many streams, from 0 (RFC 8831, section 6.2).
STREAM_COUNT = 65_535


class SctpStreamIds:
    """
    Hands out ids that nobody uses, each new one after the last.

    An id is not used again at once, so that messages still on their way do not reach a new data consumer.
    """

    def __init__(self) -> None:
        self._used: set[int] = set()
        self._next = 0
        self._count = STREAM_COUNT

    def limit(self, count: int) -> None:
        """Hand out only ids below ``count``, as both ends have negotiated."""
        self._count = min(count, STREAM_COUNT)

    def take(self) -> int:
        """Raises UnsupportedError when all are in use."""
        for offset in range(self._count):
            stream_id = (self._next + offset) % self._count
            if stream_id not in self._used:
                self._used.add(stream_id)
                self._next = stream_id + 1
                return stream_id
        raise UnsupportedError(f"all {self._count} SCTP streams of the transport are in use")

    def use(self, stream_id: int) -> None:
        """Take one that was handed out before our time."""
        self._used.add(stream_id)
        self._next = max(self._next, stream_id + 1)

    def give_back(self, stream_id: int) -> None:
        """Let ``stream_id`` be handed out again."""
        self._used.discard(stream_id)
