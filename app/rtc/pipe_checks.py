"""Having the two ends of links mean the same, after one of them was away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .bus import BusUnavailable, PartId, RequestFailed
from .pipe_exports import Exports
from .pipe_imports import Imports
from .pipe_link import Link
from .pipe_links import Links
from .pipe_messages import Check, Checked, Names
from .tasks import TaskSet
from .waiting import Backoff

if TYPE_CHECKING:
    from loguru import Logger

#: Seconds between tries.
FIRST_DELAY, LONGEST_DELAY = 0.1, 1.0


class Checks:
    """Of all links of a part: what only one of both ends has is closed. Whoever misses it has it brought anew."""

    def __init__(self, links: Links, imports: Imports, exports: Exports, log: Logger) -> None:
        self._links = links
        self._imports = imports
        self._exports = exports
        self._log = log
        self._tasks = TaskSet()
        self._running: dict[PartId, asyncio.Task[None]] = {}

    def begin(self, part: PartId) -> None:
        """Check the links to another part, as soon as that answers."""
        self.stop(part)
        self._running[part] = self._tasks.start(self._check(part), name=f"checking the pipes to {part}")

    def stop(self, part: PartId) -> None:
        """Leave it at that: the part is gone, perhaps."""
        if (running := self._running.pop(part, None)) is not None:
            running.cancel()

    def close(self) -> None:
        """Check nothing any more."""
        self._tasks.cancel()

    def answer(self, request: Check) -> Checked:
        """Close what the sender has not, and say what only the sender has."""
        ours = {link.id: link for link in self._links.of(request.sender)}
        for id in ours.keys() - request.links.keys():
            ours.pop(id).close()
        return Checked({id: self._compare(link, request.links[id]) for id, link in ours.items()})

    def _compare(self, link: Link, theirs: Names) -> Names:
        """Close what only this end of a link has; give what only the other has."""
        gets, sends = set(self._imports.names(link)), set(self._exports.names(link))
        self._imports.ended(link, gets - set(theirs.exports))
        self._exports.drop(link, sends - set(theirs.imports))
        return Names(imports=sorted(set(theirs.imports) - sends), exports=sorted(set(theirs.exports) - gets))

    async def _check(self, part: PartId) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        while True:
            links = self._links.of(part)
            names = {link.id: Names(self._imports.names(link), self._exports.names(link)) for link in links}
            try:
                checked = await self._links.ask(part, Check, Checked, links=names)
            except (BusUnavailable, RequestFailed) as error:
                self._log.info("the pipes to {} can't be checked yet: {}", part, error)
                await asyncio.sleep(backoff.next())
                continue
            for link in links:
                if (ours_alone := checked.links.get(link.id)) is None:
                    link.close()
                else:
                    self._imports.ended(link, ours_alone.imports)
                    self._exports.drop(link, ours_alone.exports)
            return
