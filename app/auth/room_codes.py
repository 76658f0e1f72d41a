"""Room codes: the public names of rooms, of the form ``abcd-efgh-ijkl``, easy to say and impossible to guess."""

from __future__ import annotations

import re
import secrets

#: No vowels, so that no words come up; no l, which looks like 1 and I.
LETTERS = "bcdfghjkmnpqrstvwxyz"
_CODE = re.compile(rf"[{LETTERS}]{{4}}(-[{LETTERS}]{{4}}){{2}}")
# Runs that read as something rude even without vowels, in the languages that users are likely to have.
_RUDE = re.compile(
    "bstrd|btch|ccks|cnt|cvnt|dck|dyk|fck|fgg|fgt|fkk|fvck|gyp|htlr|jzz|kkk|kvnt|kys|mrd|ngg|ngr|nsdp|nzs|phck|pns|pnz"
    "|prck|prn|pss|ptn|rtrd|scks|sht|stfv|sxy|tts|twt|vgn|whr|wtf|xxx"
)


def new_room_code() -> str:
    """Make a code: one of 20¹², about 52 bits of chance."""
    while True:
        letters = "".join(secrets.choice(LETTERS) for _ in range(12))
        if not is_rude(letters):
            return "-".join((letters[:4], letters[4:8], letters[8:]))


def is_room_code(text: str) -> bool:
    """Whether ``text`` has the form of a code."""
    return _CODE.fullmatch(text) is not None


def is_rude(letters: str) -> bool:
    """Whether somebody would rather not read this aloud. The hyphens are taken out already: eyes skip them."""
    return _RUDE.search(letters) is not None
