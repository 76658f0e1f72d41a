"""An observer that tells who speaks."""

from __future__ import annotations

from typing import Any

from .producer import Producer
from .rtp_observer import RtpObserver
from .signal import Signal


class ActiveSpeakerObserver(RtpObserver):
    """
    Made by ``router.create_active_speaker_observer()``.

    ``on_dominant_speaker(producer)`` fires when another one becomes the speaker.
    """

    type = "activespeaker"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.on_dominant_speaker: Signal[Producer] = Signal()
        super().__init__(*args, **kwargs)

    def _notified(self, event: str, body: dict[str, Any]) -> None:
        # The producer may be gone by now.
        if event == "activespeakerobserver_dominant_speaker" and (producer := self._producers.get(body["producer_id"])):
            self.on_dominant_speaker.emit(producer)
