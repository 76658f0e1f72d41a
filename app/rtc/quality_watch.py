"""Telling a room how good everybody's connection is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.mediasoup.errors import MediasoupError

from .client_transports import ClientTransport, is_connected, is_cut
from .peer import Peer
from .quality import Heard, Quality, Silence, Steady, connection_score, quality
from .subscription_events import ConnectionQuality, PeerQuality
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds in which everybody is looked at once, and those that the worker has to answer for one peer.
INTERVAL, ANSWER_TIMEOUT = 1.5, 1.0


@dataclass(slots=True)
class _Record:
    """What is known of one peer; ``told`` is what the others know, ``informed`` that it knows all of theirs."""

    steady: Steady = field(default_factory=Steady)
    silence: Silence = field(default_factory=Silence)
    score: float = 0.0
    told: PeerQuality | None = None
    informed: bool = False


class QualityWatch:
    """
    Looks at those whom ``joined`` gives, one after the other, evenly over ``interval`` seconds, and tells what changed.

    Scores come by themselves; the worker is asked only whether anything at all arrives from a peer. When it does not
    answer, those of whom it did not are judged by their scores alone. ``elsewhere`` gives what other parts of the room
    found; ``touch`` is called when they should hear of something that was found here.
    """

    def __init__(
        self,
        joined: Callable[[], Iterable[Peer]],
        log: Logger,
        interval: float = INTERVAL,
        *,
        elsewhere: Callable[[], Iterable[PeerQuality]] = tuple,
        touch: Callable[[], None] = lambda: None,
    ) -> None:
        self._joined = joined
        self._elsewhere = elsewhere
        self._touch = touch
        #: What those here know of those elsewhere.
        self._told_of_elsewhere: dict[str, Quality] = {}
        self._log = log
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._records: dict[Peer, _Record] = {}
        #: The worker did not answer in this round: others would wait for it in vain.
        self._unanswered = False
        self._tasks = TaskSet()
        self._tasks.start(self._run(), name="watching connection quality")

    def close(self) -> None:
        """Look no more."""
        self._tasks.cancel()

    async def look(self, peers: Iterable[Peer]) -> None:
        """Look at all of them now, and tell."""
        self._unanswered = False
        for peer in peers:
            await self._look(peer)
        self.tell()

    def tell(self) -> None:
        """Tell what changed, and those who are new all that is known."""
        self._records = {peer: self._records.get(peer) or _Record() for peer in self._joined()}
        shown = [
            (record, PeerQuality(peer_id=peer.id, quality=record.steady.current, score=round(record.score, 1)))
            for peer, record in self._records.items()
            if peer.visible and record.steady.current is not None
        ]
        found = [
            (record, known) for record, known in shown if record.told is None or record.told.quality != known.quality
        ]
        elsewhere = list(self._elsewhere())
        news = [known for _, known in found] + self._news_of(elsewhere)
        for peer, record in self._records.items():
            if peer.session.away:
                # It misses this, and is told everything when it is back.
                record.informed = False
            elif told := news if record.informed else [known for _, known in shown] + elsewhere:
                record.informed = True
                peer.client.notify(ConnectionQuality(peers=told))
        for record, known in found:
            record.told = known
        if found:
            self._touch()

    def told_of(self, peer: Peer) -> PeerQuality | None:
        """Give what the others know of a peer."""
        record = self._records.get(peer)
        return None if record is None else record.told

    def _news_of(self, elsewhere: Iterable[PeerQuality]) -> list[PeerQuality]:
        before, self._told_of_elsewhere = self._told_of_elsewhere, {each.peer_id: each.quality for each in elsewhere}
        return [each for each in elsewhere if before.get(each.peer_id) != each.quality]

    async def _run(self) -> None:
        while True:
            start, peers = self._loop.time(), tuple(self._joined())
            self._unanswered = False
            for number, peer in enumerate(peers):
                await asyncio.sleep(start + number / len(peers) * self._interval - self._loop.time())
                if await self._look(peer) == "lost":
                    # It may be gone altogether before this round is over.
                    self.tell()
            self.tell()
            await asyncio.sleep(start + self._interval - self._loop.time())

    async def _look(self, peer: Peer) -> Quality | None:
        record = self._records.setdefault(peer, _Record())
        if await self._is_lost(peer, record.silence):
            score: float | None = 0.0
        else:
            score = connection_score(sent=peer.media.sent_scores, received=peer.media.received_scores)
        if score is None and record.told is not None:
            # It is there and nothing flows: nothing that could be bad.
            score = 10.0
        if score is not None:
            record.score = score
            record.steady.find(quality(score))
        return record.steady.current

    async def _is_lost(self, peer: Peer, silence: Silence) -> bool:
        transports = tuple(peer.media.transports)
        if any(is_cut(each) for each in transports):
            return True
        if self._unanswered:
            return False
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                # What the worker counts leaves ICE checks out, so that one which carries nothing may well be silent.
                heard = {
                    each.id: Heard(await _received(each), patience)
                    for each in transports
                    if is_connected(each) and (patience := peer.media.patience_with(each)) is not None
                }
        except TimeoutError:
            self._unanswered = True
            self._log.info("the worker does not say what arrives from peer {}", peer.id)
            return False
        except MediasoupError as error:
            # Most likely a transport that closed meanwhile.
            self._log.debug("what arrives from peer {} is not known now: {}", peer.id, error)
            return False
        return silence.look(heard, self._loop.time())


async def _received(transport: ClientTransport) -> int:
    return sum(each.bytes_received for each in await transport.get_stats())
