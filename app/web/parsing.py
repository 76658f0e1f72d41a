"""Reads what a request brings along, as its schemas say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec
from aiohttp import web
from marshmallow import RAISE, Schema, ValidationError
from webargs.aiohttpparser import AIOHTTPParser
from webargs.core import missing
from webargs.multidictproxy import MultiDictProxy

from app.errors import BadRequest

#: Seconds that a body may take to come.
BODY_SECONDS = 10.0
#: How many wrong fields a message for people names; ``fields`` has them all.
NAMED = 3
LOCATIONS = {"json": "body", "query": "query", "path": "path"}


class Parser(AIOHTTPParser):
    """
    webargs' parser, but strict and with our errors.

    :raises BadRequest: no valid JSON, or not what the schema says; ``fields`` names each mistake
    :raises aiohttp.web.HTTPRequestTimeout: the body does not come
    :raises aiohttp.web.HTTPUnsupportedMediaType: the body claims to be something other than JSON
    :raises aiohttp.web.HTTPRequestEntityTooLarge: the body is longer than the application allows
    """

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(AIOHTTPParser.DEFAULT_UNKNOWN_BY_LOCATION, RAISE)

    async def load_json(self, req: web.Request, schema: Schema) -> Any:
        """Read the body; without one, all its fields count as missing."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await req.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        if not body and not req.headers.getall("Content-Type", []):
            return missing
        if req.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(f"the body is no JSON that can be read: {error}") from None

    def load_querystring(self, req: web.Request, schema: Schema) -> MultiDictProxy:
        """Read the query, in which nothing may be given twice."""
        again = {name: ["Given more than once."] for name in req.query if len(req.query.getall(name)) > 1}
        if again:
            raise ValidationError(again)
        return super().load_querystring(req, schema)

    def handle_error(self, error: ValidationError, req: web.Request, schema: Schema, **_: Any) -> NoReturn:
        """Tell what is wrong with which field."""
        location, messages = next(iter(error.messages_dict.items()))
        fields = dict(_flatten(messages, LOCATIONS[location]))
        named = "; ".join(f"{path}: {' '.join(texts)}" for path, texts in list(fields.items())[:NAMED])
        raise BadRequest(named if len(fields) <= NAMED else f"{named}; and more", fields)


def _flatten(messages: Any, path: str, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Give each text with the dotted path of what it is about; ``path`` for the whole."""
    if not isinstance(messages, Mapping):
        yield ".".join(parents) or path, [str(each) for each in messages]
        return
    for key, inner in messages.items():
        yield from _flatten(inner, path, parents if key == "_schema" else (*parents, str(key)))
