"""Where a room lives: what it has in a worker beside its peers' media."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app.errors import Unavailable
from app.mediasoup.audio_level_observer import AudioLevelObserver
from app.mediasoup.router import Router

from .media_codecs import media_codecs
from .worker_pool import PooledWorker

#: How often it is told who is how loud, in milliseconds; quieter than the threshold, in dBov, is silence.
SPEAKER_INTERVAL, SPEAKER_THRESHOLD = 500, -80


@dataclass(frozen=True, slots=True)
class Quarters:
    """A worker, and a room's router and observer in it. ``codecs``: their names, as the room was made."""

    home: PooledWorker
    router: Router
    loudness: AudioLevelObserver
    codecs: Sequence[str] | None

    @classmethod
    async def make(cls, home: PooledWorker, codecs: Sequence[str] | None, max_peers: int) -> Self:
        """
        Make them for a room with these codecs; a failure leaves nothing in the worker.

        :raises Unavailable: the worker died meanwhile
        :raises MediasoupError: it could not
        """
        router = await home.worker.create_router(media_codecs=media_codecs(codecs), layered_av1=True)
        try:
            loudness = await router.create_audio_level_observer(
                max_entries=max_peers, threshold=SPEAKER_THRESHOLD, interval=SPEAKER_INTERVAL
            )
        except BaseException:
            router.close()
            raise
        if router.closed:
            raise Unavailable("the worker died while the room was made; try again")
        return cls(home, router, loudness, codecs)
