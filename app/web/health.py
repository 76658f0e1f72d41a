"""Whether this process lives, and whether it can serve calls."""

from __future__ import annotations

from aiohttp import web

from app.rtc.worker_pool import WorkerPool


class Health:
    """``GET /health/live`` and ``GET /health/ready``, for load balancers and supervisors."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/health/live", self.live), web.get("/health/ready", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        """Answer 200: whoever can answer lives."""
        return web.json_response({"live": True})

    async def ready(self, request: web.Request) -> web.Response:
        """Answer 200 when there is a worker in every slot and each answers a request, 503 otherwise."""
        slots = await self._pool.check()
        ready = bool(slots) and all(slot.ok for slot in slots)
        body = {
            "ready": ready,
            "workers": [{"slot": slot.slot, "ok": slot.ok, "problem": slot.problem} for slot in slots],
            "problem": None if slots else "not connected to the worker-sidecar",
        }
        return web.json_response(body, status=200 if ready else 503)
