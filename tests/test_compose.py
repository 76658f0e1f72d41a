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
PORTS = {"CONNECT_HTTP_PORT", "CONNECT_RTC_PORTS"}


def compose() -> list[str]:
    """Give the command of Compose: Docker's plugin, or the program of its own that Debian has."""
    plugin = ["docker", "compose"]
    if shutil.which("docker") and subprocess.run([*plugin, "version"], capture_output=True).returncode == 0:
        return plugin
    assert shutil.which("docker-compose"), "there is no Compose: scripts/setup.sh test installs one"
    return ["docker-compose"]


def config(directory: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Have Compose read ``docker-compose.yml`` with the variables of an ``.env`` of that content."""
    env_file = directory / "compose.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    command = [*compose(), "--env-file", str(env_file), "--file", str(ROOT / "docker-compose.yml"), "config"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    """What Compose understands, with nothing given but what it requires."""
    done = config(tmp_path, REQUIRED)
    assert done.returncode == 0, done.stderr
    understood: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return understood


@pytest.mark.parametrize("name", REQUIRED)
def test_nothing_starts_without_what_only_the_operator_knows(tmp_path: Path, name: str) -> None:
    done = config(tmp_path, {**REQUIRED, name: ""})
    assert done.returncode != 0
    assert name in done.stderr


def test_connect_starts_when_the_schema_is_up_to_date_and_the_others_are_healthy(services: dict[str, Any]) -> None:
    waits_for = {name: each["condition"] for name, each in services["connect"]["depends_on"].items()}
    assert waits_for == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }
    assert services["migrate"]["command"][-3:] == ["-m", "app", "migrate"]
    assert all("test" in services[name]["healthcheck"] for name in ("postgres", "redis"))


def test_only_media_is_open_to_the_world(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["connect"]
    text = (ROOT / "docker-compose.yml").read_text()
    published = re.findall(r'- "(.+):\d+/tcp"', text)
    assert published == ["127.0.0.1:${CONNECT_HTTP_PORT:-3000}"]


def test_each_worker_has_its_port(services: dict[str, Any]) -> None:
    environment = services["connect"]["environment"]
    first, last = re.findall(r"CONNECT_RTC_PORTS:-(\d+)-(\d+)", (ROOT / "docker-compose.yml").read_text())[0]
    assert environment["CONNECT_RTC_PORT"] == first
    assert int(last) - int(first) + 1 == int(environment["CONNECT_WORKERS"])


def test_the_settings_of_the_container_are_settings(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in services["connect"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    settings = Settings.from_environment()
    assert settings.database_url == "postgresql://connect:0123456789abcdef@postgres:5432/connect"
    assert not settings.open_rooms


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
