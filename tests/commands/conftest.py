"""Commands as an operator types them, on both databases."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import cli

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


#: Runs the command of these words, to which a text is typed.
Run = Callable[..., Outcome]


@pytest.fixture
def run(
    logging_as_before: None,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    for name in os.environ:
        if name.startswith("CONNECT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CONNECT_DATABASE_URL", database_url)
    monkeypatch.setenv("CONNECT_DATABASE_TIMEOUT_SECONDS", "10")
    monkeypatch.setenv("CONNECT_SECRET_KEYS_FILE", str(tmp_path / "secret-keys"))

    def run(*words: str, typed: str = "") -> Outcome:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = cli.main(words)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def ada(run: Run) -> str:
    """The e-mail address of somebody who has an account."""
    created = run("create-user", "ada@example.org", "--name", "Ada", "--password-stdin", typed=PASSWORD)
    assert created.code == 0, created.err
    return "ada@example.org"
