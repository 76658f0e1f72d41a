"""A link: one end of the pair of pipe transports that connects this part's router with that of another part."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.signal import Signal

from .bus import PartId
from .pipe_news import News
from .registry import WorkerThing


class Link:
    """
    To the ``part`` whose pipes are ``other`` (see :attr:`app.rtc.pipes.Pipes.id`); both ends name it by its ``id``.

    It carries producers in both directions, and closes when it has carried nothing for ``linger`` seconds and the other
    end knows it, which then closes by itself. ``ours``: this part wanted it.
    """

    def __init__(
        self, id: str, part: PartId, other: str, transport: PipeTransport, news: News, *, ours: bool, linger: float
    ) -> None:
        self.id = id
        self.part = part
        self.other = other
        self.transport = transport
        self.news = news
        self.ours = ours
        self.on_close: Signal[()] = Signal()
        self._linger = linger
        #: The children that it carries, and what is being made.
        self._uses = 0
        self._timer: asyncio.TimerHandle | None = None
        transport.on_close.add(self._closed)
        self._look()

    def __repr__(self) -> str:
        return f"<Link {self.id} to {self.part}{' closed' if self.closed else ''}>"

    @property
    def closed(self) -> bool:
        """Whether it has come to its end, its router's included."""
        return self.transport.closed

    @contextmanager
    def used(self) -> Iterator[None]:
        """Do not close by itself meanwhile."""
        self._use()
        try:
            yield
        finally:
            self._put_down()

    def carry(self, thing: WorkerThing) -> None:
        """Do not close by itself as long as ``thing`` is open."""
        self._use()
        thing.on_close.add(self._put_down)

    def close(self) -> None:
        """Close this end, and what comes and goes through it."""
        self.transport.close()

    def let_go(self) -> None:
        """Do no more, but leave the transport as it is."""
        self._stop()
        self.transport.on_close.remove(self._closed)

    def _use(self) -> None:
        self._uses += 1
        self._cancel()

    def _put_down(self) -> None:
        self._uses -= 1
        self._look()

    def _look(self) -> None:
        if not (self._uses or self.closed):
            self._timer = asyncio.get_running_loop().call_later(self._linger, self._expire)

    def _expire(self) -> None:
        if self.news.untold:
            self._look()
        else:
            self.close()

    def _closed(self) -> None:
        self._stop()
        self.on_close.emit()

    def _stop(self) -> None:
        self._cancel()
        self.news.close()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
