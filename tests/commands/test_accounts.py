from __future__ import annotations

import asyncio
import re

import pytest

from app.stores import migrating
from app.stores.database import Database
from app.stores.users import Users

from .conftest import PASSWORD, Run


def is_admin(url: str, email: str) -> bool:
    """Ask the database itself."""

    async def ask() -> bool:
        database = Database(url, timeout=10)
        try:
            async with database.transaction(read_only=True) as tx:
                user = await Users(tx).find_by_email(email)
        finally:
            await database.close()
        assert user is not None
        return user.is_admin

    return asyncio.run(ask())


def test_a_user_is_made_with_a_password_from_standard_input(run: Run) -> None:
    made = run("create-user", "Ada@Example.org", "--name", "Ada", "--password-stdin", typed=f"{PASSWORD}\n")
    assert (made.code, made.out) == (0, "ada@example.org has an account\n")
    again = run("create-user", "ada@example.org", "--name", "Ada", "--password-stdin", typed=PASSWORD)
    assert (again.code, again.err) == (1, "create-user: an account with this e-mail address exists already\n")


def test_a_password_is_asked_for_twice(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, PASSWORD, PASSWORD, "something else"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    assert run("create-user", "ada@example.org", "--name", "Ada").code == 0
    mistyped = run("create-user", "bob@example.org", "--name", "Bob")
    assert (mistyped.code, mistyped.err) == (1, "create-user: the two passwords differ\n")


def test_who_stops_at_the_prompt_leaves_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("getpass.getpass", interrupt)
    stopped = run("create-user", "ada@example.org", "--name", "Ada")
    assert (stopped.code, stopped.err) == (130, "")


@pytest.mark.parametrize(
    ("arguments", "password", "told"),
    [
        (("ada", "--name", "Ada"), PASSWORD, "Not an e-mail address"),
        (("ada@example.org", "--name", " "), PASSWORD, "not blank"),
        (("ada@example.org",), PASSWORD, "--name"),
        (("ada@example.org", "--name", "Ada"), "short", "8"),
        (("ada@example.org", "--name", "Ada"), "with\0nul-inside", "NUL"),
    ],
)
def test_what_the_api_would_refuse_is_refused_here_too(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], password: str, told: str
) -> None:
    try:
        outcome = run("create-user", *arguments, "--password-stdin", typed=password)
    except SystemExit as ended:
        assert ended.code == 2
        assert told in capsys.readouterr().err
    else:
        assert outcome.code == 1
        assert told in outcome.err
        assert password not in outcome.err


def test_an_admin_is_made_at_once_or_later(run: Run, ada: str, database_url: str) -> None:
    made = run("create-user", "bob@example.org", "--name", "Bob", "--admin", "--password-stdin", typed=PASSWORD)
    assert made.out == "bob@example.org has an account and is an admin\n"
    assert is_admin(database_url, "bob@example.org")
    assert not is_admin(database_url, ada)
    assert run("make-admin", ada).out == "ada@example.org is an admin\n"
    assert is_admin(database_url, ada)
    nobody = run("make-admin", "nobody@example.org")
    assert (nobody.code, nobody.err) == (1, "make-admin: nobody@example.org has no account\n")


def test_a_key_and_its_secret_are_printed_once(run: Run, ada: str) -> None:
    made = run("create-api-key", ada, "--name", "our back end")
    assert made.code == 0
    assert re.fullmatch(r"key     CK[A-Za-z0-9]{13}\nsecret  [A-Za-z0-9_-]{43}\n", made.out)


@pytest.mark.parametrize("command", [["make-admin", "ada@example.org"], ["list-rooms"]])
def test_a_schema_that_is_behind_is_told(run: Run, database_url: str, command: list[str]) -> None:
    migrating.downgrade(database_url, "0001")
    outcome = run(*command)
    assert outcome.code == 1
    assert outcome.err.endswith("the database's schema is not up to date: python -m app migrate\n")
