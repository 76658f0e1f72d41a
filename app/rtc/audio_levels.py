"""How loud everybody is, and who of them is the speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.mediasoup.audio_level_observer import AudioLevelObserver, AudioLevelVolume
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer

from .events import ActiveSpeaker, Event
from .stage import Stage
from .subscription_events import AudioLevel, AudioLevelsTold
from .tasks import TaskSet

if TYPE_CHECKING:
    from loguru import Logger


class Speaker:
    """
    Who speaks, so that it does not change with every breath. Pure.

    Whoever is the loudest for two rounds in a row takes over, or at once from one who has fallen silent.
    """

    def __init__(self) -> None:
        self.current: str | None = None
        self._challenger: str | None = None

    def hear(self, peer_ids: Sequence[str]) -> str | None:
        """Give the speaker of this round, in which these were heard, the loudest first."""
        loudest = peer_ids[0] if peer_ids else None
        if self.current not in peer_ids or loudest == self._challenger:
            self.current = loudest
        self._challenger = None if loudest == self.current else loudest
        return self.current


class AudioLevels:
    """
    Watches all sound of a room, and tells each round of ``loudness`` who was heard.

    ``owner_of`` gives the peer that a producer is of, by their ids.
    """

    def __init__(
        self,
        loudness: AudioLevelObserver,
        owner_of: Callable[[str], str | None],
        tell: Callable[[Event], None],
        stage: Stage,
        log: Logger,
    ) -> None:
        self._owner_of = owner_of
        self._tell = tell
        self._stage = stage
        self._log = log
        self._speaker = Speaker()
        self._tasks = TaskSet()
        self.listen_to(loudness)

    def listen_to(self, loudness: AudioLevelObserver) -> None:
        """Have it from this observer: the one before, if there was one, is gone."""
        self._loudness = loudness
        loudness.on_volumes.add(self._heard)
        loudness.on_silence.add(lambda: self._heard([]))

    def watch(self, producer: Producer) -> None:
        """Listen to a producer, until it closes."""
        self._tasks.start(self._watch(producer), name=f"watching producer {producer.id}")

    def close(self) -> None:
        """Listen to nobody else."""
        self._tasks.cancel()

    async def _watch(self, producer: Producer) -> None:
        try:
            await self._loudness.add_producer(producer_id=producer.id)
        except MediasoupError as error:
            if not producer.closed:
                self._log.warning("the loudness of producer {} is not watched: {}", producer.id, error)

    def _heard(self, volumes: list[AudioLevelVolume]) -> None:
        levels: dict[str, int] = {}
        for each in volumes:
            # The loudest come first; one peer may send several sounds.
            if (owner_id := self._owner_of(each.producer.id)) is not None:
                levels.setdefault(owner_id, each.volume)
        speaker = self._speaker.hear(tuple(levels))
        if speaker is not None:
            self._stage.speaks(speaker)
        self._tell(ActiveSpeaker(peer_id=speaker, volume=None if speaker is None else levels[speaker]))
        self._tell(AudioLevelsTold(levels=[AudioLevel(peer_id=id, volume=volume) for id, volume in levels.items()]))
