"""Which words are worth nothing any more after a while."""

from __future__ import annotations

from app.rtc.words import Reacted, Sent

# The tag is the first thing in a word.
_BEGINNINGS = tuple(b'{"word":"%b"' % str(kind.__struct_config__.tag).encode() for kind in (Reacted, Sent))


def is_passing(word: bytes) -> bool:
    """Tell whether a word is for the moment: a reaction, or a message. Others are to be done, however late."""
    return word.startswith(_BEGINNINGS)
