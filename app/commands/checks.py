"""Arguments that are what the API would take, too."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

from marshmallow import ValidationError
from marshmallow.fields import String


def like(field: String) -> Callable[[str], str]:
    """Give the ``type`` of an argument that a field of the API takes."""

    def check(text: str) -> str:
        try:
            value: str = field.deserialize(text)
        except ValidationError as error:
            raise ArgumentTypeError(f"{text!r}: {' '.join(error.messages)}") from None
        return value

    return check
