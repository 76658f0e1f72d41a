"""``drain``, ``undrain``: have the app that runs here let nobody new in, so that its calls come to an end."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from app.config import Settings
from app.web.admin import LONGEST_DRAIN

from .running import ask

PATH = "/api/admin/drain"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--deadline", metavar="SECONDS", type=_seconds, help="end the calls that are left after so many seconds"
    )


def drain(settings: Settings, arguments: Namespace) -> int:
    """Begin; when asked again, say how many are left."""
    state = ask(settings, "POST", PATH, {"deadlineSeconds": arguments.deadline})
    print(f"draining; people still here: {state['peers']}, calls: {state['rooms']}")
    return 0


def undrain(settings: Settings, arguments: Namespace) -> int:
    """Let everybody in again."""
    ask(settings, "DELETE", PATH)
    print("everybody is let in again")
    return 0


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_DRAIN:
        raise ArgumentTypeError(f"{text!r}: 0 to {LONGEST_DRAIN}")
    return int(text)
