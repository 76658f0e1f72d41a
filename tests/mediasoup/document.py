"""docs/mediasoup.md, taken apart: its tables, its examples, its links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).parents[2] / "docs/mediasoup.md"
TEXT = PATH.read_text()

CODE = re.compile(r"`([^`]+)`")
NAME = re.compile(r"\w+")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Row(NamedTuple):
    """A row of three columns: what is there in Node, what here, and what differs."""

    theirs: str
    ours: str
    differs: str

    @property
    def their_name(self) -> str | None:
        """The name in the first column, if there is one."""
        code = CODE.search(self.theirs)
        return _name(code[1]) if code else None

    @property
    def our_codes(self) -> list[str]:
        """What the second column lists, such as ``close()`` or ``port=0``."""
        return CODE.findall(self.ours)

    @property
    def our_names(self) -> list[str]:
        """The names that these start with."""
        return [_name(code) for code in self.our_codes]


def _name(code: str) -> str:
    match = NAME.match(code)
    assert match, code
    return match[0]


def tables() -> dict[str, list[Row]]:
    """Give the rows of three columns under each heading."""
    found: dict[str, list[Row]] = {}
    heading = ""
    for line in TEXT.splitlines():
        if line.startswith("##"):
            heading = line.lstrip("# ")
        elif line.startswith("| ") and not line.startswith(("| ---", "| Node |")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 3:
                found.setdefault(heading, []).append(Row(*cells))
    return found


def section(heading: str) -> str:
    """Give what is between a heading of the second level and the next one."""
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def names() -> set[str]:
    """Give every name that is written as code, but for the examples."""
    return {name for code in CODE.findall(FENCED.sub("", TEXT)) for name in NAME.findall(code)}


def examples() -> Iterator[str]:
    """Give the examples, each at its own lines, so that errors name those of the document."""
    for block in EXAMPLE.finditer(TEXT):
        yield "\n" * TEXT[: block.start(1)].count("\n") + block[1]


def anchors() -> set[str]:
    """Give what links within the document may name."""
    headings = HEADING.findall(FENCED.sub("", TEXT))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
