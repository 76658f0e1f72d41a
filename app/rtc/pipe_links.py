"""The links of one part of a room: made when somebody here wants something from there, or somebody there from here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from app.config import Settings
from app.errors import NotFound, Unavailable
from app.mediasoup.data_structures import ListenInfo, PortRange
from app.mediasoup.errors import MediasoupError
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.router import Router
from app.mediasoup.worker_object import new_id

from .bus import Bus, PartId, RequestFailed
from .pipe_link import Link
from .pipe_messages import Connect, Connected, End, Request, Tell
from .pipe_news import News
from .pipe_records import LinkRecord
from .worker_pool import SOCKET_BUFFER

if TYPE_CHECKING:
    from loguru import Logger

T = TypeVar("T")

#: Where workers of one machine send to each other.
LOOPBACK = "127.0.0.1"


def split(part: PartId) -> tuple[str, int]:
    """Give the node of a part, and the part's number there."""
    node, _, number = part.rpartition("/")
    return node, int(number)


class Links:
    """
    Of the part ``part_id``, at most one that it made itself and one that the other part made, for each other part.

    ``own_id`` gives what this end is known by, and ``router`` where it is: both change when the worker dies.
    ``changed`` is called whenever there are others.
    """

    def __init__(
        self,
        room_id: str,
        part_id: PartId,
        bus: Bus,
        own_id: Callable[[], str],
        router: Callable[[], Router],
        settings: Settings,
        linger: float,
        changed: Callable[[], None],
        log: Logger,
    ) -> None:
        self._room_id = room_id
        self._part_id = part_id
        self._bus = bus
        self._own_id = own_id
        self._router = router
        self._settings = settings
        self._linger = linger
        self._changed = changed
        self._log = log
        self._links: dict[str, Link] = {}
        self._making: dict[PartId, asyncio.Task[Link]] = {}

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[Link]:
        return iter(tuple(self._links.values()))

    def get(self, id: str) -> Link:
        """Give a link that is open. Raises NotFound."""
        try:
            return self._links[id]
        except KeyError:
            raise NotFound(f"no pipe {id!r} ends here") from None

    async def to(self, part: PartId) -> Link:
        """
        Give the link to another part; those who ask at the same time get the same.

        :raises BusUnavailable: the bus does not answer
        :raises RequestFailed: the other part can't be reached, or does not want to
        :raises MediasoupError: the worker does not want to
        """
        for link in self.of(part):
            return link
        making = self._making.get(part)
        if making is None:
            making = self._making[part] = asyncio.create_task(self._make(part), name=f"making a pipe to {part}")
            making.add_done_callback(lambda task: self._made(part, task))
        # Who gives up waiting must not take it from the others.
        return await asyncio.shield(making)

    async def accept(self, request: Connect) -> Connected:
        """
        Make this end of a link that another part wants.

        :raises Unavailable: the worker can't
        """
        # Who asks anew has none that is of use.
        for link in self.of(request.sender):
            if not link.ours:
                link.close()
        node, _ = split(request.sender)
        try:
            transport = await self._make_transport(node)
            with ExitStack() as undo:
                undo.callback(transport.close)
                end = _end(transport)
                await _connect(transport, request.end)
                undo.pop_all()
        except MediasoupError as error:
            raise Unavailable(f"the worker could not make the end of a pipe: {error}") from error
        self._add(request.link, request.sender, request.pipes, transport, ours=False)
        return Connected(pipes=self._own_id(), end=end)

    async def ask(self, part: PartId, make: Callable[..., Request], answer: type[T], **fields: Any) -> T:
        """Ask another part something. Raises BusUnavailable and RequestFailed."""
        node, number = split(part)
        request = make(room=self._room_id, number=number, sender=self._part_id, **fields)
        answered = await self._bus.request(node, request.METHOD, msgspec.to_builtins(request))
        try:
            return msgspec.convert(answered, answer)
        except msgspec.ValidationError as error:
            raise RequestFailed(f"{node} answers what makes no sense: {error}") from error

    def adopt(self, record: LinkRecord, transport: PipeTransport) -> Link:
        """Have a link from before this process began."""
        return self._add(record.id, record.part, record.other, transport, ours=record.ours)

    def of(self, part: PartId) -> list[Link]:
        """Give those to another part."""
        return [link for link in self if link.part == part]

    def found(self, part: PartId, pipes_id: str) -> None:
        """Close what leads to another part as it was before its worker died, or its process."""
        for link in self.of(part):
            if link.other != pipes_id:
                link.close()

    def gone(self, part: PartId) -> None:
        """Close what leads to a part that is no more."""
        for link in self.of(part):
            link.close()

    def close(self) -> None:
        """Close them all, and those that are being made."""
        for making in self._making.values():
            making.cancel()
        for link in self:
            link.close()

    def let_go(self) -> None:
        """Make no more, and leave those that are there as they are."""
        for making in self._making.values():
            making.cancel()
        for link in self._links.values():
            link.let_go()

    async def _make(self, part: PartId) -> Link:
        node, _ = split(part)
        id = new_id()
        transport = await self._make_transport(node)
        with ExitStack() as undo:
            undo.callback(transport.close)
            request = {"link": id, "pipes": self._own_id(), "end": _end(transport)}
            # Should the answer get lost, the other end closes by itself: it carries nothing.
            connected = await self.ask(part, Connect, Connected, **request)
            await _connect(transport, connected.end)
            undo.pop_all()
        return self._add(id, part, connected.pipes, transport, ours=True)

    async def _make_transport(self, node: str) -> PipeTransport:
        near = node == self._bus.node_id
        return await self._router().create_pipe_transport(
            listen_info=_near() if near else _far(self._settings),
            # Data channels may come at any time.
            enable_sctp=True,
            enable_rtx=not near,
            enable_srtp=not near,
        )

    def _add(self, id: str, part: PartId, other: str, transport: PipeTransport, *, ours: bool) -> Link:
        async def send(wishes: Mapping[str, int | None], ended: Sequence[str]) -> None:
            try:
                await self.ask(part, Tell, object, link=id, wishes=dict(wishes), ended=list(ended))
            except RequestFailed as error:
                if error.code != NotFound.code:
                    raise
                # The other end is gone.
                link.close()

        link = Link(id, part, other, transport, News(send, self._log), ours=ours, linger=self._linger)
        self._links[id] = link
        link.on_close.add(lambda: self._gone(link))
        self._changed()
        self._log.debug("pipe {} to {} is there", id, part)
        return link

    def _gone(self, link: Link) -> None:
        del self._links[link.id]
        self._changed()

    def _made(self, part: PartId, making: asyncio.Task[Link]) -> None:
        del self._making[part]
        if not making.cancelled():
            # Those who wait hear of a failure; with nobody waiting it needs no log either.
            making.exception()


def _near() -> ListenInfo:
    return ListenInfo(protocol="udp", ip=LOOPBACK, send_buffer_size=SOCKET_BUFFER, recv_buffer_size=SOCKET_BUFFER)


def _far(settings: Settings) -> ListenInfo:
    ip, address = settings.pipe_ip, settings.pipe_address
    first, last = settings.node_media_ports
    return ListenInfo(
        protocol="udp",
        ip=ip,
        announced_address=None if address == ip else address,
        port_range=PortRange(first, last),
        send_buffer_size=SOCKET_BUFFER,
        recv_buffer_size=SOCKET_BUFFER,
    )


def _end(transport: PipeTransport) -> End:
    return End(ip=transport.tuple.local_address, port=transport.tuple.local_port, srtp=transport.srtp_parameters)


async def _connect(transport: PipeTransport, end: End) -> None:
    await transport.connect(ip=end.ip, port=end.port, srtp_parameters=end.srtp)
