"""Accounts: making one, changing it, giving it up. Signing in is :mod:`app.services.logins`."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from loguru import logger

from app.auth.passwords import Passwords
from app.config import Settings
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, Unauthorized
from app.mediasoup.signal import Signal
from app.stores.database import Database
from app.stores.models import User
from app.stores.refresh_tokens import RefreshTokens
from app.stores.rooms import RoomRecords
from app.stores.users import Users, plain_email

from .callers import Caller
from .live_rooms import LiveRooms
from .standing import need_account


class Accounts:
    """What people, and the operator, do with accounts. ``on_delete`` fires with the id of one that is gone."""

    def __init__(self, database: Database, passwords: Passwords, live: LiveRooms, settings: Settings) -> None:
        self._database = database
        self._passwords = passwords
        self._live = live
        self._open = settings.registration
        self.on_delete: Signal[UUID] = Signal()

    async def register(self, email: str, password: str, display_name: str) -> None:
        """
        Make an account for somebody who asks for one.

        Neither the outcome nor the time that it takes tells whether the address has an account already.

        :raises NotAllowed: only the operator makes accounts here
        """
        if not self._open:
            raise NotAllowed("accounts are made by the operator here")
        with suppress(Conflict):
            await self.create(email, password, display_name)

    async def create(self, email: str, password: str, display_name: str, admin: bool = False) -> User:
        """
        Make an account.

        :raises Conflict: the address has one
        """
        hash = await self._passwords.hash(password)
        async with self._database.transaction() as tx:
            user = User(email=plain_email(email), password_hash=hash, display_name=display_name, is_admin=admin)
            await Users(tx).add(user)
        logger.info("user {} was made", user.id)
        return user

    async def find(self, email: str) -> User:
        """
        Give the account of an address.

        :raises NotFound: it has none
        """
        async with self._database.transaction(read_only=True) as tx:
            return await _find(Users(tx), email)

    async def make_admin(self, email: str) -> User:
        """
        Make somebody an admin: an owner in every room.

        :raises NotFound: the address has no account
        """
        async with self._database.transaction() as tx:
            user = await _find(Users(tx), email)
            user.is_admin = True
        return user

    async def rename(self, caller: Caller, display_name: str) -> User:
        """
        Change the name by which others know the caller.

        :raises Unauthorized: the account is gone
        """
        async with self._database.transaction() as tx:
            user = await _me(Users(tx), caller)
            user.display_name = display_name
        return user

    async def change_password(self, caller: Caller, current: str, new: str) -> None:
        """
        Change the password, and sign out everywhere else.

        :raises BadRequest: ``current`` is not the password
        """
        verified = await self._verified(caller, current, "currentPassword")
        new_hash = await self._passwords.hash(new)
        async with self._database.transaction() as tx:
            user = await _me(Users(tx), caller, verified)
            user.password_hash = new_hash
            await RefreshTokens(tx).revoke_all(user.id, but=caller.family_id)

    async def delete(self, caller: Caller, password: str) -> None:
        """
        Delete the account with all that it owns. Calls in its rooms end.

        :raises BadRequest: ``password`` is not the password
        """
        verified = await self._verified(caller, password, "password")
        async with self._database.transaction() as tx:
            user = await _me(Users(tx), caller, verified)
            rooms = await RoomRecords(tx).owned_by(user.id)
            await Users(tx).delete(user)
        for room in rooms:
            await self._live.end_deleted(room.code, by=caller.actor)
        await self._live.remove_everywhere(str(user.id))
        self.on_delete.emit(user.id)
        logger.info("user {} was deleted, with {} rooms", user.id, len(rooms))

    async def _verified(self, caller: Caller, password: str, field: str) -> str:
        """Give the hash that ``password`` fits, for the transaction that relies on it: it may be another by then."""
        need_account(caller)
        hash = caller.user.password_hash
        if not await self._passwords.verify(hash, password):
            raise BadRequest("the password is wrong", {field: ["This is not your password."]})
        return hash


async def _find(users: Users, email: str) -> User:
    user = await users.find_by_email(email)
    if user is None:
        raise NotFound(f"{email} has no account")
    return user


async def _me(users: Users, caller: Caller, hash: str | None = None) -> User:
    """Give the caller's account as it is now, with the password that was verified."""
    need_account(caller)
    user = await users.get(caller.user.id)
    if user is None or (hash is not None and user.password_hash != hash):
        raise Unauthorized("the account was changed meanwhile; sign in again")
    return user
