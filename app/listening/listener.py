"""The program that keeps the listening sockets while apps come and go."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from loguru import logger

from .messages import HAVE, NO, TAKE, WANT, connect, receive, send
from .sockets import Address, bind, close_all, is_listening

#: Seconds in which an app that has sockets of an earlier listener offers them, before the address counts as somebody
#: else's; and seconds between tries.
PATIENCE, RETRY_EVERY = 2.0, 0.1
#: Connections of apps at a time; there are two when one is restarted. Others are cut.
MAX_APPS = 16


class Listener:
    """
    Listens at an address and lends the sockets to one app at a time, to who asked first.

    An app that dies without a word gives them back with that: its connection ends.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []
        self._apps: set[socket.socket] = set()
        self._waiting: list[socket.socket] = []
        self._holder: socket.socket | None = None
        self._selector = selectors.DefaultSelector()

    def serve(self) -> NoReturn:
        """
        Serve until a signal.

        :raises OSError: the address can't be listened at, or another listener is there
        """
        with self._entrance() as entrance:
            self._selector.register(entrance, selectors.EVENT_READ)
            give_up_at = time.monotonic() + PATIENCE
            while True:
                if not self._sockets:
                    self._bind(give_up_at)
                self._lend()
                for key, _ in self._selector.select(None if self._sockets else RETRY_EVERY):
                    if key.fileobj is entrance:
                        self._welcome(entrance)
                    else:
                        self._hear(key.data)

    @contextmanager
    def _entrance(self) -> Iterator[socket.socket]:
        """Make the Unix socket, in place of one that a killed listener left."""
        path = self._address.listener
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            connect(self._address, timeout=RETRY_EVERY).close()
        except (FileNotFoundError, ConnectionRefusedError):
            path.unlink(missing_ok=True)
        else:
            raise OSError(errno.EADDRINUSE, f"another listener runs, at {path}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as entrance:
            mask = os.umask(0o177)
            entrance.bind(str(path))
            os.umask(mask)
            entrance.listen(MAX_APPS)
            try:
                yield entrance
            finally:
                path.unlink(missing_ok=True)

    def _bind(self, give_up_at: float) -> None:
        try:
            self._sockets = bind(self._address)
        except OSError as error:
            # It may be the app, which has them from a listener that died, and is about to offer them.
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up_at:
                raise
        else:
            logger.info("listening on {}", self._address)

    def _welcome(self, entrance: socket.socket) -> None:
        app, _ = entrance.accept()
        if len(self._apps) == MAX_APPS:
            logger.warning("more than {} apps are connected; another is cut", MAX_APPS)
            app.close()
            return
        app.setblocking(False)
        self._apps.add(app)
        self._selector.register(app, selectors.EVENT_READ, data=app)

    def _hear(self, app: socket.socket) -> None:
        try:
            word, sockets = receive(app, self._address)
        except OSError as error:
            logger.debug("an app is gone: {}", error)
            word, sockets = b"", []
        if word == WANT and not sockets and app is not self._holder and app not in self._waiting:
            self._waiting.append(app)
        elif word == HAVE and not self._sockets and sockets and all(map(is_listening, sockets)):
            logger.info("listening on {}, with the sockets of the app that runs", self._address)
            self._sockets, self._holder = sockets, app
        else:
            close_all(sockets)
            self._dismiss(app, gone=not word)

    def _lend(self) -> None:
        while self._sockets and self._holder is None and self._waiting:
            app = self._waiting.pop(0)
            try:
                send(app, TAKE, self._address, self._sockets)
            except OSError as error:
                logger.debug("an app is gone: {}", error)
                self._dismiss(app, gone=True)
            else:
                self._holder = app

    def _dismiss(self, app: socket.socket, *, gone: bool) -> None:
        self._selector.unregister(app)
        self._apps.remove(app)
        if app is self._holder:
            self._holder = None
        if app in self._waiting:
            self._waiting.remove(app)
        if not gone:
            try:
                send(app, NO, self._address)
            except OSError as error:
                logger.debug("an app is gone: {}", error)
        app.close()
