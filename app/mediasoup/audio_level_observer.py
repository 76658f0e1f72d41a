"""An observer that tells how loud the loudest producers are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .producer import Producer
from .rtp_observer import RtpObserver
from .signal import Signal


@dataclass(frozen=True, slots=True)
class AudioLevelVolume:
    """How loud a producer was on average over the last interval, in dBov from -127 to 0."""

    producer: Producer
    volume: int


class AudioLevelObserver(RtpObserver):
    """
    Made by ``router.create_audio_level_observer()``.

    ``on_volumes(volumes)`` fires each interval with the loudest first, ``on_silence()`` once when nobody is above
    the threshold any more.
    """

    type = "audiolevel"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.on_volumes: Signal[list[AudioLevelVolume]] = Signal()
        self.on_silence: Signal[()] = Signal()
        super().__init__(*args, **kwargs)

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        if event == "audiolevelobserver_silence":
            self.on_silence.emit()
        elif event == "audiolevelobserver_volumes":
            # A producer may be gone by now.
            volumes = [
                AudioLevelVolume(producer, row["volume"])
                for row in body["volumes"]
                if (producer := self._producers.get(row["producer_id"]))
            ]
            if volumes:
                self.on_volumes.emit(volumes)
