"""Tokens as somebody with bad intentions, or a bug, would make them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from app.auth.secret_keys import SecretKeys

#: The keys of a deployment that rotates: "new" signs, "old" is still good.
KEYS = SecretKeys({"new": "n" * 32, "old": "o" * 32})
#: Times that JSON can say but that are none, or none that a calendar has.
NO_TIMES: tuple[Any, ...] = ("4102444800", None, True, [], {}, float("nan"), float("inf"), -1e300, 1e20, 10**400)
#: Anything that JSON can say.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def forge(claims: object, key: bytes, header: object) -> str:
    """Make a token of any header and claims, signed as HS256 does whatever the header says."""
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{encode(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def segment(value: object) -> str:
    """One part of a token."""
    return encode(json.dumps(value).encode())


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def soon() -> int:
    """A time at which a token made now would expire; later than any test run."""
    return int(time.time()) + 86_400


def without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """All values but one."""
    return {key: value for key, value in values.items() if key != name}
