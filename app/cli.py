"""Commands: ``python -m app [serve | check-settings]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from . import __version__
from .config import Settings, SettingsError
from .server import run

#: The exit code for wrong settings. supervisord does not start again what ends with it.
BAD_SETTINGS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments``, or the command line, names; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Connect: video calls on mediasoup's workers.",
        epilog="Settings come from CONNECT_ environment variables; docs/settings.md lists them.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(command=run)
    commands = parser.add_subparsers(title="commands", metavar="")
    for name, command, help in (
        ("serve", run, "serve until SIGTERM or SIGINT (the default)"),
        (
            "check-settings",
            _check_settings,
            "say what is wrong with the settings; exit code 2 if anything is",
        ),
    ):
        commands.add_parser(name, help=help).set_defaults(command=command)
    chosen: Callable[[Settings], int] = parser.parse_args(arguments).command
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    return chosen(settings)


def _check_settings(settings: Settings) -> int:
    print("all settings are fine")
    return 0
