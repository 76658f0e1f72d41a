from __future__ import annotations

import pytest

from tests.ports import free_port

from .conftest import Run


@pytest.mark.parametrize("command", ["drain", "undrain"])
def test_without_an_app_there_is_nothing_to_drain(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CONNECT_PORT", str(port := free_port()))
    done = run(command)
    assert done.code == 1
    assert done.err.startswith(f"{command}: Connect does not answer at http://127.0.0.1:{port}/api/admin/drain")


@pytest.mark.parametrize("deadline", ["soon", "-1", "86401", "1.5"])
def test_a_deadline_that_makes_no_sense_is_refused(run: Run, capsys: pytest.CaptureFixture[str], deadline: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("drain", "--deadline", deadline)
    assert ended.value.code == 2
    assert "argument --deadline" in capsys.readouterr().err
