"""Asking again for a key frame that does not come: requests for one get lost, too."""

from __future__ import annotations

import asyncio

from app.mediasoup.consumer import Consumer

from .consumer_control import ConsumerControl
from .tasks import TaskSet

#: Seconds after which it is asked for first, and those between later times at most: each is twice the one before. The
#: worker itself asks twice, a second apart, and never again (mediasoup's KeyFrameRequestManager.cpp).
FIRST, LAST = 2.5, 20.0


class KeyFrameReminder:
    """
    Asks as long as its consumer should flow, and sends no layer since the key frame is missing with which that begins.

    Only simulcast and SVC tell that; of a single stream without layers nobody knows but who receives it.
    """

    def __init__(self, control: ConsumerControl, tasks: TaskSet) -> None:
        self._control = control
        self._tasks = tasks
        self._timer: asyncio.TimerHandle | None = None
        self._delay = FIRST
        consumer = control.consumer
        if consumer.type in ("simulcast", "svc"):
            consumer.on_layers_change.add(lambda _: self._look())
            for signal in (consumer.on_pause, consumer.on_resume, consumer.on_close):
                signal.add(self._look)
            self._look()

    def _look(self) -> None:
        if not _is_blank(self._control.consumer):
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._delay = FIRST
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self._remind)

    def _remind(self) -> None:
        self._timer = None
        self._delay = min(2 * self._delay, LAST)
        self._tasks.start(self._control.refresh(), name=f"reminding of consumer {self._control.consumer.id}")
        self._look()


def _is_blank(consumer: Consumer) -> bool:
    idle = consumer.closed or consumer.paused or consumer.producer_paused
    return not idle and consumer.current_layers is None
