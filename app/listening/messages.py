"""What app and listener say to each other: a word, and sockets with some."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from .sockets import MAX_SOCKETS, Address

#: From the app, with an address: it needs the sockets, or it has them (and sends them along).
WANT, HAVE = b"want", b"have"
#: From the listener: here they are, or: that is another address, or somebody else has them.
TAKE, NO = b"take", b"no"
#: Bytes of a message, at most.
MAX_MESSAGE = 1_024


def connect(address: Address, timeout: float | None) -> socket.socket:
    """Connect to the listener. Raises OSError when there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(timeout)
    try:
        connection.connect(str(address.listener))
    except BaseException:
        connection.close()
        raise
    return connection


def send(connection: socket.socket, word: bytes, address: Address, sockets: Sequence[socket.socket] = ()) -> None:
    """Say a word about an address, with sockets."""
    socket.send_fds(connection, [word + b" " + str(address).encode()], [each.fileno() for each in sockets])


def receive(connection: socket.socket, address: Address) -> tuple[bytes, list[socket.socket]]:
    """
    Give the next message's word and sockets: :data:`NO` if it is about another address, nothing if the other is gone.

    :raises TimeoutError: it did not come in the connection's time
    :raises OSError: the connection broke
    """
    message, descriptors, *_ = socket.recv_fds(connection, MAX_MESSAGE, MAX_SOCKETS)
    sockets = [socket.socket(fileno=each) for each in descriptors]
    for each in sockets:
        # Programs that this one starts would keep the address in use.
        each.set_inheritable(False)
    word, _, about = message.partition(b" ")
    return (NO if word and about != str(address).encode() else word), sockets
