"""This node, as the others see it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import app
from app.checks import is_node_id
from app.config import Settings, SettingsError
from app.files import make_file
from app.rtc.bus import Node, WorkerLoad


class ThisNode:
    """``draining``: it is about to go, and takes nobody new. ``loads`` tells how busy its workers are."""

    def __init__(self, id: str, settings: Settings, loads: Callable[[], tuple[WorkerLoad, ...]]) -> None:
        self.id = id
        self.draining = False
        self._settings = settings
        self._loads = loads

    def describe(self) -> Node:
        """Say how it is now. Its epoch is the bus's to know."""
        settings = self._settings
        return Node(
            id=self.id,
            epoch=0,
            region=settings.node_region or "",
            url=settings.node_url,
            media_ip=settings.pipe_address,
            version=app.__version__,
            draining=self.draining,
            workers=self._loads(),
        )


def node_id(settings: Settings) -> str:
    """
    Give the id that the settings hold, else the one in a file of the run directory, which is made when it is missing.

    It outlives the process, as the media do.

    :raises SettingsError: the file can't be read or made, or holds something else
    """
    if settings.node_id is not None:
        return settings.node_id
    path = settings.run_dir / "node-id"
    try:
        if not path.exists():
            make_file(path, f"node-{secrets.token_hex(6)}\n")
        id = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise _wrong_file(path, str(error)) from error
    if not is_node_id(id):
        raise _wrong_file(path, "it holds no id of a node; remove it")
    return id


def _wrong_file(path: Path, problem: str) -> SettingsError:
    return SettingsError([f"CONNECT_RUN_DIR: {str(path)!r}: {problem}"])
