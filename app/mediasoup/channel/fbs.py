"""
The syntax of ``.fbs`` files, as far as mediasoup's schemas use it: text becomes declarations made of words.

What the words mean is :mod:`app.mediasoup.channel.schema`'s business. What is not known here is refused,
because a schema half understood makes messages that the worker misreads.

The grammar: https://flatbuffers.dev/grammar/.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.mediasoup.errors import MediasoupError


class SchemaError(MediasoupError):
    """A schema file is missing, can't be read, or uses what this reader does not know."""


@dataclass(frozen=True, slots=True)
class Member:
    """
    A table's field, a union's member or an enumerator.

    ``type`` is empty for an enumerator; ``default`` is what stands after ``=``, if anything does.
    """

    name: str
    type: str = ""
    vector: bool = False
    default: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """An enum, table or union. ``base`` is the number type of an enum."""

    keyword: str
    namespace: str
    name: str
    members: tuple[Member, ...]
    base: str = ""

    @property
    def full_name(self) -> str:
        """The name with its namespace in front."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


class FbsFile:
    """A parsed file: what it includes and what it declares. Raises :exc:`SchemaError`."""

    def __init__(self, name: str, text: str) -> None:
        self.includes: list[str] = []
        self.declarations: list[Declaration] = []
        self._tokens = _Tokens(name, text)
        self._namespace = ""
        while self._tokens.next:
            self._statement(self._tokens.take())

    def _statement(self, keyword: str) -> None:
        tokens = self._tokens
        match keyword:
            case "enum":
                name = tokens.name()
                tokens.expect(":")
                base = tokens.name()
                self._declare(keyword, name, self._listed(self._enumerator), base)
            case "union":
                self._declare(keyword, tokens.name(), self._listed(self._union_member))
            case "table":
                self._declare(keyword, tokens.name(), self._fields())
            case "include":
                self.includes.append(tokens.take().strip('"'))
                tokens.expect(";")
            case "namespace":
                self._namespace = tokens.name()
                tokens.expect(";")
            case "root_type":
                tokens.name()
                tokens.expect(";")
            case _:
                raise tokens.error(f"{keyword!r} is not known here")

    def _declare(self, keyword: str, name: str, members: Iterator[Member], base: str = "") -> None:
        self.declarations.append(Declaration(keyword, self._namespace, name, tuple(members), base))

    def _listed(self, member: Callable[[], Member]) -> Iterator[Member]:
        """Read what stands in braces, separated by commas; the last one may be followed by a comma too."""
        self._tokens.expect("{")
        while not self._tokens.accept("}"):
            yield member()
            if self._tokens.next != "}":
                self._tokens.expect(",")

    def _enumerator(self) -> Member:
        name = self._tokens.name()
        return Member(name, default=self._tokens.take() if self._tokens.accept("=") else None)

    def _union_member(self) -> Member:
        name = self._tokens.name()
        return Member(name.replace(".", "_"), self._tokens.name() if self._tokens.accept(":") else name)

    def _fields(self) -> Iterator[Member]:
        self._tokens.expect("{")
        while not self._tokens.accept("}"):
            yield self._field()

    def _field(self) -> Member:
        tokens = self._tokens
        name = tokens.name()
        tokens.expect(":")
        vector = tokens.accept("[")
        type_name = tokens.name()
        if vector:
            tokens.expect("]")
        default = tokens.take() if tokens.accept("=") else None
        required = tokens.accept("(")
        if required:
            tokens.expect("required")
            tokens.expect(")")
        tokens.expect(";")
        return Member(name, type_name, vector, default, required)


_TOKEN = re.compile(
    r"""
    \s+ | //[^\n]* | /\*.*?\*/                                  # What says nothing.
    | (?P<token> "[^"\n]*" | [\w.+-]+ | [{}()\[\]:;,=] )
    | (?P<wrong> . )
    """,
    re.DOTALL | re.VERBOSE,
)


class _Tokens:
    """The words and signs of one file, taken one after the other. ``next`` is empty at the end."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._matches = (match for match in _TOKEN.finditer(text) if match.lastgroup)
        self._position = 0
        self.next = ""
        self._advance()

    def take(self) -> str:
        """Take the next token, whatever it is."""
        if not self.next:
            raise self.error("unexpected end")
        token = self.next
        self._advance()
        return token

    def accept(self, token: str) -> bool:
        """Take the next token if it is this one."""
        if self.next != token:
            return False
        self._advance()
        return True

    def expect(self, token: str) -> None:
        """Take the next token, which has to be this one."""
        if not self.accept(token):
            raise self.error(f"{token!r} expected instead of {self.next!r}")

    def name(self) -> str:
        """Take an identifier, dotted or not."""
        if not self.next.replace(".", "_").isidentifier():
            raise self.error(f"name expected instead of {self.next!r}")
        return self.take()

    def error(self, problem: str) -> SchemaError:
        """Say what the problem is and where."""
        line = self._text.count("\n", 0, self._position) + 1
        return SchemaError(f"{self._file}:{line}: {problem}")

    def _advance(self) -> None:
        match = next(self._matches, None)
        self._position = match.start() if match else len(self._text)
        if match and match["wrong"]:
            raise self.error(f"unexpected {match['wrong']!r}")
        self.next = match["token"] if match else ""
