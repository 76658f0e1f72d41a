"""How a node is registered in Redis, and what it may do there as long as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from loguru import logger

from app.rtc.bus import Node

from .lines import Command, Line
from .scripts import DIGESTS, SOURCES

#: Milliseconds that Redis keeps a room which no living node refreshes.
ROOM_TTL = 60_000


class Fenced(Exception):
    """Others may have taken this node for dead: it has to register again, and to write and read everything anew."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is left of the registration before: ``epoch`` 0 if there was none."""

    epoch: int = 0
    run: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """What lets a node write, until it is fenced. ``run`` is another one after Redis forgot all."""

    line: Line
    node_id: str
    epoch: int
    token: str
    run: str
    #: Microseconds of Redis' clock when it was made.
    at: int
    #: ``(slot, room id)`` of parts of this node that Redis has.
    parts: frozenset[tuple[int, str]] = field(repr=False)
    #: The nodes that nobody took for dead; None for those whose lease is over, or that can't be read.
    nodes: dict[str, Node | None] = field(repr=False)

    def command(self, script: str, *arguments: bytes | str | int) -> Command:
        """Give the command that runs a script."""
        prefix = self.line.channels.prefix
        return script_command(script, prefix, self.node_id, self.token, self.run, *arguments)

    async def call(self, script: str, *arguments: bytes | str | int) -> Any:
        """Run a script; raises Fenced, or one of FAULTS."""
        return unfenced(await self.line.call(*self.command(script, *arguments)))


async def register(line: Line, node_id: str, about: bytes, *, lease_ms: int, before: Before) -> Registration:
    """Be a node from now on; raises one of FAULTS."""
    info = await line.call("INFO", "server")
    redis_run = _field(info, b"run_id")
    await line.call_all(("SCRIPT", "LOAD", source) for source in SOURCES.values())
    arguments = lease_ms, before.epoch, before.run, about
    command = script_command("register", line.channels.prefix, node_id, "", redis_run, *arguments)
    token, epoch, run, parts, nodes = await line.call(*command)
    return Registration(
        line=line,
        node_id=node_id,
        epoch=int(epoch),
        token=token.decode(),
        run=run.decode(),
        at=int(token),
        parts=frozenset(map(read_part, parts)),
        nodes={id.decode(): read_node(int(raised or 0), about) for id, raised, about in nodes},
    )


def script_command(
    script: str, channels: str, node_id: str, token: str, run: str, *arguments: bytes | str | int
) -> Command:
    """Give the command that runs a script, with what all scripts want to know first."""
    return ("EVALSHA", DIGESTS[script], 0, node_id, token, run, ROOM_TTL, channels, *arguments)


def unfenced(answer: Any) -> Any:
    """Give a script's answer; raises Fenced if that is the answer."""
    if answer == b"fenced":
        raise Fenced
    return answer


def read_node(epoch: int, about: bytes) -> Node | None:
    """Read how a node described itself; one of another release may do it in a way that can't be read."""
    try:
        return msgspec.structs.replace(_decode_node(about), epoch=epoch)
    except msgspec.DecodeError as error:
        logger.debug("a node can't be read: {}", error)
        return None


def read_part(member: bytes) -> tuple[int, str]:
    """Read which part of a node Redis means: its slot, and the room."""
    slot, _, room_id = member.partition(b" ")
    return int(slot), room_id.decode()


_decode_node: Callable[[bytes], Node] = msgspec.json.Decoder(Node).decode


def _field(info: bytes, name: bytes) -> str:
    lines = dict(line.partition(b":")[::2] for line in info.splitlines())
    return lines[name].decode()
