"""The app's side: gets the listening sockets from wherever they are, and stays in touch with the listener."""

from __future__ import annotations

import asyncio
import errno
import socket
import time

from loguru import logger

from .messages import HAVE, NO, TAKE, WANT, connect, receive, send
from .sockets import Address, bind, close_all, inherited

#: Seconds that the listener has to give its sockets: it waits for an app that is going down.
PATIENCE = 2.0
#: Seconds between tries to get an address that is in use, and to find a listener that was not there.
RETRY_EVERY, LOOK_EVERY = 0.05, 0.3


class Lease:
    """The sockets of one app, from :meth:`open` to :meth:`close`; after that the next app may have them."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []
        #: As long as it lasts, the listener knows that the sockets are ours.
        self._listener: socket.socket | None = None
        self._staying_in_touch: asyncio.Task[None] | None = None

    async def open(self) -> list[socket.socket]:
        """
        Give the sockets: those that this process inherited, else the listener's, else some of our own.

        :raises OSError: the address can't be listened at, or another app has it
        """
        self._sockets = inherited()
        if self._sockets:
            return self._sockets
        self._sockets = await asyncio.to_thread(self._obtain)
        self._staying_in_touch = asyncio.create_task(self._stay_in_touch(), name="listener")
        return self._sockets

    async def close(self) -> None:
        """Let others have the sockets. Nobody may accept on them any more."""
        if self._staying_in_touch is not None:
            self._staying_in_touch.cancel()
            await asyncio.gather(self._staying_in_touch, return_exceptions=True)
        close_all(self._sockets)
        self._part()

    def _obtain(self) -> list[socket.socket]:
        give_up_at = time.monotonic() + PATIENCE
        while True:
            if sockets := self._ask():
                return sockets
            try:
                return bind(self._address)
            except OSError as error:
                # In use by a listener that comes up, or goes down?
                is_ours = error.errno == errno.EADDRINUSE and self._address.listener.exists()
                if not is_ours or time.monotonic() > give_up_at:
                    raise
            time.sleep(RETRY_EVERY)

    def _ask(self) -> list[socket.socket]:
        """Ask the listener; nothing when there is none, or it listens elsewhere."""
        try:
            connection = connect(self._address, timeout=PATIENCE)
        except OSError:
            return []
        try:
            send(connection, WANT, self._address)
            word, sockets = receive(connection, self._address)
        except TimeoutError:
            connection.close()
            raise OSError(errno.EADDRINUSE, "the listener has lent its sockets to another app") from None
        except OSError as error:
            logger.debug("the listener is gone: {}", error)
            word, sockets = b"", []
        if word == TAKE:
            self._listener = connection
            return sockets
        close_all(sockets)
        connection.close()
        return []

    async def _stay_in_touch(self) -> None:
        """Offer the sockets to each listener that comes: the next app is to get them from there."""
        while True:
            if self._listener is None:
                self._offer()
            elif await self._is_refused(self._listener):
                return
            else:
                logger.debug("the listener is gone")
                self._part()
            await asyncio.sleep(LOOK_EVERY)

    def _offer(self) -> None:
        try:
            # Not to be waited for: a listener that can't be reached at once is none.
            connection = connect(self._address, timeout=0)
        except OSError:
            return
        try:
            send(connection, HAVE, self._address, self._sockets)
        except OSError as error:
            logger.debug("the listener is gone: {}", error)
            connection.close()
        else:
            self._listener = connection

    async def _is_refused(self, listener: socket.socket) -> bool:
        """Wait for the end of a connection; say whether the listener wants to have nothing to do with us."""
        listener.setblocking(False)
        try:
            said = await asyncio.get_running_loop().sock_recv(listener, 64)
        except OSError as error:
            logger.debug("the listener is gone: {}", error)
            return False
        if said.startswith(NO):
            logger.warning("the listener has another address, and won't keep {} while this app restarts", self._address)
            self._part()
            return True
        return False

    def _part(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
