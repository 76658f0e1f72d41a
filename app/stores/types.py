"""Column types that both databases read back as they were written."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, String, TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Aware and in UTC in Python, whatever the database keeps: SQLite knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """
        Refuse what could mean several moments, or none.

        :raises TypeError: there is no time zone, which is a mistake of ours: who reads times from clients adds one
        :raises ValueError: in UTC there is no such time; :mod:`app.stores.faults` knows it for a wrong value
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without a time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"{value} is beyond the last year, or before the first") from None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC where the database forgot."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class PlainText(TypeDecorator[str]):
    """A text that PostgreSQL can keep, for SQLite could keep others too: without NUL, and such as UTF-8 can say."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """
        Refuse what PostgreSQL would.

        :raises ValueError: it is none; :mod:`app.stores.faults` knows it for a wrong value
        """
        if value is not None:
            value.encode()
            if "\0" in value:
                raise ValueError("a text with a NUL character")
        return value


def now() -> datetime:
    """Say what time it is, in UTC."""
    return datetime.now(UTC)
