from __future__ import annotations

import os
import subprocess
import sys

import pytest

import app
from app import cli
from app.config import Settings

from .conftest import ROOT


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, logging_as_before: None) -> pytest.MonkeyPatch:
    """An environment without settings of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("CONNECT_"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_it_serves_with_the_settings_of_the_environment(environment: pytest.MonkeyPatch, arguments: list[str]) -> None:
    served: list[Settings] = []

    def serve(settings: Settings) -> int:
        served.append(settings)
        return 0

    environment.setattr(cli, "run", serve)
    environment.setenv("CONNECT_PORT", "8080")
    assert cli.main(arguments) == 0
    assert [settings.port for settings in served] == [8080]


def test_check_settings_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check-settings"]) == 0
    assert capsys.readouterr().out == "all settings are fine\n"


@pytest.mark.parametrize("arguments", [[], ["serve"], ["check-settings"], ["migrate"], ["list-rooms"]])
def test_wrong_settings_are_named_and_end_with_2(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    environment.setenv("CONNECT_PORT", "http")
    environment.setenv("CONNECT_PROT", "80")
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.splitlines() == [
        "CONNECT_PROT: no such setting; is CONNECT_PORT meant?",
        "CONNECT_PORT: 'http' is not allowed; allowed: 1 to 65535",
    ]


def test_an_unknown_command_ends_with_2_and_help_with_0() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dance"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("command", [command.name for command in cli.COMMANDS])
def test_each_command_says_what_it_does(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == app.__version__
