from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from app.auth import passwords as passwords_module
from app.auth.hasher import NICENESS, TASKS
from app.auth.passwords import NOBODYS_HASH, Passwords
from app.errors import Unavailable


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Two processes, as in production."""
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.fixture
def narrow() -> Iterator[Passwords]:
    """One process, and one place to wait."""
    passwords = Passwords(processes=1, max_waiting=1)
    yield passwords
    passwords.close()


async def one_runs_and_one_waits(narrow: Passwords) -> tuple[asyncio.Task[str], asyncio.Task[str]]:
    """Take the process and the place to wait. A hash takes much longer than the next steps of the tests."""
    running, waiting = (asyncio.create_task(narrow.hash("correct horse")) for _ in range(2))
    # Tasks begin in the order in which they were made: with this one's end the others are where they wait.
    await asyncio.create_task(asyncio.sleep(0))
    return running, waiting


def hashers() -> list[int]:
    """The ids of the processes that hash, as the kernel knows them."""
    children = [
        pid for thread in Path("/proc/self/task").iterdir() for pid in (thread / "children").read_text().split()
    ]
    return [int(pid) for pid in children if b"app.auth.hasher" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def autogroup(pid: int) -> str:
    """The priority of a process's session. A kernel may be built without."""
    path = Path(f"/proc/{pid}/autogroup")
    return path.read_text() if path.exists() else f" nice {NICENESS}\n"


async def test_a_password_is_known_again_and_no_other_is(passwords: Passwords) -> None:
    hash = await passwords.hash("correct horse")
    assert await passwords.verify(hash, "correct horse")
    for other in ("", "correct hors", "Correct horse", "correct horse ", "correct horse\x00"):
        assert not await passwords.verify(hash, other)


async def test_hashes_are_argon2id_at_owasps_minimum_and_salted(passwords: Passwords) -> None:
    hash = await passwords.hash("correct horse")
    parameters = extract_parameters(hash)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)
    assert hash != await passwords.hash("correct horse")


@pytest.mark.parametrize(
    ("typed", "also_typed"),
    [("ze\u0308bra", "z\u00ebbra"), ("\ufb01sh", "fish"), ("\uff21\uff22", "AB"), ("\u2126hm", "\u03a9hm")],
    ids=["accent", "ligature", "width", "ohm"],
)
async def test_the_same_keys_give_the_same_password_on_every_system(
    passwords: Passwords, typed: str, also_typed: str
) -> None:
    assert await passwords.verify(await passwords.hash(typed), also_typed)


@pytest.mark.parametrize(
    "password",
    ["", "\x00", "\ud800", "🦓" * 256, "\ufdfa" * 256],
    ids=["empty", "nul", "surrogate", "long", "long when normal"],
)
async def test_any_text_may_be_a_password(passwords: Passwords, password: str) -> None:
    hash = await passwords.hash(password)
    assert await passwords.verify(hash, password)
    assert not await passwords.verify(hash, password + "x")


async def test_a_hash_of_other_parameters_is_good_and_asks_to_be_made_anew(passwords: Passwords) -> None:
    for hasher in (PasswordHasher(1, 8, 1), PasswordHasher(3, 32_768, 2), PasswordHasher(2, 19_456, 1, type=Type.I)):
        hash = hasher.hash("correct horse")
        assert await passwords.verify(hash, "correct horse")
        assert not await passwords.verify(hash, "wrong")
        assert passwords.needs_rehash(hash)
    assert not passwords.needs_rehash(await passwords.hash("correct horse"))


