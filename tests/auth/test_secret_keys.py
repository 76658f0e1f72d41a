from __future__ import annotations

import dataclasses
import multiprocessing
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.secret_keys import SecretKeys
from app.checks import is_secret_key
from app.config import Settings, SettingsError
from app.errors import InternalError

OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32


def keys_of(*each: str) -> SecretKeys:
    """The keys that a setting gives."""
    return SecretKeys.from_settings(dataclasses.replace(Settings(), secret_keys=each))


def keys_in(path: Path) -> SecretKeys:
    """The keys in a file."""
    return SecretKeys.from_settings(dataclasses.replace(Settings(), secret_keys_file=path))


def key_in(path: Path) -> bytes:
    """What a process has that starts with this file. Top-level, so that another process can call it."""
    (key,) = keys_in(path).derive(b"tests").values()
    return key


def problem(path: Path) -> str:
    """Say what is wrong with a file; the message must begin with which."""
    with pytest.raises(SettingsError) as caught:
        keys_in(path)
    message = str(caught.value)
    assert message.startswith(f"CONNECT_SECRET_KEYS_FILE: {str(path)!r}: ")
    return message


def test_each_key_and_each_purpose_has_a_key_of_its_own() -> None:
    keys = keys_of(NEW, OLD)
    tokens, others = keys.derive(b"tokens"), keys.derive(b"others")
    assert list(tokens) == ["new", "old"]
    derived = {*tokens.values(), *others.values()}
    assert len(derived) == 4
    assert all(len(key) == 32 for key in derived)


def test_a_key_is_the_same_wherever_it_stands_and_in_every_release() -> None:
    assert keys_of(NEW, OLD).derive(b"tokens")["old"] == keys_of(OLD).derive(b"tokens")["old"]
    # Were this to change, every token and API key of every deployment would be worthless.
    assert (
        keys_of(OLD).derive(b"tokens")["old"].hex()
        == "d574919ad0d5e76abe153d8528b62f100e27ea1461a3ef67ef8300b471c7d0c3"
    )


def test_a_secret_may_have_colons() -> None:
    assert list(keys_of("id:" + "a:b" * 20).derive(b"tokens")) == ["id"]


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_can_be_opened(text: str) -> None:
    keys = keys_of(NEW)
    sealed = keys.seal(text)
    assert keys.open(sealed) == text
    assert sealed != keys.seal(text)


def test_what_an_old_key_sealed_can_be_opened_while_it_is_listed() -> None:
    sealed = keys_of(OLD).seal("secret")
    assert keys_of(NEW, OLD).open(sealed) == "secret"
    with pytest.raises(InternalError, match="sealed with a key that is not listed"):
        keys_of(NEW).open(sealed)


def test_what_was_sealed_anew_outlives_the_old_key() -> None:
    sealed = keys_of(NEW, OLD).reseal(keys_of(OLD).seal("secret"))
    assert keys_of(NEW).open(sealed) == "secret"
    with pytest.raises(InternalError):
        keys_of(NEW).reseal(keys_of(OLD).seal("secret"))


@pytest.mark.parametrize("sealed", [b"", b"x", b"\xff", b"A" * 200])
def test_what_was_never_sealed_cannot_be_opened(sealed: bytes) -> None:
    with pytest.raises(InternalError, match="sealed with a key that is not listed"):
        keys_of(NEW).open(sealed)


def test_what_was_tampered_with_cannot_be_opened() -> None:
    sealed = bytearray(keys_of(NEW).seal("secret"))
    sealed[40] ^= 1
    with pytest.raises(InternalError):
        keys_of(NEW).open(bytes(sealed))


def test_a_missing_file_is_made_for_its_owner_alone_with_one_good_key(tmp_path: Path) -> None:
    path = tmp_path / "var" / "keys"
    made = key_in(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_secret_key(path.read_text().removesuffix("\n"))
    assert [each.name for each in path.parent.iterdir()] == ["keys"]
    assert key_in(path) == made
    assert key_in(tmp_path / "other") != made


def test_the_setting_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    settings = dataclasses.replace(Settings(), secret_keys=(NEW,), secret_keys_file=path)
    assert list(SecretKeys.from_settings(settings).derive(b"tokens")) == ["new"]
    assert not path.exists()


def test_processes_that_start_at_once_end_up_with_the_same_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        for turn in range(10):
            path = tmp_path / str(turn) / "keys"
            assert len(set(processes.map(key_in, [path] * 4))) == 1
            assert [each.name for each in path.parent.iterdir()] == ["keys"]


def test_a_file_has_a_key_a_line_and_may_have_comments(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# Rotated in spring.\n\n  {NEW}  \r\n{OLD}")
    assert keys_in(path).derive(b"tokens") == keys_of(NEW, OLD).derive(b"tokens")


@pytest.mark.parametrize("text", ["", "\n", "# " + NEW])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    assert problem(tmp_path / "keys").endswith("there is no key in it")


@pytest.mark.parametrize("line", ["short:secret", "n" * 40, ":" + "n" * 40, "an id:" + "n" * 40, "id:" + "n " * 40])
def test_a_line_that_is_no_key_is_refused_without_showing_it(tmp_path: Path, line: str) -> None:
    (tmp_path / "keys").write_text(f"{NEW}\n{line}\n")
    message = problem(tmp_path / "keys")
    assert "line 2 is no id:secret" in message
    assert line not in message


def test_two_keys_of_the_same_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{NEW}\nnew:{'x' * 40}\n")
    assert "line 2 has the same id" in problem(tmp_path / "keys")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"\xff" * 40)
    assert "utf-8" in problem(tmp_path / "keys")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "Is a directory" in problem(tmp_path)


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").symlink_to(tmp_path / "nowhere")
    assert "No such file" in problem(tmp_path / "keys")


def test_a_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "File exists" in problem(tmp_path / "file" / "keys")
