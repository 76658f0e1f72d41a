"""Whether this process lives, and whether it can serve calls."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import hdrs, web

from app.errors import Unavailable
from app.rtc.worker_pool import WorkerPool

from .middlewares import error_answer


class Health:
    """
    ``GET /health/live`` and ``GET /health/ready``, for load balancers and supervisors.

    ``hindrance`` says what keeps the server from serving, workers aside; ``None`` when nothing does. ``bus_problem``
    says what is wrong between the nodes, which keeps none from serving.
    """

    def __init__(
        self, pool: WorkerPool, hindrance: Callable[[], str | None], bus_problem: Callable[[], str | None]
    ) -> None:
        self._pool = pool
        self._hindrance = hindrance
        self._bus_problem = bus_problem

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health/live", self.live), web.get("/health/ready", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        """Answer 200: whoever can answer lives."""
        return web.json_response({"live": True}, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def ready(self, request: web.Request) -> web.Response:
        """
        Answer 200 when there is a worker in every slot and each answers a request, 503 otherwise.

        The database must have been there once, with the right schema. From then on it does not count: calls go on
        without it, and without the other nodes.
        """
        slots = await self._pool.check()
        workers = [{"slot": slot.slot, "ok": slot.ok, "problem": slot.problem} for slot in slots]
        told = {"workers": workers, "bus": {"ok": self._bus_problem() is None, "problem": self._bus_problem()}}
        hindrance = self._hindrance()
        if hindrance is None and slots and all(slot.ok for slot in slots):
            return web.json_response({"ready": True, **told}, headers={hdrs.CACHE_CONTROL: "no-store"})
        problems = [f"worker {slot.slot}: {slot.problem}" for slot in slots if not slot.ok]
        if not slots:
            problems.append("not connected to the worker-sidecar")
        if hindrance is not None:
            problems.append(hindrance)
        return error_answer(Unavailable("; ".join(problems)), {"ready": False, **told})
