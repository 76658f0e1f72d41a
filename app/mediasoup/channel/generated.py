"""Where the functions that the codec generates live."""

from collections.abc import Iterable
from typing import Any


class Namespace:
    """
    The globals of generated functions.

    They find each other by name when they run, so a function may be generated before those it calls.
    """

    def __init__(self, **values: Any) -> None:
        self.values: dict[str, Any] = values

    def bind(self, hint: str, value: Any) -> str:
        """Keep a value under a name of its own, and return the name, which starts with ``hint``."""
        name = f"{hint.rpartition('.')[2]}_{len(self.values)}"
        self.values[name] = value
        return name

    def define(self, name: str, parameters: str, lines: Iterable[str], **constants: object) -> Any:
        """Make a function of these lines of source, to which ``constants`` are known by their names."""
        head = ", ".join([parameters, *(f"{constant}={constant}" for constant in constants)])
        source = "\n    ".join([f"def {name}({head}):", *lines])
        made: dict[str, Any] = dict(constants)
        # The lines are made of numbers and of words that the schema's reader has let through as names.
        exec(compile(source, f"<{name}>", "exec"), self.values, made)
        return made[name]


def indented(lines: Iterable[str]) -> list[str]:
    """Set lines of source one level deeper."""
    return [f"    {line}" for line in lines]
