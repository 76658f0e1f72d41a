"""What Compose makes of the container set-up, and whether that agrees with the rest. No engine is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import Settings, variables

from .conftest import ROOT

REQUIRED = {
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "CONNECT_SECRET_KEYS": "2026-11:0123456789abcdef0123456789abcdef",
    "CONNECT_PUBLIC_URL": "https://calls.example.org",
    "CONNECT_ANNOUNCED_ADDRESS": "203.0.113.7",
}
#: Of Compose alone: they say what is open on the machine, not what Connect does.
PORTS = {"CONNECT_HTTP_PORT"}
NODES = ("node1", "node2")
#: What a node on a machine of its own cannot do without.
OF_A_NODE = {
    "CONNECT_DATABASE_URL": "postgresql://connect:0123456789abcdef@db.example.org:5432/connect",
    "CONNECT_REDIS_URL": "rediss://:0123456789abcdef@redis.example.org:6379/0",
    "CONNECT_SECRET_KEYS": REQUIRED["CONNECT_SECRET_KEYS"],
    "CONNECT_PUBLIC_URL": REQUIRED["CONNECT_PUBLIC_URL"],
    "CONNECT_ANNOUNCED_ADDRESS": REQUIRED["CONNECT_ANNOUNCED_ADDRESS"],
    "CONNECT_TRUSTED_PROXIES": "10.0.0.2",
    "CONNECT_NODE_ID": "node1",
    "NODE_ADDRESS": "10.0.0.11",
}


def compose() -> list[str]:
    """Give the command of Compose: Docker's plugin, or the program of its own that Debian has."""
    plugin = ["docker", "compose"]
    if shutil.which("docker") and subprocess.run([*plugin, "version"], capture_output=True).returncode == 0:
        return plugin
    assert shutil.which("docker-compose"), "there is no Compose: scripts/setup.sh test installs one"
    return ["docker-compose"]


def config(
    directory: Path, given: dict[str, str], file: str = "docker-compose.yml"
) -> subprocess.CompletedProcess[str]:
    """Have Compose read a file of ours with the variables of an ``.env`` of that content."""
    env_file = directory / "compose.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    command = [*compose(), "--env-file", str(env_file), "--file", str(ROOT / file), "config"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60)


def understood(directory: Path, given: dict[str, str] = REQUIRED, file: str = "docker-compose.yml") -> dict[str, Any]:
    """Give what Compose understands: the services by their names."""
    done = config(directory, given, file)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What there is with nothing given but what is required. Compose takes a second to say so."""
    return understood(tmp_path_factory.mktemp("compose"))


def settings_of(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read the settings as the app does in that service."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in service["environment"].items():
        monkeypatch.setenv(name, str(value))
    return Settings.from_environment()


@pytest.mark.parametrize("name", REQUIRED)
def test_nothing_starts_without_what_only_the_operator_knows(tmp_path: Path, name: str) -> None:
    done = config(tmp_path, {**REQUIRED, name: ""})
    assert done.returncode != 0
    assert name in done.stderr


@pytest.mark.parametrize("node", NODES)
def test_nodes_start_when_the_schema_is_up_to_date_and_the_others_are_healthy(
    services: dict[str, Any], node: str
) -> None:
    waits_for = {name: each["condition"] for name, each in services[node]["depends_on"].items()}
    assert waits_for == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }
    assert services["migrate"]["command"][-3:] == ["-m", "app", "migrate"]
    assert all("test" in services[name]["healthcheck"] for name in ("postgres", "redis"))


def test_only_media_is_open_to_the_world(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["balancer", *NODES]
    text = (ROOT / "docker-compose.yml").read_text()
    published = re.findall(r'- "(.+):\d+/tcp"', text)
    assert published == ["127.0.0.1:${CONNECT_HTTP_PORT:-3000}"]


@pytest.mark.parametrize("node", NODES)
def test_each_worker_has_its_port(services: dict[str, Any], node: str) -> None:
    environment = services[node]["environment"]
    pattern = rf"{node.upper()}_RTC_PORTS:-(\d+)-(\d+)"
    first, last = re.findall(pattern, (ROOT / "docker-compose.yml").read_text())[0]
    assert environment["CONNECT_RTC_PORT"] == first
    assert int(last) - int(first) + 1 == int(environment["CONNECT_WORKERS"])


@pytest.mark.parametrize("node", NODES)
def test_the_settings_of_the_containers_are_settings(
    services: dict[str, Any], node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(services[node], monkeypatch)
    assert settings.database_url == "postgresql://connect:0123456789abcdef@postgres:5432/connect"
    assert not settings.open_rooms
    assert settings.node_id == node


def test_nodes_send_media_to_where_the_others_are(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {node: settings_of(services[node], monkeypatch).pipe_address for node in NODES}
    assert addresses == {node: services[node]["networks"]["default"]["ipv4_address"] for node in NODES}
    assert len(set(addresses.values())) == len(NODES)


def test_the_address_for_media_may_be_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = understood(tmp_path, {**REQUIRED, "CONNECT_ANNOUNCED_ADDRESS": "media.example.org"})
    for name in ("migrate", *NODES):
        assert settings_of(services[name], monkeypatch).announced_address == "media.example.org"


def test_nodes_have_addresses_of_their_own_for_clients_if_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {node: f"wss://calls.example.org/nodes/{node}/ws" for node in NODES}
    services = understood(tmp_path, {**REQUIRED, **{f"{node.upper()}_URL": url for node, url in urls.items()}})
    assert {node: settings_of(services[node], monkeypatch).node_url for node in NODES} == urls


def test_the_balancer_knows_all_nodes_and_no_others(services: dict[str, Any]) -> None:
    text = (ROOT / "deploy/haproxy.cfg").read_text()
    assert re.findall(r"^    server (\w+) \1:3000$", text, re.MULTILINE) == [*NODES]
    assert re.findall(r"^    server (\w+)-in-any-case \1:3000 no-check backup$", text, re.MULTILINE) == [*NODES]
    volume = services["balancer"]["volumes"][0]
    source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
    assert Path(source) == ROOT / "deploy/haproxy.cfg"


def test_nodes_believe_the_balancer_whose_request_it_is(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = settings_of(services["node1"], monkeypatch).trusted_proxies
    networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
    assert trusted == (networks["default"]["ipam"]["config"][0]["subnet"],)


def test_a_node_of_a_machine_of_its_own_does_not_start_without_what_it_needs(tmp_path: Path) -> None:
    required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "deploy/node.yml").read_text()))
    assert required == OF_A_NODE.keys()
    done = config(tmp_path, {**OF_A_NODE, "NODE_ADDRESS": ""}, "deploy/node.yml")
    assert done.returncode != 0
    assert "NODE_ADDRESS" in done.stderr


def test_a_node_of_a_machine_of_its_own_listens_only_to_its_own_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = understood(tmp_path, OF_A_NODE, "deploy/node.yml")["node"]
    settings = settings_of(node, monkeypatch)
    assert (settings.host, settings.pipe_address, settings.node_id) == ("10.0.0.11", "10.0.0.11", "node1")
    assert "http://10.0.0.11:3000/health/ready" in node["healthcheck"]["test"][-1]


def test_the_example_names_what_compose_reads() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    read = set(re.findall(r"\$\{(\w+)", text))
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == REQUIRED.keys()
    assert set(re.findall(r"^#?(\w+)=", example, re.MULTILINE)) <= read
    assert {name for name in read if name.startswith("CONNECT_")} - PORTS <= variables().keys()


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {name for names in copied for name in names.split()}
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert [name for name in sources if not (ROOT / name).exists() or name in ignored] == []
