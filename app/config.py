"""
Settings of Connect, read once from environment variables with the prefix ``CONNECT_``. An empty one counts as unset.

The sidecar reads the same environment; what only it uses is checked here too, so that one command
(``python -m app check-settings``) vouches for all of it. ``docs/settings.md`` explains each variable.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from environs import Env, EnvError

from .checks import (
    is_host,
    is_ip,
    is_network,
    is_node_id,
    is_origin,
    is_rate,
    is_redis,
    is_secret_key,
    is_stun,
    is_turn,
    is_websocket,
)
from .kinds import Kind, flag, number, one_of, optional, path, port_range, seconds, share, some, some_of, text

PREFIX = "CONNECT_"

T = TypeVar("T")


class SettingsError(Exception):
    """The environment does not make valid settings; ``problems`` names every variable concerned."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def rate() -> Kind[str]:
    """How often something may be done."""
    return text(is_rate, "a count and a time, such as 10/minute or 100/5minutes")


def setting(default: T, kind: Kind[T], *, secret: bool = False) -> T:
    """
    Make a field of :class:`Settings` or :class:`Limits` that an environment variable sets.

    One that is, or may hold, a ``secret`` is shown neither in messages nor in logs.
    """
    value: T = field(default=default, repr=not secret, metadata={"kind": kind, "secret": secret})
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one client or one room may ask of the server."""

    max_message_size: int = setting(65_536, number(1_024, 1_048_576))
    max_rooms: int = setting(1_000, number(1, 1_000_000))
    max_peers_per_room: int = setting(100, number(1, 10_000))
    max_transports_per_peer: int = setting(8, number(1, 100))
    max_producers_per_peer: int = setting(16, number(1, 1_000))
    max_consumers_per_peer: int = setting(1_000, number(1, 100_000))
    max_data_producers_per_peer: int = setting(16, number(1, 1_000))
    max_data_consumers_per_peer: int = setting(1_000, number(1, 65_535))
    max_requests_in_flight: int = setting(32, number(1, 1_000))
    max_outgoing_queue: int = setting(1_000, number(10, 1_000_000))
    max_outgoing_bytes: int = setting(4_194_304, number(65_536, 1_073_741_824))
    max_name_length: int = setting(64, number(1, 1_000))
    max_body_size: int = setting(65_536, number(1_024, 16_777_216))
    max_rooms_per_user: int = setting(100, number(1, 100_000))
    max_members_per_room: int = setting(500, number(1, 100_000))
    max_api_keys_per_user: int = setting(20, number(1, 1_000))
    max_lobby: int = setting(50, number(1, 10_000))
    max_pipes_per_router: int = setting(8, number(1, 1_000))
    request_timeout_seconds: float = setting(10.0, seconds(0.1, 120))
    login_rate: str = setting("10/minute", rate())
    register_rate: str = setting("10/hour", rate())
    refresh_rate: str = setting("60/minute", rate())
    join_rate: str = setting("60/minute", rate())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator can set. Each field is the variable of its name with the prefix."""

    host: str = setting("127.0.0.1", text(is_host, "an IP address or host name"))
    port: int = setting(3_000, number(1, 65_535))
    # RUF009 fears a shared mutable default; a path is none.
    run_dir: Path = setting(Path("var/run"), path("a directory"))  # noqa: RUF009
    web_dir: Path = setting(Path("web/dist"), path("a directory"))  # noqa: RUF009
    public_url: str | None = setting(None, optional(text(is_origin, "such as https://calls.example.org")))
    allowed_origins: tuple[str, ...] = setting((), some(is_origin, "origins such as https://example.org, or *"))
    trusted_proxies: tuple[str, ...] = setting((), some(is_network, "IP addresses or networks"))

    database_url: str = setting(
        "sqlite:///var/connect.db",
        text(lambda value: value.startswith(("sqlite:///", "postgresql://")), "sqlite:///… or postgresql://…"),
        secret=True,
    )
    database_pool_size: int = setting(10, number(1, 200))
    database_timeout_seconds: float = setting(1.5, seconds(0.1, 30))
    redis_url: str | None = setting(None, optional(text(is_redis, "redis://…, rediss://… or unix://…")), secret=True)
    history_days: int = setting(90, number(0, 36_500))

    open_rooms: bool = setting(False, flag())
    registration: bool = setting(True, flag())
    duplicate_peers: str = setting("replace", one_of("replace", "reject"))
    secret_keys: tuple[str, ...] = setting(
        (), some(is_secret_key, "id:secret, each secret of 32 characters or more"), secret=True
    )
    # RUF009 fears a shared mutable default; a path is none.
    secret_keys_file: Path = setting(Path("var/secret-keys"), path("a file"))  # noqa: RUF009
    access_token_seconds: int = setting(900, number(60, 86_400))
    refresh_token_days: int = setting(30, number(1, 3_650))
    room_token_seconds: int = setting(21_600, number(60, 604_800))

    workers: int = setting(0, number(0, 1_024))
    rtc_ip: str = setting("127.0.0.1", text(is_ip, "an IP address"))
    announced_address: str | None = setting(None, optional(text(is_host, "an IP address or host name")))
    rtc_port: int = setting(40_000, number(1, 65_535))
    plain_networks: tuple[str, ...] = setting((), some(is_network, "IP addresses or networks"))
    plain_ports: tuple[int, int] = setting((21_000, 21_999), port_range())
    initial_outgoing_bitrate: int = setting(1_000_000, number(50_000, 100_000_000))
    max_incoming_bitrate: int = setting(5_000_000, number(100_000, 1_000_000_000))
    empty_room_seconds: float = setting(30.0, seconds(0, 86_400))
    session_grace_seconds: float = setting(30.0, seconds(0, 3_600))
    rebuild_seconds: float = setting(60.0, seconds(1, 3_600))

    worker_max_cpu: float = setting(0.8, share())
    worker_max_consumers: int = setting(2_000, number(1, 1_000_000))

    node_id: str | None = setting(None, optional(text(is_node_id, "letters, digits and . _ -, at most 63")))
    node_region: str | None = setting(None, optional(text(is_node_id, "letters, digits and . _ -, at most 63")))
    node_url: str | None = setting(None, optional(text(is_websocket, "such as wss://node1.example.org/ws")))
    node_media_ip: str | None = setting(None, optional(text(is_ip, "an IP address")))
    node_media_address: str | None = setting(None, optional(text(is_ip, "an IP address")))
    node_media_ports: tuple[int, int] = setting((20_000, 20_999), port_range())
    node_lease_seconds: float = setting(4.0, seconds(1, 60))

    stun_urls: tuple[str, ...] = setting((), some(is_stun, "such as stun:stun.example.org:3478"))
    turn_urls: tuple[str, ...] = setting((), some(is_turn, "such as turn:turn.example.org:3478?transport=udp"))
    turn_secrets: tuple[str, ...] = setting(
        (), some(lambda value: 16 <= len(value) <= 256, "secrets of 16 characters or more"), secret=True
    )
    turn_seconds: int = setting(3_600, number(60, 86_400))

    log_level: str = setting("info", one_of("debug", "info", "warning", "error"))
    log_format: str = setting("auto", one_of("auto", "human", "json"))
    worker_log_level: str = setting("warn", one_of("debug", "warn", "error", "none"))
    worker_log_tags: tuple[str, ...] = setting(
        ("info", "ice", "dtls", "rtp", "srtp", "rtcp"),
        some_of(
            *("info", "ice", "dtls", "rtp", "srtp", "rtcp", "rtx", "bwe", "score", "simulcast", "svc"),
            *("sctp", "message"),
        ),
    )

    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls) -> Settings:
        """
        Read the settings from this process's environment.

        :raises SettingsError: a variable is unknown or its value not allowed; all of them are named
        """
        problems = list(_unknown_variables())
        limits = _read(Limits, problems)
        values = _read(cls, problems)
        if not problems:
            settings = cls(limits=Limits(**limits), **values)
            problems.extend(settings._contradictions())
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def pipe_ip(self) -> str:
        """The address of this machine at which workers take media from other nodes."""
        return self.node_media_ip or self.rtc_ip

    @property
    def pipe_address(self) -> str:
        """The address to which other nodes send it."""
        announced = self.announced_address
        if self.node_media_address or self.node_media_ip or announced is None or not is_ip(announced):
            return self.node_media_address or self.pipe_ip
        return announced

    def _contradictions(self) -> Iterator[str]:
        """Say which values are fine in themselves but not together."""
        if ipaddress.ip_address(self.rtc_ip).is_unspecified and self.announced_address is None:
            yield (
                f"CONNECT_RTC_IP: {self.rtc_ip!r} is no address that clients can reach; set "
                "CONNECT_ANNOUNCED_ADDRESS to the one they use, or name one interface"
            )
        if self.redis_url and ipaddress.ip_address(self.pipe_address).is_unspecified:
            yield (
                f"CONNECT_NODE_MEDIA_ADDRESS: {self.pipe_address!r}, which comes of other settings, is no address that "
                "other nodes can reach; set it to the one they use"
            )
        workers = self.workers or os.cpu_count() or 1
        last_port = self.rtc_port + workers - 1
        if last_port > 65_535:
            yield f"CONNECT_RTC_PORT: {self.rtc_port} leaves no port for each of {workers} workers"
        # A single node uses none of the first, and who names no networks none of the second.
        ranges = (
            ("CONNECT_NODE_MEDIA_PORTS", self.node_media_ports, self.redis_url),
            ("CONNECT_PLAIN_PORTS", self.plain_ports, self.plain_networks),
        )
        for name, (first, last), used in ranges:
            if used and first <= last_port and self.rtc_port <= last:
                yield f"{name}: {first}-{last} has ports that clients use, {self.rtc_port}-{last_port}"
        if bool(self.turn_urls) != bool(self.turn_secrets):
            yield "CONNECT_TURN_URLS and CONNECT_TURN_SECRETS: one is of no use without the other"
        ids = [each.partition(":")[0] for each in self.secret_keys]
        if len(ids) != len(set(ids)):
            yield "CONNECT_SECRET_KEYS: two keys have the same id"
        longest = len(os.fsencode(self.run_dir.absolute() / "worker-1024.sock"))
        if longest > 107:
            yield f"CONNECT_RUN_DIR: {str(self.run_dir)!r} is too long for Unix sockets in it"


