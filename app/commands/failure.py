"""How a command says that it could not do what it should."""


class CommandFailed(Exception):
    """The message is for the operator, who reads no traceback."""
