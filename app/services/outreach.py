"""Doing something to a call, which may be on here or only on other nodes."""

from __future__ import annotations

from typing import Any

import msgspec

from app import errors
from app.bus.asking import NOBODY_THERE
from app.errors import BadRequest, ConnectError, NotFound, Unavailable
from app.rtc.bus import Bus, RequestFailed
from app.rtc.room import Room
from app.rtc.room_manager import RoomManager

from .deeds import Deed
from .moderation_deeds import List, Look, Victim

#: Deeds that change nothing: they may be asked for again wherever they failed.
LOOKS = List, Look, Victim
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
        await self._rooms.wait_settled()
        if (room := self._rooms.get(code)) is not None:
            return await _do(deed, room)
        if (bus := self._rooms.bus) is not None:
            done = await self._do_elsewhere(bus, code, deed)
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

    async def _do_elsewhere(self, bus: Bus, code: str, deed: Deed) -> Done:
        """Ask the nodes that have the room, one after the other. One may have died without anybody knowing yet."""
        parts, _ = await bus.peek(code)
        asked = Asked(code, msgspec.Raw(msgspec.json.encode(deed)))
        failure: RequestFailed | None = None
        for node_id in sorted({part.rpartition("/")[0] for part in parts} - {bus.node_id}):
            try:
                done = msgspec.convert(await bus.request(node_id, self._method, asked), Done)
            except RequestFailed as error:
                if not _may_go_on(error, deed):
                    raise REFUSALS.get(error.code, Unavailable)(str(error)) from error
                failure = error
            else:
                if done.found:
                    return done
        if failure is not None:
            raise Unavailable(str(failure)) from failure
        return Done(found=False)

    async def _asked(self, _: str, data: Any) -> Done:
        # Whoever asks has the same release, or one that means the same by it.
        await self._rooms.wait_settled()
        room = self._rooms.get(data["room"])
        if room is None:
            return Done(found=False)
        try:
            deed: Deed = msgspec.convert(data["deed"], self._deeds)
        except msgspec.ValidationError as error:
            raise BadRequest(f"a deed that is not known here: {error}") from error
        return Done(found=True, result=await _do(deed, room))


async def _do(deed: Deed, room: Room) -> Any:
    """Do it, and see that what it changed outlives this process, before anybody counts on it."""
    result = await deed.do(room)
    if room.records is not None and not isinstance(deed, LOOKS):
        await room.records.save_all()
    return result


def _may_go_on(error: RequestFailed, deed: Deed) -> bool:
    """Tell whether another node may be asked instead: what is more than a look may not be done twice."""
    return error.code == NOBODY_THERE or (error.code not in REFUSALS and isinstance(deed, LOOKS))
