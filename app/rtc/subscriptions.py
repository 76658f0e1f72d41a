"""What a client chose to receive: everything, or what it named, and how it wants each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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


#: So many choices outlive their producers; then the oldest is forgotten.
MAX_LEGACIES = 1_000
#: What holds where nothing was chosen; not to be changed.
UNCHOSEN = Choice()


class Subscriptions:
    """The choices of one client. There are as many as producers that it was told to :meth:`forget` in time."""

    def __init__(self) -> None:
        #: Consume all that is not refused; else nothing that was not asked for.
        self.auto = True
        self._choices: dict[str, Choice] = {}
        #: By the owner of what is gone and will be back, and its source.
        self._legacies: dict[tuple[str, str], Choice] = {}

    @property
    def choices(self) -> Mapping[str, Choice]:
        """All that was chosen, by the producers' ids."""
        return self._choices

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

    def restore(self, auto: bool, choices: Mapping[str, Choice]) -> None:
        """Know what was chosen before this process began."""
        self.auto = auto
        self._choices = dict(choices)

    def forget(self, producer_id: str) -> None:
        """Drop what was chosen of a producer that is gone."""
        self._choices.pop(producer_id, None)

    def bequeath(self, producer_id: str, owner_id: str, source: str) -> None:
        """Drop what was chosen of a producer that is gone, but for the next one of the same owner and source."""
        if (choice := self._choices.pop(producer_id, None)) is not None:
            if len(self._legacies) >= MAX_LEGACIES:
                del self._legacies[next(iter(self._legacies))]
            self._legacies[owner_id, source] = choice

    def inherit(self, producer_id: str, owner_id: str, source: str) -> None:
        """Choose of a new producer what was chosen of the one before, if that was left to it."""
        if (choice := self._legacies.pop((owner_id, source), None)) is not None:
            self._choices.setdefault(producer_id, choice)