@pytest.mark.parametrize("hash", ["", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$xx$yy", "$2b$12$bcrypt"])
async def test_a_broken_hash_is_no_wrong_password(passwords: Passwords, hash: str) -> None:
    with pytest.raises((InvalidHashError, VerificationError)):
        await passwords.verify(hash, "correct horse")


def test_nobodys_hash_has_the_parameters_of_somebodys(passwords: Passwords) -> None:
    assert not passwords.needs_rehash(NOBODYS_HASH)


def test_nobody_takes_as_long_as_somebody() -> None:
    verify, hash = TASKS["verify"], TASKS["hash"](b"correct horse")
    somebody, nobody = [], []
    for _ in range(7):
        # Processor time, which what else this machine does hardly changes.
        start = time.process_time()
        verify(hash, b"wrong")
        middle = time.process_time()
        verify(NOBODYS_HASH, b"wrong")
        somebody.append(middle - start)
        nobody.append(time.process_time() - middle)
    assert statistics.median(nobody) == pytest.approx(statistics.median(somebody), rel=0.5)


async def test_the_event_loop_goes_on_meanwhile(passwords: Passwords) -> None:
    hashing = asyncio.create_task(passwords.hash("correct horse"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_the_processes_step_back_with_all_of_their_sessions(passwords: Passwords) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    await asyncio.gather(*(passwords.hash("correct horse") for _ in range(4)))
    assert len(hashers()) == 2
    for pid in hashers():
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(own + NICENESS, 19)
        assert os.getsid(pid) == pid
        assert autogroup(pid).endswith(f" nice {NICENESS}\n")
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


async def test_many_are_served_in_their_turn(passwords: Passwords) -> None:
    hashes = await asyncio.gather(*(passwords.hash("correct horse") for _ in range(10)))
    assert len(set(hashes)) == 10
    assert len(hashers()) == 2


async def test_nothing_runs_before_the_first_password_and_then_as_little_as_needed(
    passwords: Passwords,
) -> None:
    assert hashers() == []
    for _ in range(3):
        await passwords.hash("correct horse")
    assert len(hashers()) == 1


async def test_a_process_that_was_killed_is_replaced(passwords: Passwords) -> None:
    hash = await passwords.hash("correct horse")
    (pid,) = hashers()
    os.kill(pid, signal.SIGKILL)
    assert await passwords.verify(hash, "correct horse")
    assert pid not in hashers()


async def test_nobody_waits_for_a_process_that_hangs(narrow: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    await narrow.hash("correct horse")
    (pid,) = hashers()
    monkeypatch.setattr(passwords_module, "MAX_WORK", 0.2)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unavailable):
        await narrow.hash("correct horse")
    monkeypatch.setattr(passwords_module, "MAX_WORK", 30)
    assert await narrow.verify(await narrow.hash("correct horse"), "correct horse")


async def test_one_that_hangs_is_ended_all_the_same(passwords: Passwords) -> None:
    await passwords.hash("correct horse")
    (pid,) = hashers()
    os.kill(pid, signal.SIGSTOP)
    passwords.close()
    assert hashers() == []


async def test_who_comes_when_all_places_are_taken_is_told_to_try_again(narrow: Passwords) -> None:
    running, waiting = await one_runs_and_one_waits(narrow)
    with pytest.raises(Unavailable, match="try again"):
        await narrow.hash("correct horse")
    with pytest.raises(Unavailable, match="try again"):
        await narrow.verify_nobody("correct horse")
    assert await running != await waiting
    assert await narrow.hash("correct horse")


async def test_who_is_cancelled_while_waiting_gives_its_place_to_the_next(narrow: Passwords) -> None:
    running, waiting = await one_runs_and_one_waits(narrow)
    waiting.cancel()
    await asyncio.wait([waiting])
    next = asyncio.create_task(narrow.hash("correct horse"))
    assert await running != await next


async def test_who_is_cancelled_while_hashing_holds_the_process_until_it_is_done(narrow: Passwords) -> None:
    running, waiting = await one_runs_and_one_waits(narrow)
    running.cancel()
    await asyncio.wait([running])
    with pytest.raises(Unavailable):
        await narrow.hash("correct horse")
    assert await waiting


async def test_nobody_waits_for_ever(narrow: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "MAX_WAIT", 0.001)
    running, waiting = await one_runs_and_one_waits(narrow)
    with pytest.raises(Unavailable, match="try again"):
        await waiting
    assert await running


async def test_an_error_frees_the_process_too(narrow: Passwords) -> None:
    for _ in range(3):
        with pytest.raises(InvalidHashError):
            await narrow.verify("broken", "correct horse")


async def test_closing_ends_what_runs_and_refuses_what_waits(narrow: Passwords) -> None:
    running, waiting = await one_runs_and_one_waits(narrow)
    narrow.close()
    assert hashers() == []
    assert await running
    for late in (waiting, narrow.hash("correct horse")):
        with pytest.raises(Unavailable, match="going down"):
            await late
