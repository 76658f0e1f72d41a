"""The OpenAPI document, made from the same table as the routes."""

from __future__ import annotations

import http
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import hdrs, web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

import app

from .endpoint import Endpoint, Operation
from .schemas import ErrorAnswer

DESCRIPTION = """\
Accounts, rooms and their history, and moderation of calls.

Sign in at `/api/auth/login`, and send the `accessToken` as `Authorization: Bearer …`. Every error looks the same and
has a stable `name`; 429 and 503 say in `Retry-After` when to come back.
"""
_SECONDS = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait."}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: _SECONDS,
    503: _SECONDS,
}
#: ``{}`` is for those who have no token.
SECURITY: dict[str | None, list[dict[str, list[str]]]] = {
    None: [],
    "user": [{"accessToken": []}],
    "optional": [{}, {"accessToken": []}],
    "room": [{"accessToken": []}, {"roomToken": []}],
}


class OpenApi:
    """``GET /api/openapi.json``."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self.document = make_document(each.operation for each in endpoints)
        self._body = msgspec.json.encode(self.document)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/openapi.json", self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer the document, which changes with our version only."""
        headers = {hdrs.CACHE_CONTROL: "no-cache"}
        return web.Response(body=self._body, content_type="application/json", headers=headers)


def make_document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Describe all operations as of OpenAPI 3.1."""
    spec = APISpec(
        title="Connect",
        version=app.__version__,
        openapi_version="3.1.0",
        info={"description": DESCRIPTION, "license": {"name": "ISC", "identifier": "ISC"}},
        # Wherever the document was read from.
        servers=[{"url": "/"}],
        plugins=[MarshmallowPlugin()],
    )
    for name, what in {"accessToken": "An access token of a user.", "roomToken": "A token for one room."}.items():
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": what}
        spec.components.security_scheme(name, scheme)
    for operation in operations:
        spec.path(operation.path, operations={operation.method.lower(): _describe(operation)})
    document: dict[str, Any] = spec.to_dict()
    return document


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W", "_", f"{operation.tag}_{operation.name}"),
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": SECURITY[operation.auth],
        "parameters": [
            {"in": place, "schema": schema}
            for place, schema in (("path", operation.params), ("query", operation.query))
            if schema is not None
        ],
        "responses": {
            **{str(status): _answer(status, schema) for status, schema in operation.answers.items()},
            **{str(status): _answer(status, ErrorAnswer) for status in sorted(operation.errors)},
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"required": operation.body_needed, "content": _json(operation.body)}
    return described


def _answer(status: int, schema: Schema | type[Schema] | None) -> dict[str, Any]:
    described: dict[str, Any] = {"description": http.HTTPStatus(status).phrase}
    if status in HEADERS:
        described["headers"] = HEADERS[status]
    if schema is not None:
        described["content"] = _json(schema)
    return described


def _json(schema: Schema | type[Schema]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
