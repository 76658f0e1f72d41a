"""Does for every operation of the REST API what comes before and after its handler."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from marshmallow import Schema

from app.config import Settings
from app.errors import Unauthorized

from .endpoint import Answer, Authenticate, Endpoint, Operation, Request
from .middlewares import CLIENT
from .parsing import Parser
from .rate_limits import RateLimits, network_of


class Operations:
    """Makes aiohttp's routes of endpoints."""

    def __init__(self, settings: Settings, authenticate: Authenticate, rate_limits: RateLimits) -> None:
        self._public_url = settings.public_url
        self._authenticate = authenticate
        self._rate_limits = rate_limits
        self._parser = Parser()

    def routes(self, endpoints: Iterable[Endpoint]) -> list[web.RouteDef]:
        """Make a route of each; aiohttp lets those of ``GET`` answer ``HEAD``, too."""
        return [web.route(each.operation.method, each.operation.path, self._serve(each)) for each in endpoints]

    def _serve(self, endpoint: Endpoint) -> Handler:
        operation = endpoint.operation

        async def serve(request: web.Request) -> web.StreamResponse:
            # The cheapest check first: a flood ends at the rate limit, strangers before their data is looked at.
            await self._limit(operation.rate, network_of(request[CLIENT].address))
            caller = await self._caller(operation, request)
            params = await self._load(operation.params, request, "path")
            query = await self._load(operation.query, request, "query")
            body = await self._load(operation.body, request, "json")
            if operation.rate_field is not None:
                await self._limit(operation.rate, f"{operation.rate_field} {body[operation.rate_field]}")
            client = request[CLIENT]
            given = await endpoint.handler(
                Request(
                    caller=caller,
                    params=params,
                    query=query,
                    body=body,
                    address=client.address,
                    origin=self._public_url or client.origin,
                )
            )
            return _respond(operation, given)

        return serve

    async def _limit(self, rate: str | None, caller: str) -> None:
        if rate is not None:
            await self._rate_limits.hit(rate, caller)

    async def _caller(self, operation: Operation, request: web.Request) -> Any:
        if operation.auth is None:
            return None
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header is None:
            if operation.auth == "optional":
                return None
            raise Unauthorized("a token is needed, as Authorization: Bearer …")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("of the header Authorization, only Bearer is known")
        return await self._authenticate(token.strip(), operation.auth)

    async def _load(self, schema: Schema | None, request: web.Request, location: str) -> dict[str, Any]:
        if schema is None:
            return {}
        loaded: dict[str, Any] = await self._parser.async_parse(schema, request, location=location)
        return loaded


def _respond(operation: Operation, given: Any) -> web.Response:
    """Make the HTTP answer of what a handler gave."""
    answer = given if isinstance(given, Answer) else Answer(given, next(iter(operation.answers)))
    schema = operation.answers[answer.status]
    # Much of it is about somebody, and all of it is of this moment.
    headers = {hdrs.CACHE_CONTROL: "no-store", **answer.headers}
    if schema is None:
        return web.Response(status=answer.status, headers=headers)
    body = msgspec.json.encode(schema.dump(answer.value))
    return web.Response(status=answer.status, headers=headers, body=body, content_type="application/json")
