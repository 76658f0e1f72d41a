"""
Bringing a database's schema to the revision that this code is made for; the steps are in ``migrations/``.

These functions run an event loop of their own: from a coroutine, call them through :func:`asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from .engine import make_engine

ALEMBIC_INI = Path(__file__).parents[2] / "alembic.ini"


def upgrade(url: str, revision: str = "head") -> None:
    """Go forward to ``revision``, in one transaction. Another process that does the same is waited for."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Go back to ``revision`` (``base``: to nothing), in one transaction. What later ones brought is lost."""
    command.downgrade(_config(url), revision)


def current(url: str) -> str | None:
    """Ask which revision the database has; ``None`` when it was never migrated."""
    return asyncio.run(_ask(url))


def revisions() -> list[str]:
    """List the revisions there are, oldest first."""
    scripts = ScriptDirectory.from_config(Config(ALEMBIC_INI))
    return [each.revision for each in scripts.walk_revisions()][::-1]


@cache
def head() -> str:
    """Say which revision this code is made for."""
    revision = ScriptDirectory.from_config(Config(ALEMBIC_INI)).get_current_head()
    assert revision is not None
    return revision


def revision_of(connection: Connection) -> str | None:
    """Read the revision of the database that ``connection`` leads to."""
    return MigrationContext.configure(connection).get_current_revision()


async def _ask(url: str) -> str | None:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision_of)
    finally:
        await engine.dispose()


def _config(url: str) -> Config:
    # Not set_main_option(): that would read a % in the URL as its own.
    return Config(ALEMBIC_INI, attributes={"url": url})
