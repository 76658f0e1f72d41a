"""
Errors raised by :mod:`app.mediasoup`: whose fault each is, and whether it is worth trying again.

* :exc:`MediasoupError`
    * :exc:`InvalidValueError`: the caller's, or its client's, and the message names the field; only with another value
    * :exc:`NotFoundError`: nobody's, no object has that id or it has just closed; no
    * :exc:`InvalidStateError`: the caller's, the object or one that owns it is closed; no
    * :exc:`UnsupportedError`: nobody's, there is no codec in common or the operation makes no sense here; no
    * :exc:`~app.mediasoup.channel.fbs.SchemaError`: the installation's, the schema files can't be read; no
    * :exc:`ChannelError`
        * :exc:`WorkerStartError`: the installation's, the worker could not be started or reached; once that is mended
        * :exc:`ChannelClosedError`: the worker's, it went away or is going; with another worker
        * :exc:`ChannelFullError`: nobody's, too much waits for the worker; yes, later
        * :exc:`RequestTimeoutError`: the worker's, it did not answer in time; yes
        * :exc:`RequestRefusedError`: of whoever chose the values, the worker says no; if the cause can pass
        * :exc:`MalformedMessageError`: the worker's, it sent bytes that can't be read; does not reach callers
"""


class MediasoupError(Exception):
    """Base of all errors of the library."""


class InvalidValueError(MediasoupError, ValueError):
    """
    What the caller gave is wrong.

    ``path`` names the field, such as ``codecs[0].payload_type``; the message starts with it.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class NotFoundError(MediasoupError, LookupError):
    """No object with that id is known here."""


class InvalidStateError(MediasoupError):
    """The object, or one that owns it, is closed."""


class UnsupportedError(MediasoupError):
    """The two sides have no codec in common, or the operation makes no sense for this object."""


class ChannelError(MediasoupError):
    """Something between this process and the worker went wrong."""


class WorkerStartError(ChannelError):
    """The worker process could not be started, or ended before it was ready."""


class ChannelClosedError(ChannelError):
    """The worker went away, or is going."""


class ChannelFullError(ChannelError):
    """Too many requests wait for an answer of the worker."""


class RequestTimeoutError(ChannelError, TimeoutError):
    """The worker did not answer in time."""


class RequestRefusedError(ChannelError):
    """
    The worker answered a request with an error.

    ``error`` is the worker's own name for it (``Error``, ``TypeError``, ``NotFoundError``) and ``reason`` its text.
    """

    def __init__(self, method: str, error: str, reason: str) -> None:
        super().__init__(f"{method}: {reason or error}")
        self.method = method
        self.error = error
        self.reason = reason


class MalformedMessageError(ChannelError):
    """The worker sent bytes that can't be read."""
