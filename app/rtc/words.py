"""Words: what one part of a room says to the others, once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import msgspec
from loguru import logger

from .bus import PartId
from .events import Actor, DataMessage, Farewell
from .facts import VERSION
from .meeting_events import Reaction


class Word(msgspec.Struct, frozen=True, rename="camel", tag_field="word", tag=lambda name: f"{name}.{VERSION}"):
    """Base of all of them."""


class Reacted(Word, frozen=True):
    """A peer showed something to all."""

    reaction: Reaction


class Sent(Word, frozen=True):
    """A message to those with the ids ``to``, ``None`` for all; from a peer, or from outside."""

    message: DataMessage
    to: Collection[str] | None


class Ordered(Word, frozen=True):
    """One of :data:`app.rtc.orders.ORDERS` for a peer of the part that hears it; ``given`` are its arguments."""

    order: str
    given: msgspec.Raw


class AllMuted(Word, frozen=True):
    """Everybody but ``by`` is to be muted."""

    by: Actor


class Closed(Word, frozen=True):
    """The room ends, in all parts."""

    farewell: Farewell
    by: Actor | None


AnyWord = Reacted | Sent | Ordered | AllMuted | Closed

_decoder = msgspec.json.Decoder(AnyWord)


def read(text: bytes) -> AnyWord | None:
    """Read a word; ``None``, and a line in the log, if it makes no sense here."""
    try:
        word: AnyWord = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        logger.warning("a word that can't be read: {}", error)
        return None
    return word


class Link(Protocol):
    """How a room reaches its other parts. Nothing here waits, or raises."""

    def touch(self) -> None:
        """Have the facts looked at, in a moment: some may have changed."""

    def agree(self, key: str, value: object) -> None:
        """Say something that is to be common; see :mod:`.common`."""

    def say(self, word: Word, to: PartId | None = None) -> None:
        """Say something to all other parts, or to one."""


class Alone:
    """The link of a room that has no other parts, and will have none."""

    def touch(self) -> None:
        """Nobody looks."""

    def agree(self, key: str, value: object) -> None:
        """Nobody hears."""

    def say(self, word: Word, to: PartId | None = None) -> None:
        """Nobody hears."""
