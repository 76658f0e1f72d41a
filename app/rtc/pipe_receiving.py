"""What comes through a link, as a producer of this part's own router."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from app.mediasoup.data_producer import DataProducer
from app.mediasoup.errors import RequestRefusedError
from app.mediasoup.producer import Producer

from .consumer_control import HIGHEST
from .demand import NOTHING
from .far_producer import AnyFar, FarDataProducer, FarProducer
from .pipe_link import Link
from .pipe_messages import Data, Media, Opened
from .subscription_events import ProducersPaused

T = TypeVar("T", Producer, DataProducer)

#: Milliseconds in which requests for key frames, but for the first, become one: each goes all the way to the sender.
KEY_FRAME_DELAY = 200


async def receive(far: AnyFar, link: Link, opened: Opened) -> Producer | DataProducer | None:
    """
    Receive what the other end sends now, if it does.

    :raises MediasoupError: the worker can't
    """
    if isinstance(far, FarProducer) and opened.media is not None:
        return await _receive_media(far, link, opened.media)
    if isinstance(far, FarDataProducer) and opened.data is not None:
        return await _receive_data(far, link, opened.data)
    return None


async def _receive_media(far: FarProducer, link: Link, media: Media) -> Producer:
    make = partial(
        link.transport.produce,
        kind=media.kind,
        rtp_parameters=media.rtp_parameters,
        paused=far.paused,
        key_frame_request_delay=KEY_FRAME_DELAY if media.kind == "video" else 0,
        app_data=dict(far.app_data),
    )
    return await _make(make, far.id)


async def _receive_data(far: FarDataProducer, link: Link, data: Data) -> DataProducer:
    make = partial(
        link.transport.produce_data,
        sctp_stream_parameters=data.sctp_stream_parameters,
        label=data.label,
        protocol=data.protocol,
        app_data=dict(far.app_data),
    )
    return await _make(make, far.id)


async def _make(make: Callable[..., Awaitable[T]], id: str) -> T:
    try:
        return await make(id=id)
    except RequestRefusedError:
        # The worker has it already, in the router of another part of the room. There it has another id.
        return await make()


class Wishes:
    """Tells the other end of a link what is wanted here of an export of it, as :class:`Dynacast` tells a sender."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._name = name

    def notify(self, event: ProducersPaused) -> None:
        """Tell it."""
        if not self._link.closed:
            for demand in event.producers:
                highest = HIGHEST if demand.max_spatial_layer is None else demand.max_spatial_layer
                self._link.news.wish(self._name, NOTHING if demand.paused else highest)
