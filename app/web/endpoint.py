"""
What one operation of the REST API is, said once: routing, validation, rate limits and OpenAPI all read it.

A resource is a class whose handlers :func:`endpoint` decorates::

    class Rooms:
        @endpoint(
            "POST", "/api/rooms/{code}/members", summary="Add a member", tag="members", auth="user",
            params=RoomPath, body=NewMember, answers={201: MemberAnswer}, errors=(403, 404, 409),
        )
        async def add(self, request: Request[Caller]) -> Member:
            return await self._members.add(request.caller, request.params["code"], **request.body)

The schemas are marshmallow's (:mod:`app.web.schemas`); a handler gets what they loaded, under Python's names, and gives
any value that the answer's schema can dump: an object with such attributes, or a dict. It raises errors of
:mod:`app.errors` and lists their statuses; those that come by themselves (400 for bad data, 401 with ``auth``, 503 with
either that or a rate limit, 429 with the latter, 408, 413 and 415 with a body) it need not list.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from .schemas import Schema

C = TypeVar("C", covariant=True)
#: Who may call: those with an access token (``user``), also those without one (``optional``), or those with an
#: access token or a room token (``room``). ``None``: everybody, and tokens are not looked at.
Auth = Literal["user", "optional", "room"]
#: Gives whom a bearer token belongs to, what ``Request.caller`` shall be; raises ``Unauthorized``.
Authenticate = Callable[[str, Auth], Awaitable[Any]]
Handler = Callable[[Any, "Request[Any]"], Awaitable[Any]]
H = TypeVar("H", bound=Handler)

ATTRIBUTE = "__connect_operation__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[C]):
    """
    What a handler gets; all of it is validated. Annotate ``C`` with what ``auth`` gives, ``None`` without.

    ``address`` is the client's. ``origin``, such as ``https://calls.example.org``, is where the client finds us.
    """

    caller: C
    params: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """For handlers whose status is not always the first of ``answers``; else they give the bare value."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table; :func:`endpoint` says what is what."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    auth: Auth | None
    params: Schema | None
    query: Schema | None
    body: Schema | None
    answers: Mapping[int, Schema | None]
    errors: frozenset[int]
    rate: str | None
    rate_field: str | None

    @property
    def body_needed(self) -> bool:
        """Whether there is something that can't be left out of the body."""
        return self.body is not None and any(each.required for each in self.body.fields.values())


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation and the handler, of one object, that does it."""

    operation: Operation
    handler: Callable[[Request[Any]], Awaitable[Any]]


def endpoint(
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
    path: str,
    *,
    summary: str,
    tag: str,
    answers: Mapping[int, type[Schema] | None],
    description: str = "",
    auth: Auth | None = None,
    params: type[Schema] | None = None,
    query: type[Schema] | None = None,
    body: type[Schema] | None = None,
    errors: Iterable[int] = (),
    rate: str | None = None,
    rate_field: str | None = None,
) -> Callable[[H], H]:
    """
    Declare what a handler does.

    ``answers`` has a schema for each status that is no error, ``None`` for an answer without a body; the first is the
    default. ``params`` describes what stands in braces in ``path``. ``rate`` names the limit (``login`` for
    ``login_rate`` in :class:`app.config.Limits`) that the client's address is under, and with ``rate_field`` also that
    field of the body. The handler's name is the ``operationId``, so that it must be the only one of that name with
    the tag.
    """
    automatic = {
        400: params or query or body,
        401: auth,
        408: body,
        413: body,
        415: body,
        429: rate,
        503: auth or rate,
    }

    def declare(handler: H) -> H:
        operation = Operation(
            method=method,
            path=path,
            name=handler.__name__,
            summary=summary,
            description=description or inspect.getdoc(handler) or "",
            tag=tag,
            auth=auth,
            params=_made(params),
            query=_made(query),
            body=_made(body),
            answers={status: _made(schema) for status, schema in answers.items()},
            errors=frozenset(errors) | {status for status, cause in automatic.items() if cause},
            rate=rate,
            rate_field=rate_field,
        )
        setattr(handler, ATTRIBUTE, operation)
        return handler

    return declare


def _made(schema: type[Schema] | None) -> Schema | None:
    return None if schema is None else schema()


def endpoints_of(resource: object) -> Iterator[Endpoint]:
    """List what a resource can do, in the order of its class."""
    for name, function in vars(type(resource)).items():
        operation = getattr(function, ATTRIBUTE, None)
        if operation is not None:
            yield Endpoint(operation, getattr(resource, name))
