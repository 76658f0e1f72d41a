"""Doing something to a call, which may be on here or only on other nodes."""

from __future__ import annotations

from typing import Any

import msgspec

from app import errors
from app.errors import BadRequest, ConnectError, NotFound, Unavailable
from app.rtc.bus import Bus, RequestFailed
from app.rtc.room_manager import RoomManager

from .deeds import Deed

#: What another node may refuse a deed with, so that it is refused with the same here. Else it is a failure.
REFUSALS: dict[str | None, type[ConnectError]] = {
    error.code: error
    for error in (BadRequest, errors.NotAllowed, NotFound, errors.WrongState, errors.Conflict, errors.LimitReached)
}


class Asked(msgspec.Struct, frozen=True):
    """What another node is asked to do."""

    room: str
    deed: msgspec.Raw


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it; ``found``: there was a call."""

    found: bool
    result: Any = None


class Outreach:
    """To the calls in ``rooms``, and to those of other nodes, which are asked for it by ``method`` to do ``deeds``."""

    def __init__(self, rooms: RoomManager, method: str, deeds: Any) -> None:
        self._rooms = rooms
        self._method = method
        self._deeds = deeds
        if rooms.bus is not None:
            rooms.bus.serve(method, self._asked)

    async def do(self, code: str, deed: Deed) -> Any:
        """
        Do it to the call in a room, and give the result.

        :raises NotFound: there is no call in it
        :raises Unavailable: it can't be found out, or done, now

        And what the deed raises.
        """
        if (room := self._rooms.get(code)) is not None:
            return await deed.do(room)
        if (bus := self._rooms.bus) is not None:
            parts, _ = await bus.peek(code)
            for node_id in sorted({part.rpartition("/")[0] for part in parts} - {bus.node_id}):
                done = await self._ask(bus, node_id, code, deed)
                if done.found:
                    return None if deed.RESULT is None else msgspec.convert(done.result, deed.RESULT)
        raise NotFound(f"there is no call in the room {code} now")

    async def try_to(self, code: str, deed: Deed) -> bool:
        """:meth:`do` it if there is a call, and say whether there is one."""
        try:
            await self.do(code, deed)
        except NotFound:
            return False
        return True

    async def _ask(self, bus: Bus, node_id: str, code: str, deed: Deed) -> Done:
        try:
            answer = await bus.request(node_id, self._method, Asked(code, msgspec.Raw(msgspec.json.encode(deed))))
        except RequestFailed as error:
            raise REFUSALS.get(error.code, Unavailable)(str(error)) from error
        return msgspec.convert(answer, Done)

    async def _asked(self, _: str, data: Any) -> Done:
        # Whoever asks has the same release, or one that means the same by it.
        room = self._rooms.get(data["room"])
        if room is None:
            return Done(found=False)
        try:
            deed: Deed = msgspec.convert(data["deed"], self._deeds)
        except msgspec.ValidationError as error:
            raise BadRequest(f"a deed that is not known here: {error}") from error
        return Done(found=True, result=await deed.do(room))
