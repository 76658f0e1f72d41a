"""
Templates: bytes that are always the same but for a few places, and functions that fill these in.

Where the places are is found by making the bytes twice, with other values in every place. Nothing is assumed of how
they are laid out, and nothing that stands in them can be taken for a place.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from .encoder import LENGTH_SIZE, longest_text

#: A place for a 32-bit number. Any other is given as the size of the block of the string that it takes.
NUMBER: Final = 0

_NUMBER_SIZE: Final = 4
#: In the n-th place stands this byte plus n the first time, and that one plus n the second: all differ.
_FIRST: Final = 0x20
_SECOND: Final = 0x50
_MOST_PLACES: Final = _SECOND - _FIRST


def make_template(make: Callable[..., bytes], *places: int) -> Callable[..., bytes]:
    """
    Return a function that gives what ``make`` gives, but takes the blocks of strings instead of the strings.

    ``make`` takes a value for each of ``places``, and each value must turn up in what it makes exactly once. A block
    has to have the size that was said: nobody checks.
    """
    if not 0 < len(places) <= _MOST_PLACES:
        raise ValueError(f"{len(places)} places are none or too many")
    first, second = (make(*_samples(places, byte)) for byte in (_FIRST, _SECOND))
    if len(first) != len(second):
        raise ValueError("the values change the length")
    found = list(_find(first, second, places))
    order = [number for number, _ in found]
    if sorted(order) != list(range(len(places))):
        raise ValueError("each value must turn up exactly once")
    # One format for it all: what stays and what is filled in, by turns.
    format_, parts, at = "<", [], 0
    for number, start in found:
        size = places[number] or _NUMBER_SIZE
        format_ += f"{start - at}s" + ("I" if places[number] == NUMBER else f"{size}s")
        parts += [first[at:start], b""]
        at = start + size
    parts.append(first[at:])
    pack = struct.Struct(f"{format_}{len(first) - at}s").pack
    # With one item only it would not give a tuple.
    pick: Callable[[Any], Any] = itemgetter(*order) if len(order) > 1 else tuple

    def fill(*values: int | bytes) -> bytes:
        filled = parts.copy()
        filled[1::2] = pick(values)
        return pack(*filled)

    return fill


def _samples(places: tuple[int, ...], byte: int) -> list[Any]:
    """Make a value for every place, all of whose bytes are ``byte`` plus the place's number."""
    return [
        int.from_bytes(bytes([byte + number] * _NUMBER_SIZE), "little")
        if size == NUMBER
        else chr(byte + number) * longest_text(size)
        for number, size in enumerate(places)
    ]


def _find(first: bytes, second: bytes, places: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Give the number of each place and where it starts, in the order in which they lie."""
    differing = int.from_bytes(first, "big") ^ int.from_bytes(second, "big")
    for run in re.finditer(rb"[^\0]+", differing.to_bytes(len(first), "big")):
        # A run may be places that lie side by side.
        for number, indices in groupby(range(*run.span()), lambda index: first[index] - _FIRST):
            # The length of a string, with which its block starts, is the same in both.
            yield number, next(indices) - (0 if places[number] == NUMBER else LENGTH_SIZE)
