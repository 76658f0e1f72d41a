"""
The fields that schemas are made of: strict, bounded, and exact in the OpenAPI document.

Strict means that a value of another JSON type is never taken for one of the right type. What a field takes, its
JSON Schema (made by apispec from type and validators) takes too, and the other way round: schemathesis tries both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import marshmallow.fields
from marshmallow import ValidationError
from marshmallow.validate import Length, Range, Regexp

from app.errors import BadRequest
from app.stores import pages

#: A room's or peer's id, as :mod:`app.signaling` has it.
ID_PATTERN = r"^[A-Za-z0-9\-_.~@:]{1,64}$"
#: What the HTML standard calls a valid e-mail address, which a browser's ``<input type=email>`` lets pass; less dots
#: where RFC 5321 has none.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*$"
#: No NUL: PostgreSQL can't keep it.
TEXT_PATTERN = r"^[^\u0000]*$"
#: One line in which something can be seen.
NAME_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
#: The first and the last year that make sense; further away, databases and arithmetic disagree.
YEARS = (2000, 2199)


class Pattern(Regexp):
    """A regular expression for the whole text; ``^`` and ``$`` in it are for readers of the document."""

    def __init__(self, pattern: str, hint: str) -> None:
        super().__init__(pattern, error=hint)
        self._pattern = re.compile(pattern)

    def __call__(self, value: Any) -> Any:
        if self._pattern.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


class Text(marshmallow.fields.String):
    """A text of ``min`` to ``max`` characters, by default of any but NUL."""

    def __init__(
        self, *, max: int, min: int = 0, pattern: str = TEXT_PATTERN, hint: str = "No NUL characters.", **more: Any
    ) -> None:
        super().__init__(validate=[Length(min, max), Pattern(pattern, hint)], **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        text = super()._deserialize(value, *rest, **more)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValidationError("Half a surrogate pair is no character.") from None
        return text


class Name(Text):
    """What people call something: one line, trimmed, not blank."""

    def __init__(self, *, max: int, **more: Any) -> None:
        super().__init__(min=1, max=max, pattern=NAME_PATTERN, hint="One line that is not blank.", **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        # The length of the untrimmed text counts, too: the document knows nothing of trimming.
        text = super()._deserialize(value, *rest, **more)
        self._validate(text)
        return text.strip()


class Email(Text):
    """An e-mail address, in small letters."""

    _HINT = "Not an e-mail address."

    def __init__(self, **more: Any) -> None:
        more["metadata"] = {"format": "email", "example": "ada@example.org"} | more.get("metadata", {})
        super().__init__(min=3, max=254, pattern=EMAIL_PATTERN, hint=self._HINT, **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        text = super()._deserialize(value, *rest, **more)
        # RFC 5321, section 4.5.3.1.1.
        if len(text.partition("@")[0]) > 64:
            raise ValidationError(self._HINT)
        return text.lower()


class Password(Text):
    """A password, new or old: 8 to 256 characters, whatever they are (NIST SP 800-63B)."""

    def __init__(self, **more: Any) -> None:
        more["metadata"] = {"format": "password", "example": "correct horse battery"} | more.get("metadata", {})
        super().__init__(min=8, max=256, load_only=True, **more)


class Id(Text):
    """What names a room or peer on the wire."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            min=1, max=64, pattern=ID_PATTERN, hint="1 to 64 letters, digits or any of - _ . ~ @ :", **more
        )


class RoomCode(Id):
    """The public name of a room."""

    def __init__(self, **more: Any) -> None:
        more["metadata"] = {"example": "bcdf-ghjk-mnpq"} | more.get("metadata", {})
        super().__init__(**more)


class Uuid(marshmallow.fields.UUID):
    """A UUID in its one usual form."""

    _FORM = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        if not isinstance(value, str) or self._FORM.fullmatch(value) is None:
            raise self.make_error("invalid_uuid")
        return super()._deserialize(value, *rest, **more)


class Time(marshmallow.fields.Field[datetime]):
    """A time as of RFC 3339 with its offset; inside, an aware ``datetime`` of UTC."""

    def __init__(self, **more: Any) -> None:
        hint = f"With an offset, such as 2030-12-31T23:00:00Z; years {YEARS[0]} to {YEARS[1]}."
        more["metadata"] = {"type": "string", "format": "date-time", "description": hint} | more.get("metadata", {})
        super().__init__(**more)
        self._hint = hint

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if not isinstance(value, str) or TIME_PATTERN.fullmatch(value) is None:
            raise ValidationError(self._hint)
        try:
            time = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(self._hint) from None
        if not YEARS[0] <= time.year <= YEARS[1]:
            raise ValidationError(self._hint)
        return time


class Whole(marshmallow.fields.Integer):
    """A whole number in JSON; 1.0 is one, "1" and true are not."""

    def __init__(self, *, min: int, max: int, **more: Any) -> None:
        super().__init__(validate=Range(min, max), **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.make_error("invalid", input=value)
        return int(value)


class QueryWhole(Whole):
    """A whole number in a query: digits alone."""

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> int:
        if re.fullmatch("[0-9]{1,9}", value) is None:
            raise self.make_error("invalid", input=value)
        return int(value)


class Limit(QueryWhole):
    """How many items a page shall have."""

    def __init__(self, **more: Any) -> None:
        super().__init__(min=1, max=100, load_default=20, **more)


class Flag(marshmallow.fields.Boolean):
    """True or false; not 1, "yes" and the like."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Items(marshmallow.fields.List[Any]):
    """A list of at most ``max`` items."""

    def __init__(self, item: Any, *, max: int, min: int = 0, **more: Any) -> None:
        super().__init__(item, validate=Length(min, max), **more)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> list[Any]:
        # marshmallow takes an object for the list of its keys.
        if isinstance(value, Mapping):
            raise self.make_error("invalid")
        return super()._deserialize(value, *rest, **more)


class Cursor(marshmallow.fields.Field[pages.Cursor]):
    """Where a page of a list begins: what the page before gave as ``next``, meaningless to clients. For queries."""

    _HINT = "No page began here."

    def __init__(self, **more: Any) -> None:
        schema = {"type": "string", "format": "cursor"}
        super().__init__(metadata=schema | more.pop("metadata", {}), **more)

    def _serialize(self, value: pages.Cursor | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.to_text()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> pages.Cursor:
        try:
            cursor = pages.Cursor.from_text(value)
        except BadRequest:
            raise ValidationError(self._HINT) from None
        # A forged one may lie where there is no UTC any more.
        if not YEARS[0] <= cursor.at.year <= YEARS[1]:
            raise ValidationError(self._HINT)
        return cursor
