from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest

from app.config import Limits, Settings, SettingsError, variables

DOCS = Path(__file__).parents[1] / "docs/settings.md"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("CONNECT_"):
            monkeypatch.delenv(name)
    return monkeypatch


def problems() -> list[str]:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment()
    return raised.value.problems


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment() == Settings()


def test_every_variable_reaches_its_field(environment: pytest.MonkeyPatch) -> None:
    given: dict[str, tuple[str, Any]] = {
        "HOST": ("0.0.0.0", "0.0.0.0"),
        "PORT": ("8080", 8080),
        "RUN_DIR": ("/run/connect", Path("/run/connect")),
        "WEB_DIR": ("/srv/web", Path("/srv/web")),
        "DATABASE_URL": ("sqlite:///x.db", "sqlite:///x.db"),
        "PUBLIC_URL": ("https://calls.example.org", "https://calls.example.org"),
        "ALLOWED_ORIGINS": (
            "https://a.example, http://b.example:8080",
            ("https://a.example", "http://b.example:8080"),
        ),
        "TRUSTED_PROXIES": ("10.0.0.0/8,::1", ("10.0.0.0/8", "::1")),
        "DATABASE_POOL_SIZE": ("3", 3),
        "DATABASE_TIMEOUT_SECONDS": ("2.5", 2.5),
        "REDIS_URL": ("redis://cache/1", "redis://cache/1"),
        "HISTORY_DAYS": ("0", 0),
        "OPEN_ROOMS": ("true", True),
        "REGISTRATION": ("false", False),
        "DUPLICATE_PEERS": ("reject", "reject"),
        "SECRET_KEYS": (f"new:{'n' * 32},old:{'o' * 40}", (f"new:{'n' * 32}", f"old:{'o' * 40}")),
        "SECRET_KEYS_FILE": ("/srv/keys", Path("/srv/keys")),
        "ACCESS_TOKEN_SECONDS": ("60", 60),
        "REFRESH_TOKEN_DAYS": ("7", 7),
        "ROOM_TOKEN_SECONDS": ("600", 600),
        "WORKERS": ("4", 4),
        "RTC_IP": ("::1", "::1"),
        "ANNOUNCED_ADDRESS": ("media.example.org", "media.example.org"),
        "RTC_PORT": ("41000", 41000),
        "PLAIN_NETWORKS": ("127.0.0.0/8, 2001:db8::1", ("127.0.0.0/8", "2001:db8::1")),
        "PLAIN_PORTS": ("21100-21199", (21_100, 21_199)),
        "INITIAL_OUTGOING_BITRATE": ("600000", 600_000),
        "MAX_INCOMING_BITRATE": ("900000", 900_000),
        "EMPTY_ROOM_SECONDS": ("1.5", 1.5),
        "SESSION_GRACE_SECONDS": ("0.5", 0.5),
        "REBUILD_SECONDS": ("5", 5.0),
        "WORKER_MAX_CPU": ("0.5", 0.5),
        "WORKER_MAX_CONSUMERS": ("500", 500),
        "NODE_ID": ("node-1", "node-1"),
        "NODE_REGION": ("eu", "eu"),
        "NODE_URL": ("wss://node1.example.org/ws", "wss://node1.example.org/ws"),
        "NODE_MEDIA_IP": ("10.0.0.1", "10.0.0.1"),
        "NODE_MEDIA_ADDRESS": ("192.0.2.1", "192.0.2.1"),
        "NODE_MEDIA_PORTS": ("20100-20199", (20_100, 20_199)),
        "NODE_LEASE_SECONDS": ("1.5", 1.5),
        "STUN_URLS": ("stun:stun.example.org", ("stun:stun.example.org",)),
        "TURN_URLS": (
            "turn:turn.example.org:3478?transport=udp,turns:[2001:db8::1]:5349",
            ("turn:turn.example.org:3478?transport=udp", "turns:[2001:db8::1]:5349"),
        ),
        "TURN_SECRETS": ("0123456789abcdef,fedcba9876543210", ("0123456789abcdef", "fedcba9876543210")),
        "TURN_SECONDS": ("600", 600),
        "LOG_LEVEL": ("debug", "debug"),
        "LOG_FORMAT": ("json", "json"),
        "WORKER_LOG_LEVEL": ("none", "none"),
        "WORKER_LOG_TAGS": ("ice, dtls", ("ice", "dtls")),
    }
    for name, (text, _) in given.items():
        environment.setenv(f"CONNECT_{name}", text)
    limits: dict[str, Any] = {
        name: "7/2minutes" if isinstance(value, str) else value - 1
        for name, value in dataclasses.asdict(Limits()).items()
    }
    for name, value in limits.items():
        environment.setenv(f"CONNECT_{name.upper()}", str(value))

    settings = Settings.from_environment()

    assert {f"CONNECT_{name}" for name in given} | {f"CONNECT_{name.upper()}" for name in limits} == set(variables())
    for name, (_, value) in given.items():
        assert getattr(settings, name.lower()) == value
    assert dataclasses.asdict(settings.limits) == limits


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    for name in variables():
        environment.setenv(name, "")
    assert Settings.from_environment() == Settings()


