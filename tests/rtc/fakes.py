"""Stand-ins at the domain's two borders: where workers come from, and the client behind a peer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from app.mediasoup.signal import Signal
from app.mediasoup.worker import Worker, WorkerSettings
from app.rtc.events import Event, Farewell, NotConfirmed, Question
from app.rtc.interfaces import AttachedWorker

E = TypeVar("E", bound=Event | Question)


async def until(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Wait until ``condition`` holds; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        # Conditions of all kinds, in several processes: there is no one event to wait for.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class SpawnedWorkers:
    """A source of workers that starts real ones itself, in one slot; between :meth:`pause` and :meth:`resume`, none."""

    def __init__(self) -> None:
        self.release: str | None = "3.27.1"
        self.slots: Sequence[int] = (0,)
        self.on_slots: Signal[Sequence[int]] = Signal()
        self.spawned: list[Worker] = []
        self._may_start = asyncio.Event()
        self._may_start.set()

    def pause(self) -> None:
        """Start no more workers."""
        self._may_start.clear()

    def resume(self) -> None:
        """Start workers again."""
        self._may_start.set()

    async def attach(self, slot: int) -> AttachedWorker:
        await self._may_start.wait()
        worker = await Worker.spawn(WorkerSettings())
        self.spawned.append(worker)
        return AttachedWorker(slot, f"spawned {len(self.spawned)}", worker)


class FakeClient:
    """A client that notes what it is told, and confirms what it is asked unless ``confirms`` says otherwise."""

    def __init__(self) -> None:
        self.heard: list[Event | Question] = []
        self.farewell: Farewell | None = None
        self.confirms: Callable[[Question], bool | None] = lambda question: True
        self.on_end: Callable[[], None] = lambda: None

    def notify(self, event: Event) -> None:
        self.heard.append(event)

    def ask(self, question: Question) -> Awaitable[None]:
        self.heard.append(question)
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self.confirms(question)
        if answer:
            confirmed.set_result(None)
        elif answer is False:
            confirmed.set_exception(NotConfirmed("no, thank you (403)"))
        return confirmed

    def end(self, farewell: Farewell) -> None:
        self.farewell = farewell
        self.on_end()

    def all(self, kind: type[E]) -> list[E]:
        """What was heard of one kind."""
        return [each for each in self.heard if isinstance(each, kind)]

    async def hears(self, kind: type[E], **fields: Any) -> E:
        """Wait for something of this kind with these fields."""

        def fitting() -> list[E]:
            return [
                each for each in self.all(kind) if all(getattr(each, name) == value for name, value in fields.items())
            ]

        await until(fitting)
        return fitting()[0]
