"""``python -m app.listening``: keeps the listening sockets until SIGTERM or SIGINT."""

from __future__ import annotations

import signal
import sys

from loguru import logger

from app.config import Settings, SettingsError
from app.log import set_up_logging

from .listener import Listener
from .sockets import Address

#: Exit codes, as the app's: supervisord does not start again what ends with that for wrong settings.
FAILED, BAD_SETTINGS = 1, 2


def main() -> int:
    """Run the listener; gives the exit code."""
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    set_up_logging(settings.log_level, settings.log_format, program="listener")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    address = Address.of(settings)
    try:
        Listener(address).serve()
    except OSError as error:
        logger.error("can't listen on {}: {}", address, error.strerror or error)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
