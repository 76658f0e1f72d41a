"""The schema that migrations make is the one of the models, on both databases, and they lead back."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from app.stores import migrating
from app.stores.database import Database, SchemaState
from app.stores.models import Base
from tests.databases import in_thread


def differences(connection: Connection) -> list[object]:
    found: list[object] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    return found


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def constraints(connection: Connection) -> set[str | None]:
    """The names of all checks and foreign keys, which ``compare_metadata`` does not look at in full."""
    inspector = inspect(connection)
    names: set[str | None] = set()
    for table in Base.metadata.tables:
        names.update(each["name"] for each in inspector.get_check_constraints(table))
        names.update(each["name"] for each in inspector.get_foreign_keys(table))
    return names


async def test_migrations_make_what_the_models_say(database: Database) -> None:
    async with database.transaction() as tx:
        connection = await tx.connection()
        assert await connection.run_sync(differences) == []
        made = await connection.run_sync(constraints)
    meant = {
        str(each.name)
        for table in Base.metadata.tables.values()
        for each in table.constraints
        if str(each.name).startswith(("ck_", "fk_"))
    }
    assert made == meant


async def test_they_lead_back_to_nothing_and_forth_again(database_url: str, database: Database) -> None:
    in_thread(migrating.downgrade, database_url, "base")
    async with database.transaction() as tx:
        assert await (await tx.connection()).run_sync(tables) == {"alembic_version"}
    in_thread(migrating.upgrade, database_url)
    async with database.transaction() as tx:
        assert await (await tx.connection()).run_sync(differences) == []


async def test_each_revision_can_be_reached_from_the_next(database_url: str) -> None:
    for revision in ("0002", "0001"):
        in_thread(migrating.downgrade, database_url, revision)
        assert in_thread(migrating.current, database_url) == revision
    for revision in ("0002", "0003"):
        in_thread(migrating.upgrade, database_url, revision)
        assert in_thread(migrating.current, database_url) == revision
    assert migrating.head() == "0003"


async def test_a_database_says_whether_its_schema_is_right(database_url: str, database: Database) -> None:
    assert await database.check_schema() == SchemaState(migrating.head(), migrating.head())
    assert (await database.check_schema()).is_current

    in_thread(migrating.downgrade, database_url, "0001")
    state = await database.check_schema()
    assert (state.current, state.is_current) == ("0001", False)

    in_thread(migrating.downgrade, database_url, "base")
    assert (await database.check_schema()).current is None
