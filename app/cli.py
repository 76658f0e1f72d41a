"""The command line: ``python -m app COMMAND``, ``serve`` when there is none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import __version__
from .commands import accounts, drain, migrate, nodes, rooms
from .commands.failure import CommandFailed
from .config import Settings, SettingsError
from .errors import ConnectError
from .log import set_up_logging
from .server import run

#: Exit codes. supervisord does not start again what ends with that for wrong settings.
FAILED, BAD_SETTINGS, INTERRUPTED = 1, 2, 130


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name, what it does, and what else it can be told."""

    name: str
    run: Callable[[Settings, argparse.Namespace], int]
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments``, or the command line, names; gives the exit code."""
    chosen = _parser().parse_args(arguments)
    command: Command = chosen.command
    try:
        settings = Settings.from_environment()
        # A command says itself what it does, and what is wrong; "serve" sets up logs of its own.
        set_up_logging("warning", settings.log_format)
        return command.run(settings, chosen)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except (CommandFailed, ConnectError) as error:
        print(f"{command.name}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Connect: video calls on mediasoup's workers.",
        epilog="Settings come from CONNECT_ environment variables; docs/settings.md lists them.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(command=COMMANDS[0])
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        added = commands.add_parser(command.name, help=command.help, description=_sentence(command.help))
        added.set_defaults(command=command)
        if command.add_arguments is not None:
            command.add_arguments(added)
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    return run(settings)


def _check_settings(settings: Settings, arguments: argparse.Namespace) -> int:
    print("all settings are fine")
    return 0


#: The first is the default.
COMMANDS = (
    Command("serve", _serve, "serve until SIGTERM or SIGINT (the default)"),
    Command("check-settings", _check_settings, "say what is wrong with the settings; exit code 2 if anything is"),
    Command("migrate", migrate.migrate, "bring the database's schema up to date", migrate.add_arguments),
    Command("create-user", accounts.create_user, "make an account", accounts.add_user_arguments),
    Command("make-admin", accounts.make_admin, "give an account an owner's rights everywhere", accounts.add_email),
    Command("create-api-key", accounts.create_api_key, "make an API key of an account", accounts.add_key_arguments),
    Command("list-rooms", rooms.list_rooms, "list the rooms that are in the database"),
    Command("end-room", rooms.end_room, "end the call in a room, and delete the room", rooms.add_code),
    Command("nodes", nodes.nodes, "list the nodes, and how busy they are"),
    Command("drain", drain.drain, "let nobody new in, so that the calls come to an end", drain.add_arguments),
    Command("undrain", drain.undrain, "let everybody in again"),
)
