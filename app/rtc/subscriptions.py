"""What a client chose to receive: everything, or what it named, and how it wants each. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.mediasoup.data_structures import ConsumerLayers


@dataclass(slots=True)
class Choice:
    """
    What a client wants of one producer.

    ``subscribed``: ``None`` leaves it to whether everything is consumed. ``layers``: ``None`` for all.
    ``visible``: whether anybody looks. They hold for every consumer that the producer will ever have.
    """

    subscribed: bool | None = None
    layers: ConsumerLayers | None = None
    priority: int = 1
    visible: bool = True


#: What holds where nothing was chosen; not to be changed.
UNCHOSEN = Choice()


class Subscriptions:
    """The choices of one client. There are as many as producers that it was told to :meth:`forget` in time."""

    def __init__(self) -> None:
        #: Consume all that is not refused; else nothing that was not asked for.
        self.auto = True
        self._choices: dict[str, Choice] = {}

    def of(self, producer_id: str) -> Choice:
        """Give what was chosen of a producer, or what holds where nothing was."""
        return self._choices.get(producer_id, UNCHOSEN)

    def edit(self, producer_id: str) -> Choice:
        """Give the choice of a producer to be changed; it is kept until it is forgotten."""
        return self._choices.setdefault(producer_id, Choice())

    def want(self, producer_id: str) -> bool:
        """Whether the producer is to be consumed."""
        subscribed = self.of(producer_id).subscribed
        return self.auto if subscribed is None else subscribed

    def forget(self, producer_id: str) -> None:
        """Drop what was chosen of a producer that is gone."""
        self._choices.pop(producer_id, None)
