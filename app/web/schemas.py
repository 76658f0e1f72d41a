"""The base of all schemas, and those that many resources share."""

from __future__ import annotations

import re
from typing import Any

import marshmallow
from marshmallow import fields as base

from . import fields


class Schema(marshmallow.Schema):
    """An object of the API: camelCase in JSON, Python's names inside, unknown fields refused."""

    class Meta:
        unknown = marshmallow.RAISE

    def on_bind_field(self, field_name: str, field_obj: base.Field[Any]) -> None:
        """Give a field its name in JSON."""
        field_obj.data_key = field_obj.data_key or _camel_case(field_name)


class RoomPath(Schema):
    """``{code}`` in a path."""

    code = fields.RoomCode(required=True)


class PageQuery(Schema):
    """Which part of a long list: ``limit`` items after ``cursor``, which is the ``next`` of the page before."""

    limit = fields.Limit()
    cursor = fields.Cursor(load_default=None)


class ErrorDetails(Schema):
    """What went wrong."""

    name = base.String(required=True, metadata={"description": "A stable name.", "example": "bad_request"})
    message = base.String(required=True, metadata={"description": "For people.", "example": "email: Unknown field."})
    wrong_fields = base.Dict(
        keys=base.String(),
        values=base.List(base.String()),
        required=True,
        data_key="fields",
        metadata={
            "description": "What is wrong, by the dotted path of the field; `{}` if no field is.",
            "example": {"email": ["Not an e-mail address."]},
        },
    )


class ErrorAnswer(Schema):
    """What every error looks like."""

    error = base.Nested(ErrorDetails, required=True)


def page_of(item: type[Schema]) -> type[Schema]:
    """Make the schema of a page of such items; a :class:`app.stores.paging.Page` can be dumped with it."""
    members = {
        "items": base.List(base.Nested(item), required=True),
        "next": fields.Cursor(
            required=True, allow_none=True, metadata={"description": "The `cursor` of the next page, if there is one."}
        ),
    }
    page: type[Schema] = Schema.from_dict(members, name=f"{item.__name__}Page")  # type: ignore[assignment, arg-type]
    return page


def _camel_case(name: str) -> str:
    return re.sub("_([a-z0-9])", lambda match: match[1].upper(), name)
