"""Those who are in other parts of a room, as far as this part knows, and what changes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from app.mediasoup.signal import Signal

from .audience import Audience
from .bus import PartId
from .facts import DataProducerFact, PeerFact, ProducerFact
from .far_producer import FarDataProducer, FarProducer
from .lost import Lost
from .peer import Peer
from .subscription_events import PeerQuality


@dataclass(slots=True)
class Elsewhere:
    """Somebody of another part, and what it sends, by id."""

    part: PartId
    fact: PeerFact
    producers: dict[str, FarProducer] = field(default_factory=dict)
    data_producers: dict[str, FarDataProducer] = field(default_factory=dict)


class Others:
    """
    Whoever came last with an id has it, wherever that is: who was before is not shown any more.

    ``here`` are the peers of this part. Signals tell what is otherwise for them: ``on_come`` and ``on_go`` who can be
    seen, ``on_change`` from what to what one of them has changed, ``on_wait`` and ``on_wait_no_more`` who is in a
    lobby, ``on_produce`` and ``on_produce_data`` who sends what, and for whom. ``on_outdone``: a peer of this part came
    somewhere else again.
    """

    def __init__(self, here: Mapping[str, Peer]) -> None:
        self._here = here
        #: This part: unknown as long as there is no other one.
        self.part_id: PartId = ""
        self.make_producer: Callable[[PartId, ProducerFact], FarProducer]
        self.make_data_producer: Callable[[PartId, DataProducerFact], FarDataProducer]
        #: By peer and part: all that was said.
        self._said: dict[str, dict[PartId, PeerFact]] = {}
        #: By peer: what holds.
        self._shown: dict[str, Elsewhere] = {}
        self._lost = Lost()
        self.on_come: Signal[PeerFact] = Signal()
        self.on_go: Signal[PeerFact] = Signal()
        self.on_change: Signal[PeerFact, PeerFact] = Signal()
        self.on_wait: Signal[PeerFact] = Signal()
        self.on_wait_no_more: Signal[PeerFact] = Signal()
        self.on_produce: Signal[str, FarProducer] = Signal()
        self.on_produce_data: Signal[str, FarDataProducer, Audience | None] = Signal()
        self.on_outdone: Signal[Peer] = Signal()

    def __len__(self) -> int:
        return len(self._shown)

    def __iter__(self) -> Iterator[PeerFact]:
        return (each.fact for each in tuple(self._shown.values()))

    @property
    def joined(self) -> Iterator[PeerFact]:
        """Those who take part in the call."""
        return (fact for fact in self if fact.joined)

    @property
    def waiting(self) -> Iterator[PeerFact]:
        """Those in the lobby."""
        return (fact for fact in self if fact.waiting)

    @property
    def producers(self) -> Iterator[tuple[str, FarProducer]]:
        """All audio and video that they send, with the ids of those who do."""
        return ((id, far) for id, each in tuple(self._shown.items()) for far in tuple(each.producers.values()))

    @property
    def data_producers(self) -> Iterator[tuple[str, FarDataProducer]]:
        """All data channels on which they send, with the ids of those who do."""
        return ((id, far) for id, each in tuple(self._shown.items()) for far in tuple(each.data_producers.values()))

    def get(self, peer_id: str) -> PeerFact | None:
        """Give somebody who is elsewhere."""
        found = self._shown.get(peer_id)
        return None if found is None else found.fact

    def part_of(self, peer_id: str) -> PartId | None:
        """Say in which part somebody is who is elsewhere."""
        found = self._shown.get(peer_id)
        return None if found is None else found.part

    def owner_of(self, producer_id: str) -> str | None:
        """Say whose audio or video it is."""
        return next((id for id, each in self._shown.items() if producer_id in each.producers), None)

    @property
    def qualities(self) -> list[PeerQuality]:
        """How good the connections are of those who can be seen."""
        return [fact.quality for fact in self if fact.visible and fact.quality is not None]

    def former(self, peer_id: str, identity: str) -> PeerFact | None:
        """Say what somebody is elsewhere, or was on a node that was lost just now, who comes here."""
        fact = self.get(peer_id) or self._lost.recall(peer_id)
        return fact if fact is not None and fact.joined and fact.identity == identity else None

    def lose(self, node_id: str) -> None:
        """Keep those in mind who are gone because their node was lost: they may come here."""
        self._lost.keep(node_id)

    def noted(self, part: PartId, peer_id: str, fact: PeerFact | None) -> None:
        """Take in what a part says of one of its peers now; ``None``: that it is gone."""
        said = self._said.setdefault(peer_id, {})
        if fact is None:
            said.pop(part, None)
        else:
            said[part] = fact
        if not said:
            del self._said[peer_id]
        self.look(peer_id)

    def look(self, peer_id: str) -> None:
        """See who has this id now, after somebody came or went here or elsewhere, and tell what is otherwise."""
        said, here = self._said.get(peer_id, {}), self._here.get(peer_id)
        part = max(said, key=lambda part: (said[part].since, part), default=None)
        if part is None:
            self._show(peer_id, None)
        elif here is None:
            self._show(peer_id, Elsewhere(part, said[part]))
        elif (here.since, self.part_id) > (said[part].since, part):
            self._show(peer_id, None)
        else:
            # That it leaves is another reason to look, and shows who has come in its place.
            self.on_outdone.emit(here)

    def _show(self, peer_id: str, now: Elsewhere | None) -> None:
        before = self._shown.get(peer_id)
        if before is not None and now is not None and _same(before, now):
            self._update(before, now.fact)
            return
        if before is not None:
            del self._shown[peer_id]
            self._tell_gone(before)
        if now is not None:
            self._shown[peer_id] = now
            self._tell(now, None)

    def _update(self, person: Elsewhere, fact: PeerFact) -> None:
        before, person.fact = person.fact, fact
        if before != fact:
            self._tell(person, before)

    def _tell(self, person: Elsewhere, before: PeerFact | None) -> None:
        fact = person.fact
        if before is not None and before.waiting and not fact.waiting:
            self.on_wait_no_more.emit(before)
        elif fact.waiting and (before is None or (before.waiting, before.info) != (True, fact.info)):
            self.on_wait.emit(fact)
        if before is not None and before.visible:
            (self.on_change.emit(before, fact) if fact.visible else self.on_go.emit(before))
        elif fact.visible:
            self.on_come.emit(fact)
        self._follow_producers(person)

    def _tell_gone(self, person: Elsewhere) -> None:
        self._lost.gone(person.part, person.fact)
        if person.fact.waiting:
            self.on_wait_no_more.emit(person.fact)
        for far in person.producers.values():
            far.close()
        for far_data in person.data_producers.values():
            far_data.close()
        if person.fact.visible:
            self.on_go.emit(person.fact)

    def _follow_producers(self, person: Elsewhere) -> None:
        media = {each.id: each for each in person.fact.producers}
        data = {each.id: each for each in person.fact.data_producers}
        for id in person.producers.keys() - media.keys():
            person.producers.pop(id).close()
        for id in person.data_producers.keys() - data.keys():
            person.data_producers.pop(id).close()
        for id, fact in media.items():
            if (known := person.producers.get(id)) is not None:
                known.set_paused(fact.paused)
            else:
                far = person.producers[id] = self.make_producer(person.part, fact)
                self.on_produce.emit(person.fact.id, far)
        for id, channel in data.items():
            if id not in person.data_producers:
                far_data = person.data_producers[id] = self.make_data_producer(person.part, channel)
                audience = None if channel.audience is None else Audience(frozenset(channel.audience))
                self.on_produce_data.emit(person.fact.id, far_data, audience)


def _same(one: Elsewhere, other: Elsewhere) -> bool:
    """Whether it is the same presence, and not somebody who has come again."""
    return (one.part, one.fact.since) == (other.part, other.fact.since)
