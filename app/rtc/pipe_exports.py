"""What goes through pipes from one part of a room to others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from app.errors import Unavailable
from app.mediasoup.consumer import Consumer
from app.mediasoup.data_consumer import DataConsumer
from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import MediasoupError
from app.mediasoup.producer import Producer

from .bus import PartId
from .dynacast import Dynacast
from .far_producer import AnyFar
from .pipe_export import Export, Source
from .pipe_link import Link
from .pipe_messages import Open, Opened
from .pipe_records import ExportRecord

if TYPE_CHECKING:
    from loguru import Logger


class Exports:
    """
    Of one part. ``find`` gives a producer that it has by its owner's id, ``local`` by the one here. ``most`` is how
    many other parts get the same one from here: the next is told to ask one of those. ``changed`` is called with every
    change.
    """

    def __init__(
        self,
        find: Callable[[str], Source | None],
        local: Callable[[str], Producer | DataProducer | None],
        dynacast: Dynacast,
        most: int,
        changed: Callable[[], None],
        log: Logger,
    ) -> None:
        self._find = find
        self._local = local
        self._dynacast = dynacast
        self._most = most
        self._changed = changed
        self._log = log
        #: By link, and name.
        self._exports: dict[tuple[str, str], Export] = {}
        #: By producer and the part that has it from here.
        self._receivers: dict[str, dict[PartId, Export]] = {}
        #: By producer: how often each of those parts was named to others.
        self._named: dict[str, Counter[PartId]] = {}

    def __len__(self) -> int:
        return len(self._exports)

    async def open(self, link: Link, request: Open) -> Opened:
        """
        Send a producer, or say who else has it.

        :raises Unavailable: the worker can't
        """
        id = request.producer_id
        if (source := self._find(id)) is None:
            return Opened()
        receivers = self._receivers.get(id, {})
        if (former := receivers.get(link.part)) is not None:
            # It was lost on the way there.
            former.close()
            receivers = self._receivers.get(id, {})
        if len(receivers) >= self._most and (other := self._another(id, request)) is not None:
            return Opened(ask=other)
        export = self._add(request.export, id, link, source)
        try:
            with link.used():
                opened = await export.begin()
            self._changed()
            return opened
        except MediasoupError as error:
            export.close()
            if source[0].closed:
                return Opened()
            raise Unavailable(f"the worker could not send it: {error}") from error
        except BaseException:
            export.close()
            raise

    def wish(self, link: Link, wishes: Mapping[str, int | None]) -> None:
        """Take in what the other end of a link wants of what comes there; ``None``: nothing any more."""
        for name, level in wishes.items():
            if (export := self._exports.get((link.id, name))) is None:
                continue
            if level is None:
                export.close()
            else:
                export.wish(level)
                self._changed()

    def refresh(self, producer_id: str) -> None:
        """Have something start anew wherever it goes: it comes by another way now."""
        for export in self._receivers.get(producer_id, {}).values():
            export.refresh()

    def drop(self, link: Link, names: Iterable[str]) -> None:
        """Take in that these are of no use to the other end."""
        self.wish(link, dict.fromkeys(names))

    def names(self, link: Link) -> list[str]:
        """Give the names of all that goes through a link."""
        return [name for id, name in self._exports if id == link.id]

    def records(self, link: Link) -> dict[str, ExportRecord]:
        """Give what the next process has to know of what goes through a link."""
        exports = ((name, each.record) for (id, name), each in self._exports.items() if id == link.id)
        return {name: record for name, record in exports if record is not None}

    def adopt(self, link: Link, records: Mapping[str, ExportRecord], owners_ids: Mapping[str, str]) -> None:
        """
        Go on with what went through a link before this process began.

        ``owners_ids`` has what the owners call what came from other parts itself, by the ids here.
        """
        here: dict[str, Consumer | DataConsumer] = {**link.transport.consumers, **link.transport.data_consumers}
        for name, record in records.items():
            consumers = [here[id] for id in record.consumer_ids if id in here]
            producer = self._producer(consumers[0]) if len(consumers) == len(record.consumer_ids) > 0 else None
            if producer is None:
                for consumer in consumers:
                    consumer.close()
            else:
                export = self._add(name, owners_ids.get(producer.id, producer.id), link, (producer, None))
                export.adopt(consumers, record.level)

    def relay(self, far: AnyFar) -> None:
        """Know of whom something is that was adopted, and goes on to others."""
        for export in tuple(self._receivers.get(far.id, {}).values()):
            if export.producer is far.local:
                export.keep(far)

    def _producer(self, consumer: Consumer | DataConsumer) -> Producer | DataProducer | None:
        return self._local(consumer.producer_id if isinstance(consumer, Consumer) else consumer.data_producer_id)

    def _add(self, name: str, producer_id: str, link: Link, source: Source) -> Export:
        def forget(export: Export) -> None:
            del self._exports[link.id, name]
            self._forget(producer_id, export)
            self._changed()

        export = Export(name, link, source, self._dynacast, forget, self._log)
        self._exports[link.id, name] = self._receivers.setdefault(producer_id, {})[link.part] = export
        return export

    def _another(self, producer_id: str, request: Open) -> PartId | None:
        """Choose who else is to be asked: those who have it, in turn."""
        others = self._receivers[producer_id].keys() - {*request.missing, request.sender}
        if not others:
            return None
        named = self._named.setdefault(producer_id, Counter())
        other = min(others, key=lambda part: (named[part], part))
        named[other] += 1
        return other

    def _forget(self, producer_id: str, export: Export) -> None:
        receivers = self._receivers.get(producer_id, {})
        if receivers.get(export.link.part) is export:
            del receivers[export.link.part]
            self._named.get(producer_id, Counter()).pop(export.link.part, None)
        if not receivers:
            self._receivers.pop(producer_id, None)
            self._named.pop(producer_id, None)
