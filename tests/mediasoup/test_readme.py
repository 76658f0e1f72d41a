"""The tables of README.md: every case of mediasoup's own tests, and where ours checks the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from .conftest import SCHEMAS

HERE = Path(__file__).parent
THEIR_TESTS = SCHEMAS.parents[1] / "node/lib/test"

HEADING = re.compile(r"### (test-\S+\.js)")
ROW = re.compile(r"\| (.+) \| (test_\w+\.py::\w+(?:, test_\w+\.py::\w+)*) \|")
CASE = re.compile(r"^ *test\('((?:[^'\\]|\\.)+)'", re.MULTILINE)


def rows() -> list[tuple[str, str, list[str]]]:
    """Give the rows: their file, their case, and our tests."""
    found = []
    file = ""
    for line in (HERE / "README.md").read_text().splitlines():
        if heading := HEADING.fullmatch(line):
            file = heading[1]
        elif row := ROW.fullmatch(line):
            found.append((file, row[1], row[2].split(", ")))
    return found


def test_every_case_of_theirs_is_there_once() -> None:
    listed = Counter((file, case) for file, case, _ in rows())
    cases = Counter(
        (path.name, case) for path in THEIR_TESTS.glob("test-*.js") for case in CASE.findall(path.read_text())
    )
    assert listed == cases
    assert set(cases.values()) == {1}
    assert len(cases) == 202


def test_every_test_of_ours_exists() -> None:
    named = {test for _, _, tests in rows() for test in tests}
    missing = []
    for file, name in sorted(test.split("::") for test in named):
        if not re.search(rf"^(?:async )?def {name}\(", (HERE / file).read_text(), re.MULTILINE):
            missing.append(f"{file}::{name}")
    assert missing == []
