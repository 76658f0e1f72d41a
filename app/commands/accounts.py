"""``create-user``, ``make-admin``, ``create-api-key``: accounts and what belongs to them, in the database."""

from __future__ import annotations

import asyncio
import getpass
import sys
from argparse import ArgumentParser, Namespace

from marshmallow import ValidationError

from app.config import Settings
from app.services.api_keys import NewApiKey
from app.stores.models import User
from app.web.fields import Email, Name, Password

from .checks import like
from .failure import CommandFailed
from .offline import offline


def add_email(parser: ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", type=like(Email()), help="the account's e-mail address")


def add_user_arguments(parser: ArgumentParser) -> None:
    add_email(parser)
    parser.add_argument("--name", required=True, type=like(Name(max=64)), help="the name that others see")
    parser.add_argument("--admin", action="store_true", help="with an owner's rights in every room")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input instead of asking for it"
    )


def add_key_arguments(parser: ArgumentParser) -> None:
    add_email(parser)
    parser.add_argument("--name", required=True, type=like(Name(max=64)), help="what the key is for")


def create_user(settings: Settings, arguments: Namespace) -> int:
    """Make an account, whether or not people may make them for themselves."""
    password = _password(arguments.password_stdin)

    async def create() -> User:
        async with offline(settings) as services:
            return await services.accounts.create(arguments.email, password, arguments.name, arguments.admin)

    user = asyncio.run(create())
    print(f"{user.email} has an account{' and is an admin' if user.is_admin else ''}")
    return 0


def make_admin(settings: Settings, arguments: Namespace) -> int:
    """Give an account the rights of an owner in every room."""

    async def make() -> User:
        async with offline(settings) as services:
            return await services.accounts.make_admin(arguments.email)

    print(f"{asyncio.run(make()).email} is an admin")
    return 0


def create_api_key(settings: Settings, arguments: Namespace) -> int:
    """Make a key with which other programs sign room tokens; its secret is told this once."""

    async def create() -> NewApiKey:
        async with offline(settings) as services:
            owner = await services.accounts.find(arguments.email)
            return await services.api_keys.create(owner, arguments.name)

    key = asyncio.run(create())
    print(f"key     {key.record.id}\nsecret  {key.secret}")
    return 0


def _password(from_stdin: bool) -> str:
    """Get a password where neither a screen nor the list of processes shows it."""
    text = sys.stdin.readline().rstrip("\r\n") if from_stdin else getpass.getpass("Password: ")
    try:
        password: str = Password().deserialize(text)
    except ValidationError as error:
        raise CommandFailed(f"the password: {' '.join(error.messages)}") from None
    if not from_stdin and getpass.getpass("Once more: ") != text:
        raise CommandFailed("the two passwords differ")
    return password
