"""What ``data`` of the requests of :mod:`app.signaling.meeting` may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from app.mediasoup.rtp_parameters import Text, UpTo100
from app.rtc.chat import MAX_TEXT
from app.rtc.company import MAX_PAYLOAD

from .schemas import Data, Metadata, ObjectId


class SendChatMessage(Data, frozen=True):
    """Something to say to all."""

    text: Annotated[str, Meta(max_length=MAX_TEXT)]


class SendReaction(Data, frozen=True):
    """Something to show to all, an emoji say."""

    reaction: Text


class UpdateMetadata(Data, frozen=True):
    """What one says of oneself; what is absent stays, and an empty value removes its attribute."""

    metadata: Metadata | None = None
    attributes: Annotated[Mapping[Text, Text], Meta(max_length=100)] = {}


class SendData(Data, frozen=True):
    """A message for the programs of others: those with the ids ``to``, ``None`` for all."""

    topic: Annotated[str, Meta(max_length=64)]
    payload: Annotated[str, Meta(max_length=MAX_PAYLOAD)]
    to: UpTo100[ObjectId] | None = None
