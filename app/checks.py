"""What texts of the environment must be like, for :mod:`app.config`."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit


def is_ip(value: str) -> bool:
    """Whether this is an IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def is_host(value: str) -> bool:
    """Whether this is an IP address or a host name."""
    label = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
    return is_ip(value) or (len(value) <= 253 and re.fullmatch(rf"{label}(\.{label})*\.?", value) is not None)


def is_network(value: str) -> bool:
    """Whether this is an IP address, or a network of them."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def is_origin(value: str) -> bool:
    """Whether a page may have this origin; ``*`` stands for any."""
    parts = urlsplit(value)
    bare = parts._replace(scheme="", netloc="") == ("", "", "", "", "")
    return value == "*" or (parts.scheme in ("http", "https") and bool(parts.hostname) and bare)


def is_websocket(value: str) -> bool:
    """Whether a websocket may be there."""
    parts = urlsplit(value)
    bare = parts._replace(scheme="", netloc="", path="") == ("", "", "", "", "")
    return parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.path not in ("", "/") and bare


def is_node_id(value: str) -> bool:
    """Whether a node may be called that."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", value) is not None


def is_redis(value: str) -> bool:
    """Whether Redis may be there."""
    return value.startswith(("redis://", "rediss://", "unix://"))


def is_stun(value: str) -> bool:
    """Whether this names a STUN server."""
    return re.fullmatch(r"stuns?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?", value) is not None


def is_turn(value: str) -> bool:
    """Whether this names a TURN server."""
    pattern = r"turns?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?"
    return re.fullmatch(pattern, value) is not None


def is_rate(value: str) -> bool:
    """Whether this is a count and a time."""
    return re.fullmatch(r"[1-9]\d{0,5}/(\d{1,4} ?)?(second|minute|hour|day)s?", value) is not None


def is_secret_key(value: str) -> bool:
    """Whether this is an id, a colon and a secret that is long enough."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,32}:\S{32,256}", value) is not None
