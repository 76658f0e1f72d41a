"""
Run migrations against the database of :mod:`app.stores.migrating`'s caller, or, for the command ``alembic``, the one
that ``CONNECT_DATABASE_URL`` names: by default a SQLite file of the checkout.
"""

import asyncio
import os
from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text
from sqlalchemy.types import TypeDecorator

from app.stores.engine import make_engine
from app.stores.models import Base

DEFAULT_URL = "sqlite:///var/connect.db"
#: Any number, as long as nothing else uses it: whoever migrates a PostgreSQL database holds the lock of this name.
LOCK = 2_097_152_421


def database_url() -> str:
    """Say which database to migrate; a relative path starts from the working directory."""
    return context.config.attributes.get("url") or os.environ.get("CONNECT_DATABASE_URL") or DEFAULT_URL


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Write columns of our own types as what they are in the database: a migration must not change as the types do."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def print_sql() -> None:
    """Write the SQL to standard output instead of running it: ``alembic upgrade head --sql``."""
    context.configure(url=database_url(), target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run(connection: Connection) -> None:
    """Run the migrations, all or none of them."""
    sqlite = connection.dialect.name == "sqlite"
    with connection.begin():
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            # SQLite cannot alter a column in place: batch mode copies the table. But it can roll that back.
            render_as_batch=sqlite,
            render_item=render_item,
            transactional_ddl=True,
        )
        context.run_migrations()


async def migrate() -> None:
    """Connect, and run the migrations."""
    engine = make_engine(database_url())
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


# Whoever calls from Python has set up its own logging.
if context.config.cmd_opts is not None and context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name)
if context.is_offline_mode():
    print_sql()
else:
    asyncio.run(migrate())
