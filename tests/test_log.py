from __future__ import annotations

import io
import json
import logging
from datetime import datetime
from typing import Any

import pytest
from loguru import logger

from app.log import set_up_logging

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_is_one_object_a_line_with_what_is_bound(stream: io.StringIO) -> None:
    set_up_logging("info", "json", stream)
    logger.bind(room="demo", peer="p1").info("joined\nas {}", "{Zoë}")
    (entry,) = entries(stream)
    assert datetime.fromisoformat(entry.pop("time")).tzinfo is not None
    assert entry == {
        "level": "info",
        "program": "app",
        "logger": __name__,
        "message": "joined\nas {Zoë}",
        "room": "demo",
        "peer": "p1",
    }


def test_json_takes_any_value_and_what_is_bound_replaces_nothing(stream: io.StringIO) -> None:
    set_up_logging("info", "json", stream)
    logger.bind(level="mine", codec=logging, name="\ud800").info("odd")
    (entry,) = entries(stream)
    assert entry["level"] == "info"
    assert entry["codec"] == str(logging)
    assert entry["name"] == "\ud800"


def test_json_carries_the_traceback(stream: io.StringIO) -> None:
    set_up_logging("info", "json", stream)
    try:
        raise LookupError("nobody")
    except LookupError:
        logger.exception("failed")
    (entry,) = entries(stream)
    assert entry["exception"].startswith("Traceback")
    assert entry["exception"].endswith("LookupError: nobody\n")


def test_what_is_bound_for_a_while_shows_in_every_line_of_it(stream: io.StringIO) -> None:
    set_up_logging("info", "json", stream)
    with logger.contextualize(room="demo"):
        logger.info("inside")
    logger.info("outside")
    inside, outside = entries(stream)
    assert inside["room"] == "demo"
    assert "room" not in outside


def test_people_see_what_is_bound_too(stream: io.StringIO) -> None:
    set_up_logging("info", "human", stream)
    logger.bind(room="{demo}", peer="<red>").warning("{} left", "{Zoë}")
    line = stream.getvalue()
    assert "WARNING" in line
    assert line.rstrip().endswith("{Zoë} left room={demo} peer=<red>")


def test_a_traceback_for_people_shows_no_values_of_variables(stream: io.StringIO) -> None:
    set_up_logging("info", "human", stream)
    secret = {"password": "swordfish"}
    try:
        secret["user"]
    except KeyError:
        logger.exception("failed")
    assert "KeyError: 'user'" in stream.getvalue()
    assert "swordfish" not in stream.getvalue()


def test_auto_is_human_on_a_terminal_and_json_elsewhere(stream: io.StringIO) -> None:
    terminal = Terminal()
    set_up_logging("info", "auto", terminal)
    logger.info("hello")
    assert "hello" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    set_up_logging("info", "auto", stream)
    logger.info("hello")
    assert entries(stream)[0]["message"] == "hello"


def test_what_is_below_the_level_is_left_out(stream: io.StringIO) -> None:
    set_up_logging("warning", "json", stream)
    logger.info("chatter")
    logging.getLogger("aiohttp").info("chatter")
    logger.warning("news")
    logging.getLogger("aiohttp").warning("news")
    assert [entry["level"] for entry in entries(stream)] == ["warning", "warning"]


def test_standard_logging_ends_up_in_the_same_place(stream: io.StringIO) -> None:
    set_up_logging("debug", "json", stream)
    try:
        raise OSError("broken pipe")
    except OSError:
        logging.getLogger("app.mediasoup.channel").exception("%s {brace}", "lost")
    logging.getLogger("library").log(25, "a level of its own")
    lost, own = entries(stream)
    assert (lost["logger"], lost["level"], lost["message"]) == ("app.mediasoup.channel", "error", "lost {brace}")
    assert lost["exception"].endswith("OSError: broken pipe\n")
    assert (own["logger"], own["level"]) == ("library", "level 25")


def test_libraries_do_not_log_what_is_in_the_database(stream: io.StringIO) -> None:
    set_up_logging("debug", "json", stream)
    for name in ("aiosqlite", "asyncpg.connection", "sqlalchemy.engine.Engine"):
        logging.getLogger(name).debug("INSERT INTO users VALUES ('ada@example.org')")
        logging.getLogger(name).info("INSERT INTO users VALUES ('ada@example.org')")
        logging.getLogger(name).warning("a connection was lost")
    assert [entry["message"] for entry in entries(stream)] == ["a connection was lost"] * 3
