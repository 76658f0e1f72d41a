"""What an environment variable may hold: kinds of settings, for :mod:`app.config`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from environs import Env, EnvError, ValidationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What a variable may hold: how it is read, and how a message and the docs say it."""

    read: Callable[[Env, str, T], T]
    allowed: str


def number(low: int, high: int) -> Kind[int]:
    """A whole number from ``low`` to ``high``, both included."""
    check = _satisfies(lambda value: low <= value <= high)
    return Kind(lambda env, name, default: env.int(name, default, validate=check), f"{low} to {high}")


def seconds(low: float, high: float) -> Kind[float]:
    """A time in seconds, fractions allowed."""
    check = _satisfies(lambda value: low <= value <= high)
    return Kind(lambda env, name, default: env.float(name, default, validate=check), f"{low:g} to {high:g}")


def share() -> Kind[float]:
    """A part of a whole."""
    return seconds(0.01, 1)


def one_of(*words: str) -> Kind[str]:
    """One of a few words."""
    return text(lambda value: value in words, ", ".join(words))


def some_of(*words: str) -> Kind[tuple[str, ...]]:
    """Any of a few words, separated by commas."""

    def read(env: Env, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        chosen = tuple(word.strip() for word in env.str(name, ",".join(default)).split(","))
        if not set(chosen) <= set(words):
            raise EnvError
        return chosen

    return Kind(read, "comma-separated: " + ", ".join(words))


def port_range() -> Kind[tuple[int, int]]:
    """Ports from the first to the last, both included."""

    def read(env: Env, name: str, default: tuple[int, int]) -> tuple[int, int]:
        found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", env.str(name, "{}-{}".format(*default)))
        first, last = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= first <= last <= 65_535:
            raise EnvError
        return first, last

    return Kind(read, "first-last, each 1 to 65535")


def flag() -> Kind[bool]:
    """Something that is on or off."""
    return Kind(lambda env, name, default: env.bool(name, default), "true or false")


def some(is_valid: Callable[[str], bool], allowed: str) -> Kind[tuple[str, ...]]:
    """Any number of texts, separated by commas, each of which ``is_valid``."""

    def read(env: Env, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        values = tuple(part.strip() for part in env.str(name, ",".join(default)).split(",") if part.strip())
        if not all(map(is_valid, values)):
            raise EnvError
        return values

    return Kind(read, f"comma-separated: {allowed}")


def text(is_valid: Callable[[str], bool], allowed: str) -> Kind[str]:
    """A text for which ``is_valid``."""
    return Kind(lambda env, name, default: env.str(name, default, validate=_satisfies(is_valid)), allowed)


def optional(kind: Kind[str]) -> Kind[str | None]:
    """As ``kind``, or nothing at all."""
    return Kind(lambda env, name, default: kind.read(env, name, default or ""), kind.allowed)


def path(allowed: str) -> Kind[Path]:
    """A path, relative to the working directory if it isn't absolute."""
    return Kind(lambda env, name, default: env.path(name, default), allowed)


def _satisfies(is_valid: Callable[[Any], bool]) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not is_valid(value):
            raise ValidationError("not allowed")

    return check
