"""Fixtures of the codec's tests: the schema, and the official code for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.mediasoup.channel.schema import Schema

from .oracle import Oracle


@pytest.fixture(scope="session")
def schema(schemas: Path) -> Schema:
    return Schema.load(schemas)


@pytest.fixture(scope="session")
def oracle(schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with Oracle(schemas, tmp_path_factory.mktemp("flatc")) as oracle:
        yield oracle
