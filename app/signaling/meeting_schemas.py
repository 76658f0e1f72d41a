"""What ``data`` of the requests of :mod:`app.signaling.meeting` may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from .schemas import Data, ObjectId


class SendChatMessage(Data, frozen=True):
    """Something to say to all."""

    text: str


class SendReaction(Data, frozen=True):
    """Something to show to all, an emoji say."""

    reaction: str


class UpdateMetadata(Data, frozen=True):
    """What one says of oneself; what is absent stays, and an empty value removes its attribute."""

    metadata: str | None = None
    attributes: Mapping[str, str] = {}


class SendData(Data, frozen=True):
    """A message for the programs of others: those with the ids ``to``, ``None`` for all."""

    topic: Annotated[str, Meta(max_length=64)]
    payload: str
    to: list[ObjectId] | None = None
