"""Accounts and signing in: ``/api/auth``."""

from __future__ import annotations

from typing import Any

from marshmallow import fields as base

from app.services.accounts import Accounts
from app.services.callers import Caller
from app.services.logins import Login, Logins
from app.stores.models import User

from . import fields
from .endpoint import Request, endpoint
from .schemas import Schema

#: Characters of a display name.
MAX_NAME = 64
#: Characters of any opaque token; ours have 43.
MAX_TOKEN = 256


class NewAccount(Schema):
    """Who wants an account."""

    email = fields.Email(required=True)
    password = fields.Password(required=True)
    display_name = fields.Name(max=MAX_NAME, required=True, metadata={"example": "Ada"})


class Credentials(Schema):
    """Who wants to sign in."""

    email = fields.Email(required=True)
    password = fields.Password(required=True)


class RefreshTokenBody(Schema):
    """A refresh token."""

    refresh_token = fields.Text(min=1, max=MAX_TOKEN, required=True)


class ProfilePatch(Schema):
    """What shall change of an account."""

    display_name = fields.Name(max=MAX_NAME)


class PasswordChange(Schema):
    """The password as it is, and as it shall be."""

    current_password = fields.Password(required=True)
    new_password = fields.Password(required=True)


class PasswordProof(Schema):
    """The password, to make sure."""

    password = fields.Password(required=True)


class RegisteredAnswer(Schema):
    """Nothing: neither does it tell whether the address had an account."""


class UserAnswer(Schema):
    """An account, as its owner sees it."""

    id = fields.Uuid(required=True)
    email = base.String(required=True)
    display_name = base.String(required=True)
    is_admin = base.Boolean(required=True)
    created_at = fields.Time(required=True)


class LoginAnswer(Schema):
    """What it takes to ask in somebody's name from now on."""

    access_token = base.String(required=True, metadata={"description": "Goes into `Authorization: Bearer …`."})
    token_type = base.String(required=True, metadata={"example": "Bearer"})
    expires_in = base.Integer(required=True, metadata={"description": "Seconds that the access token is good."})
    refresh_token = base.String(
        required=True, metadata={"description": "Good once, for the next pair of tokens: keep it, and keep it secret."}
    )
    user = base.Nested(UserAnswer, required=True)


class Auth:
    """Everybody's own account."""

    def __init__(self, accounts: Accounts, logins: Logins) -> None:
        self._accounts = accounts
        self._logins = logins

    @endpoint(
        "POST",
        "/api/auth/register",
        summary="Make an account",
        tag="auth",
        body=NewAccount,
        answers={202: RegisteredAnswer},
        errors=(403,),
        rate="register",
    )
    async def register(self, request: Request[None]) -> dict[str, Any]:
        """The answer is the same whether or not the address has an account already. 403 where only the operator makes
        accounts."""
        await self._accounts.register(**request.body)
        return {}

    @endpoint(
        "POST",
        "/api/auth/login",
        summary="Sign in",
        tag="auth",
        body=Credentials,
        answers={200: LoginAnswer},
        errors=(401,),
        rate="login",
        rate_field="email",
    )
    async def login(self, request: Request[None]) -> dict[str, Any]:
        """Begin a family of tokens, which ends when one signs out."""
        return _words(await self._logins.login(**request.body))

    @endpoint(
        "POST",
        "/api/auth/refresh",
        summary="Get the next pair of tokens",
        tag="auth",
        body=RefreshTokenBody,
        answers={200: LoginAnswer},
        errors=(401,),
        rate="refresh",
    )
    async def refresh(self, request: Request[None]) -> dict[str, Any]:
        """A refresh token is good once. If it is used again, later than some seconds for a lost answer, somebody has
        stolen it: the whole family is revoked."""
        return _words(await self._logins.refresh(request.body["refresh_token"]))

    @endpoint(
        "POST",
        "/api/auth/logout",
        summary="Sign out",
        tag="auth",
        body=RefreshTokenBody,
        answers={204: None},
        errors=(503,),
    )
    async def logout(self, request: Request[None]) -> None:
        """All tokens of this sign-in are worthless at once. The answer is the same for any token."""
        await self._logins.logout(request.body["refresh_token"])

    @endpoint(
        "GET", "/api/auth/me", summary="Look at one's account", tag="auth", auth="user", answers={200: UserAnswer}
    )
    async def me(self, request: Request[Caller]) -> User:
        """The operator's tokens have an account without an address."""
        return request.caller.user

    @endpoint(
        "PATCH",
        "/api/auth/me",
        summary="Change one's account",
        tag="auth",
        auth="user",
        body=ProfilePatch,
        answers={200: UserAnswer},
        errors=(403,),
    )
    async def update_me(self, request: Request[Caller]) -> User:
        """What is not named stays as it is."""
        if "display_name" not in request.body:
            return request.caller.user
        return await self._accounts.rename(request.caller, request.body["display_name"])

    @endpoint(
        "DELETE",
        "/api/auth/me",
        summary="Delete one's account",
        tag="auth",
        auth="user",
        body=PasswordProof,
        answers={204: None},
        errors=(403,),
        rate="login",
    )
    async def delete_me(self, request: Request[Caller]) -> None:
        """All that it owns goes with it: rooms, whose calls end, and API keys."""
        await self._accounts.delete(request.caller, **request.body)

    @endpoint(
        "POST",
        "/api/auth/me/password",
        summary="Change one's password",
        tag="auth",
        auth="user",
        body=PasswordChange,
        answers={204: None},
        errors=(403,),
        rate="login",
    )
    async def change_password(self, request: Request[Caller]) -> None:
        """Signs out everywhere else."""
        await self._accounts.change_password(
            request.caller, request.body["current_password"], request.body["new_password"]
        )


def _words(login: Login) -> dict[str, Any]:
    return {
        "access_token": login.access_token.text,
        "token_type": "Bearer",
        "expires_in": login.access_token.expires_in,
        "refresh_token": login.refresh_token,
        "user": login.user,
    }
