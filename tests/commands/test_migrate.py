from __future__ import annotations

import pytest

from app.stores import migrating

from .conftest import Run


def test_it_goes_to_the_newest_revision_from_wherever_the_schema_is(run: Run, database_url: str) -> None:
    migrating.downgrade(database_url, "base")
    assert run("migrate").out == f"the schema went from base to {migrating.head()}\n"
    assert run("migrate").out == f"the schema is up to date: {migrating.head()}\n"


def test_it_goes_to_any_revision_forward_and_back(run: Run, database_url: str) -> None:
    assert run("migrate", "--to", "0001").out == f"the schema went from {migrating.head()} to 0001\n"
    assert run("migrate", "--to", "base").out == "the schema went from 0001 to base\n"
    assert migrating.current(database_url) is None
    assert run("migrate", "--to", "0001").code == 0
    assert migrating.current(database_url) == "0001"


def test_check_tells_without_changing_anything(run: Run, database_url: str) -> None:
    assert run("migrate", "--check").code == 0
    migrating.downgrade(database_url, "0001")
    checked = run("migrate", "--check")
    assert checked.code == 1
    assert checked.err == f"migrate: the schema is at 0001 and should be at {migrating.head()}: python -m app migrate\n"
    assert migrating.current(database_url) == "0001"


def test_a_revision_that_does_not_exist_is_refused(run: Run) -> None:
    migrated = run("migrate", "--to", "9999")
    assert migrated.code == 1
    assert migrated.err.startswith("migrate: there is no revision 9999; there are base, 0001, ")


def test_a_schema_of_a_newer_release_is_left_alone(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "current", lambda url: "9999")
    migrated = run("migrate")
    assert migrated.code == 1
    assert "it is newer" in migrated.err


def test_a_database_that_is_not_there_is_told_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_DATABASE_URL", "postgresql://connect:secret@127.0.0.1:1/connect")
    migrated = run("migrate")
    assert migrated.code == 1
    assert migrated.err.startswith("migrate: the database: ")
    assert "Traceback" not in migrated.err
    assert "secret" not in migrated.err
