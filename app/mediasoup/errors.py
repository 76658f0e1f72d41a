"""
Errors raised by :mod:`app.mediasoup`.

* :exc:`MediasoupError`
    * :exc:`InvalidValueError`: what the caller gave is wrong; the message names the field
    * :exc:`NotFoundError`: no object with that id
    * :exc:`InvalidStateError`: the object, or one that owns it, is closed
    * :exc:`UnsupportedError`: the two sides have no codec in common, or the operation makes no sense here
    * :exc:`~app.mediasoup.channel.fbs.SchemaError`: the schema files can't be read
    * :exc:`ChannelError`
        * :exc:`WorkerStartError`: the worker process could not be started
        * :exc:`ChannelClosedError`: the worker went away, or is going
        * :exc:`ChannelFullError`: too many requests wait for an answer; try again later
        * :exc:`RequestTimeoutError`: the worker did not answer in time
        * :exc:`RequestRefusedError`: the worker answered with an error
        * :exc:`MalformedMessageError`: the worker sent bytes that can't be read
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
