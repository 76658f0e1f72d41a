#!/usr/bin/env python3
"""
A worker that can be made to say anything: the real one, with a relay between it and whoever started it.

The relay listens on the Unix socket ``BENCH_STORM_SOCKET``. A connection sends a count (32 bits, little-endian) and a
frame, then ends its side; the relay writes the frame so many times to the control plane, as if the worker had. It does
so between the chunks that it relays: what was asked for before must have been answered.

``BENCH_WORKER_BIN`` is the real worker. It keeps the process that was started, since it says its own pid.
"""

import os
import selectors
import socket
import struct
import sys

FROM_CONTROL_PLANE, TO_CONTROL_PLANE = 3, 4
COUNT = struct.Struct("<I")
#: Bytes written at once, about what a busy worker leaves in the socket between two reads.
BURST = 16_384


def main() -> None:
    to_worker, worker_in = socket.socketpair()
    from_worker, worker_out = socket.socketpair()
    if os.fork() == 0:
        worker_in.close()
        worker_out.close()
        _relay(to_worker.fileno(), from_worker.fileno())
        return
    os.dup2(worker_in.fileno(), FROM_CONTROL_PLANE)
    os.dup2(worker_out.fileno(), TO_CONTROL_PLANE)
    worker = os.environ["BENCH_WORKER_BIN"]
    os.execv(worker, [worker, *sys.argv[1:]])


def _relay(to_worker: int, from_worker: int) -> None:
    """Relay until one side ends, which ends the other."""
    storms = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    storms.bind(os.environ["BENCH_STORM_SOCKET"])
    storms.listen()
    ways = {FROM_CONTROL_PLANE: to_worker, from_worker: TO_CONTROL_PLANE}
    with selectors.DefaultSelector() as selector:
        for source in (*ways, storms.fileno()):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == storms.fileno():
                    _storm(storms.accept()[0])
                    continue
                data = os.read(key.fd, 65_536)
                if not data:
                    return
                _write(ways[key.fd], data)


def _storm(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as stream:
        (count,) = COUNT.unpack(stream.read(COUNT.size))
        frames = stream.read()
        burst = max(1, BURST // len(frames))
        for sent in range(0, count, burst):
            _write(TO_CONTROL_PLANE, frames * min(burst, count - sent))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main()
