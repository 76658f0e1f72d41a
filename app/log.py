"""
Logs, through loguru: for people on a terminal, one JSON object a line otherwise.

What is bound (``logger.bind(room=…, peer=…)``, ``logger.contextualize(…)``) shows in both. Libraries that use the
standard :mod:`logging` end up in the same place.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from loguru import logger

if TYPE_CHECKING:
    from loguru import Message, Record

#: Loggers of libraries which write what is in the database, and with it secrets, below warnings.
SECRETIVE = ("aiosqlite", "asyncpg", "sqlalchemy")


def set_up_logging(level: str, format: str, stream: TextIO | None = None, *, program: str = "app") -> None:
    """
    Send all logs from ``level`` up to ``stream``, standard error by default.

    ``format`` is ``human``, ``json``, or ``auto``: human when the stream is a terminal. ``program`` is who logs.
    """
    target = stream or sys.stderr
    human = target.isatty() if format == "auto" else format == "human"
    logger.remove()
    if human:
        # ``diagnose`` would print the values of variables, and with them secrets.
        logger.add(target, level=level.upper(), format=_human_template, backtrace=False, diagnose=False)
    else:
        logger.add(lambda message: _write_json(target, message, program), level=level.upper(), format="{message}")
    logging.basicConfig(handlers=[_Forward()], level=level.upper(), force=True)
    for name in SECRETIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Forward(logging.Handler):
    """Hand records of the standard library's loggers to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        # ``patch`` rather than ``depth``: the name of the logger says more than the place of the call.
        logger.patch(lambda ours: ours.update({"name": record.name})).opt(exception=record.exc_info).log(
            _loguru_level(record.levelname, record.levelno), "{}", record.getMessage()
        )


def _loguru_level(name: str, number: int) -> str | int:
    try:
        return logger.level(name).name
    except ValueError:
        return number


def _human_template(record: Record) -> str:
    """Make loguru's template for one record. Bound values are referred to, since they may hold braces."""
    bound = "".join(f" {key}={{extra[{key}]}}" for key in record["extra"])
    return (
        "<green>{time:HH:mm:ss.SSS}</green> <level>{level: <7}</level> <cyan>{name}</cyan> "
        f"<level>{{message}}</level><dim>{bound}</dim>\n{{exception}}"
    )


def _write_json(stream: TextIO, message: Message, program: str) -> None:
    stream.write(_json_line(message.record, program))
    stream.flush()


def _json_line(record: Record, program: str) -> str:
    """Write a record as one line of JSON; bound values stand beside the fields of every line."""
    line: dict[str, Any] = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "program": program,
        "logger": record["name"],
        "message": record["message"],
    }
    if (exception := record["exception"]) is not None:
        line["exception"] = "".join(traceback.format_exception(exception.value))
    # What is bound must not take the place of what every line has.
    return json.dumps({**record["extra"], **line}, default=str) + "\n"