def variables() -> dict[str, Field[Any]]:
    """All variables by name, each with the field that it sets."""
    return {
        variable_name(each): each for owner in (Settings, Limits) for each in fields(owner) if "kind" in each.metadata
    }


def variable_name(of: Field[Any]) -> str:
    """The environment variable that sets a field."""
    return PREFIX + of.name.upper()


def _unknown_variables() -> Iterator[str]:
    known = [name.removeprefix(PREFIX) for name in variables()]
    for name in sorted(os.environ):
        given = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and given not in known:
            likely = difflib.get_close_matches(given, known, n=1)
            yield f"{name}: no such setting" + (f"; is {PREFIX}{likely[0]} meant?" if likely else "")


def _read(owner: type[Any], problems: list[str]) -> dict[str, Any]:
    """Read the variables of ``owner``'s fields; what is wrong goes to ``problems``."""
    env = Env()
    values: dict[str, Any] = {}
    for each in fields(owner):
        if "kind" not in each.metadata:
            continue
        name, kind = variable_name(each), each.metadata["kind"]
        values[each.name] = each.default
        if not os.environ.get(name):
            continue
        try:
            values[each.name] = kind.read(env, name, each.default)
        except EnvError:
            given = "its value" if each.metadata["secret"] else repr(os.environ[name])
            problems.append(f"{name}: {given} is not allowed; allowed: {kind.allowed}")
    return values