def test_all_problems_are_named_at_once_with_what_is_allowed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_PORT", "http")
    environment.setenv("CONNECT_LOG_LEVEL", "loud")
    environment.setenv("CONNECT_MAX_PEERS_PER_ROOM", "0")
    environment.setenv("CONNECT_WORKER_LOG_TAGS", "ice,snow")
    text = "\n".join(problems())
    assert "CONNECT_PORT: 'http' is not allowed; allowed: 1 to 65535" in text
    assert "CONNECT_LOG_LEVEL: 'loud' is not allowed; allowed: debug, info, warning, error" in text
    assert "CONNECT_MAX_PEERS_PER_ROOM: '0' is not allowed; allowed: 1 to 10000" in text
    assert "CONNECT_WORKER_LOG_TAGS: 'ice,snow' is not allowed" in text
    assert len(problems()) == 4


def test_a_mistyped_name_is_refused_and_the_likely_one_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_ANOUNCED_ADDRESS", "192.0.2.1")
    environment.setenv("CONNECT_XYZZY", "1")
    assert problems() == [
        "CONNECT_ANOUNCED_ADDRESS: no such setting; is CONNECT_ANNOUNCED_ADDRESS meant?",
        "CONNECT_XYZZY: no such setting",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("EMPTY_ROOM_SECONDS", "nan"),
        ("EMPTY_ROOM_SECONDS", "-1"),
        ("RTC_IP", "localhost"),
        ("HOST", "two words"),
        ("ANNOUNCED_ADDRESS", "-example.org"),
        ("WORKER_LOG_TAGS", "ice,"),
        ("PUBLIC_URL", "calls.example.org"),
        ("PUBLIC_URL", "https://calls.example.org/path"),
        ("ALLOWED_ORIGINS", "https://a.example,b.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("STUN_URLS", "turn:turn.example.org"),
        ("TURN_URLS", "turn.example.org"),
        ("OPEN_ROOMS", "perhaps"),
        ("LOGIN_RATE", "often"),
        ("JOIN_RATE", "0/minute"),
        ("WORKER_MAX_CPU", "80"),
        ("NODE_ID", "node/1"),
        ("NODE_URL", "https://node1.example.org/ws"),
        ("NODE_URL", "wss://node1.example.org"),
        ("NODE_URL", "wss://node1.example.org/ws?a=b"),
        ("NODE_MEDIA_ADDRESS", "node1.example.org"),
        ("NODE_MEDIA_PORTS", "20100"),
        ("NODE_MEDIA_PORTS", "20199-20100"),
        ("NODE_MEDIA_PORTS", "20000-70000"),
        ("PLAIN_NETWORKS", "10.0.0.0/8,10.0.0.1/8"),
        ("PLAIN_NETWORKS", "localhost"),
        ("PLAIN_PORTS", "0-21999"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"CONNECT_{name}", value)
    (problem,) = problems()
    assert problem.startswith(f"CONNECT_{name}: {value!r} is not allowed")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "mysql://root:pass@db/x"), ("SECRET_KEYS", "first:pass"), ("REDIS_URL", "http://:pass@cache")],
)
def test_a_secret_is_shown_neither_in_a_message_nor_in_a_log(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(f"CONNECT_{name}", value)
    (problem,) = problems()
    assert problem.startswith(f"CONNECT_{name}: its value is not allowed")
    assert "pass" not in problem
    assert "s3cret" not in repr(dataclasses.replace(Settings(), secret_keys=("a:s3cret",), redis_url="s3cret"))


def test_two_secret_keys_of_one_id_are_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_SECRET_KEYS", f"a:{'x' * 32},a:{'y' * 32}")
    assert problems() == ["CONNECT_SECRET_KEYS: two keys have the same id"]


def test_turn_servers_and_their_secret_need_each_other(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_TURN_URLS", "turn:turn.example.org")
    (problem,) = problems()
    assert problem.startswith("CONNECT_TURN_URLS and CONNECT_TURN_SECRETS")


def test_an_address_for_all_interfaces_needs_one_to_announce(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_RTC_IP", "0.0.0.0")
    (problem,) = problems()
    assert "CONNECT_ANNOUNCED_ADDRESS" in problem
    environment.setenv("CONNECT_ANNOUNCED_ADDRESS", "192.0.2.1")
    assert Settings.from_environment().announced_address == "192.0.2.1"


def test_there_must_be_a_port_for_each_worker(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_WORKERS", "4")
    environment.setenv("CONNECT_RTC_PORT", "65532")
    assert Settings.from_environment().rtc_port == 65_532
    environment.setenv("CONNECT_RTC_PORT", "65533")
    (problem,) = problems()
    assert problem.startswith("CONNECT_RTC_PORT: 65533")


def test_a_run_directory_must_be_short_enough_for_sockets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_RUN_DIR", "/" + "d" * 100)
    (problem,) = problems()
    assert problem.startswith("CONNECT_RUN_DIR")


def test_other_nodes_send_media_where_clients_do_unless_it_is_said_otherwise() -> None:
    settings = Settings(rtc_ip="10.0.0.1")
    assert (settings.pipe_ip, settings.pipe_address) == ("10.0.0.1", "10.0.0.1")
    settings = dataclasses.replace(settings, announced_address="192.0.2.1")
    assert (settings.pipe_ip, settings.pipe_address) == ("10.0.0.1", "192.0.2.1")
    settings = dataclasses.replace(settings, node_media_ip="10.1.0.1")
    assert (settings.pipe_ip, settings.pipe_address) == ("10.1.0.1", "10.1.0.1")
    settings = dataclasses.replace(settings, node_media_address="192.0.2.2")
    assert (settings.pipe_ip, settings.pipe_address) == ("10.1.0.1", "192.0.2.2")


def test_other_nodes_need_an_address_that_they_can_reach(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_RTC_IP", "0.0.0.0")
    environment.setenv("CONNECT_ANNOUNCED_ADDRESS", "media.example.org")
    assert Settings.from_environment().redis_url is None
    environment.setenv("CONNECT_REDIS_URL", "redis://cache")
    (problem,) = problems()
    assert problem.startswith("CONNECT_NODE_MEDIA_ADDRESS: '0.0.0.0'")
    environment.setenv("CONNECT_NODE_MEDIA_ADDRESS", "192.0.2.1")
    assert Settings.from_environment().pipe_address == "192.0.2.1"


def test_clients_and_other_nodes_have_different_ports(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_WORKERS", "4")
    environment.setenv("CONNECT_NODE_MEDIA_PORTS", "40003-40100")
    # There are no other nodes.
    assert Settings.from_environment().node_media_ports == (40_003, 40_100)
    environment.setenv("CONNECT_REDIS_URL", "redis://cache")
    environment.setenv("CONNECT_NODE_MEDIA_ADDRESS", "192.0.2.1")
    (problem,) = problems()
    assert problem == "CONNECT_NODE_MEDIA_PORTS: 40003-40100 has ports that clients use, 40000-40003"
    environment.setenv("CONNECT_NODE_MEDIA_PORTS", "40004-40100")
    assert Settings.from_environment().node_media_ports == (40_004, 40_100)


def test_what_takes_plain_rtp_has_ports_that_other_clients_do_not_use(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONNECT_WORKERS", "4")
    environment.setenv("CONNECT_PLAIN_PORTS", "39000-40000")
    # Nothing does.
    assert Settings.from_environment().plain_ports == (39_000, 40_000)
    environment.setenv("CONNECT_PLAIN_NETWORKS", "10.0.0.0/8")
    (problem,) = problems()
    assert problem == "CONNECT_PLAIN_PORTS: 39000-40000 has ports that clients use, 40000-40003"


def test_the_docs_list_every_variable_with_its_default_and_what_is_allowed() -> None:
    rows = re.findall(r"^\| `(CONNECT_\w+)` \| (.*?) \| (.*?) \|", DOCS.read_text(), re.MULTILINE)
    documented = {name: (default, allowed) for name, default, allowed in rows}
    assert len(documented) == len(rows)
    assert documented == {
        name: (_as_text(each.default), each.metadata["kind"].allowed.replace("|", "\\|"))
        for name, each in variables().items()
    }


def _as_text(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if default in (Settings().node_media_ports, Settings().plain_ports):
        return "`{}-{}`".format(*default)
    if isinstance(default, tuple):
        return "none" if not default else f"`{','.join(default)}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
