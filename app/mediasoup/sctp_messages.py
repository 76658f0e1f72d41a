"""
Messages of data channels: text and bytes, and how SCTP tells one from the other.

Source: RFC 8831, sections 6.6 and 8.
"""

from __future__ import annotations

from typing import Any, Final

#: Payload protocol identifiers. SCTP can't carry an empty message, which is why that has one of its own.
STRING: Final = 51
BINARY: Final = 53
STRING_EMPTY: Final = 56
BINARY_EMPTY: Final = 57

#: What is sent in place of nothing; the receiver ignores it.
_PLACEHOLDERS: Final = {STRING_EMPTY: b" ", BINARY_EMPTY: b"\0"}


def message_to_table(message: str | bytes, ppid: int | None) -> dict[str, Any]:
    """
    Give the ``ppid`` and ``data`` of the worker's messages.

    Without ``ppid`` it is chosen by the type of ``message``, and by whether that is empty.
    """
    if ppid is None:
        if isinstance(message, str):
            ppid = STRING if message else STRING_EMPTY
        else:
            ppid = BINARY if message else BINARY_EMPTY
    data = message.encode() if isinstance(message, str) else message
    return {"ppid": ppid, "data": _PLACEHOLDERS.get(ppid, data)}
