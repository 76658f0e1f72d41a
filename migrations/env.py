"""Run migrations against the database that ``CONNECT_DATABASE_URL`` names, by default a SQLite file of the checkout."""

import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine

DEFAULT_URL = "sqlite:///var/connect.db"

# No models yet: accounts and rooms bring the metadata that ``alembic revision --autogenerate`` compares with.
target_metadata = None


def database_url() -> str:
    """Say which database to migrate, as SQLAlchemy writes it; a relative path starts from the working directory."""
    return os.environ.get("CONNECT_DATABASE_URL") or DEFAULT_URL


def print_sql() -> None:
    """Write the SQL to standard output instead of running it: ``alembic upgrade head --sql``."""
    context.configure(url=database_url(), target_metadata=target_metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def migrate() -> None:
    """Connect and run the migrations, in a transaction where the database has transactional DDL."""
    engine = create_engine(database_url())
    with engine.connect() as connection:
        # SQLite cannot alter a column in place: batch mode copies the table.
        batch = connection.dialect.name == "sqlite"
        context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=batch)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name)
if context.is_offline_mode():
    print_sql()
else:
    migrate()
