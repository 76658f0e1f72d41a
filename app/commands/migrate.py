"""``migrate``: the schema of the database."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from app.config import Settings
from app.stores import migrating

from .failure import CommandFailed

#: What Alembic calls the revision before the first: no tables.
NOTHING = "base"


def add_arguments(parser: ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--to",
        metavar="REVISION",
        help="go to this revision instead of the newest, forward or back; what later ones brought is lost. "
        f"{NOTHING!r} is before the first",
    )
    what.add_argument("--check", action="store_true", help="change nothing; exit code 1 if there is something to do")


def migrate(settings: Settings, arguments: Namespace) -> int:
    """Bring the schema to a revision, or tell which it has."""
    target = arguments.to or migrating.head()
    try:
        before = migrating.current(settings.database_url) or NOTHING
        if not arguments.check:
            _move(settings.database_url, before, target)
    except (OSError, SQLAlchemyError, asyncpg.PostgresError) as error:
        raise CommandFailed(f"the database: {error}") from error
    if before == target:
        print(f"the schema is up to date: {target}")
    elif arguments.check:
        raise CommandFailed(f"the schema is at {before} and should be at {target}: python -m app migrate")
    else:
        print(f"the schema went from {before} to {target}")
    return 0


def _move(url: str, before: str, target: str) -> None:
    known = [NOTHING, *migrating.revisions()]
    if target not in known:
        raise CommandFailed(f"there is no revision {target}; there are {', '.join(known)}")
    if before not in known:
        raise CommandFailed(f"the schema is at {before}, which this version of Connect does not know: it is newer")
    if known.index(before) < known.index(target):
        migrating.upgrade(url, target)
    elif before != target:
        migrating.downgrade(url, target)
