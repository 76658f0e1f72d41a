"""What a peer says of itself, for programs: a text and named values, whose meaning is theirs."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import BadRequest

#: In characters.
MAX_METADATA, MAX_NAME, MAX_VALUE = 4_096, 64, 512
MAX_ATTRIBUTES = 32


def check_metadata(metadata: str) -> str:
    """Give ``metadata`` if they are not too long, and a database can keep them. Raises BadRequest."""
    if len(metadata) > MAX_METADATA:
        raise BadRequest(f"data.metadata: longer than {MAX_METADATA} characters")
    if "\0" in metadata:
        raise BadRequest("data.metadata: no NUL characters")
    return metadata


def merge_attributes(current: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """
    Give ``current`` with ``changes``; an empty value removes the attribute.

    :raises BadRequest: a name or value is too long, or there would be too many
    """
    for name, value in changes.items():
        if not 0 < len(name) <= MAX_NAME:
            raise BadRequest(f"data.attributes: names have 1 to {MAX_NAME} characters")
        if len(value) > MAX_VALUE:
            raise BadRequest(f"data.attributes.{name}: longer than {MAX_VALUE} characters")
    merged = {name: value for name, value in {**current, **changes}.items() if value}
    # A token may have brought more: they may become fewer.
    if len(merged) > max(MAX_ATTRIBUTES, len(current)):
        raise BadRequest(f"data.attributes: more than {MAX_ATTRIBUTES}")
    return merged
