"""API keys: what other programs sign room tokens with."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from loguru import logger

from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.errors import LimitReached, NotFound, Unavailable
from app.stores.api_keys import ApiKeyRecords
from app.stores.database import Database
from app.stores.models import ApiKeyRecord, User
from app.stores.pages import Cursor, Page
from app.stores.types import now
from app.stores.users import Users

from .callers import Caller
from .standing import need_account

#: As LiveKit's look, with our two letters in front.
LETTERS, ID_FORM = string.ascii_letters + string.digits, re.compile(r"CK[A-Za-z0-9]{13}")
#: Seconds for which a key that was looked up is believed, and for which it is when the database is gone.
FRESH, STALE = 10.0, 600.0
#: How many keys are kept in memory; those that were used longest ago go first.
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made. Its secret is told this once."""

    record: ApiKeyRecord
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that is good: its secret, and whose rooms it opens. An admin's opens all."""

    secret: str = field(repr=False)
    owner: User
    #: Of the event loop's clock.
    looked_up_at: float


class ApiKeys:
    """
    Makes, lists and revokes keys, and finds them for who verifies tokens.

    A key that was revoked by another process is good here for ``FRESH`` seconds more. Those who entered with its tokens
    stay: revoking ends entering.
    """

    def __init__(
        self, database: Database, keys: SecretKeys, settings: Settings, time: Callable[[], float] | None = None
    ) -> None:
        self._database = database
        self._keys = keys
        self._limit = settings.limits.max_api_keys_per_user
        self._time = time
        self._known: OrderedDict[str, ApiKey] = OrderedDict()

    async def create(self, owner: User, name: str) -> NewApiKey:
        """
        Make a key.

        :raises LimitReached: the owner has as many as allowed
        """
        secret = secrets.token_urlsafe(32)
        id = "CK" + "".join(secrets.choice(LETTERS) for _ in range(13))
        record = ApiKeyRecord(id=id, owner_id=owner.id, name=name, sealed_secret=self._keys.seal(secret))
        async with self._database.transaction() as tx:
            # Those who make keys at the same time are counted one after the other.
            await Users(tx).get(owner.id, lock=True)
            records = ApiKeyRecords(tx)
            if await records.count(owner.id) >= self._limit:
                raise LimitReached(f"you have {self._limit} API keys, as many as allowed")
            await records.add(record)
        logger.info("API key {} was made for user {}", id, owner.id)
        return NewApiKey(record, secret)

    async def create_for(self, caller: Caller, name: str) -> NewApiKey:
        """
        Make a key for somebody who is signed in.

        :raises LimitReached: the caller has as many as allowed
        :raises NotAllowed: it is the operator, who has no account
        """
        need_account(caller)
        return await self.create(caller.user, name)

    async def page(self, caller: Caller, limit: int, cursor: Cursor | None) -> Page[ApiKeyRecord]:
        """List the caller's keys that are good, newest first."""
        async with self._database.transaction(read_only=True) as tx:
            return await ApiKeyRecords(tx).page(need_account(caller), limit=limit, after=cursor)

    async def revoke(self, caller: Caller, id: str) -> None:
        """
        Make a key worthless, here at once.

        :raises NotFound: the caller has no such key
        """
        async with self._database.transaction() as tx:
            record = await ApiKeyRecords(tx).get(id)
            if record is None or record.revoked_at is not None or record.owner_id != caller.account_id:
                raise NotFound(f"you have no API key {id}")
            record.revoked_at = now()
        self._known.pop(id, None)
        logger.info("API key {} was revoked", id)

    def forget_owner(self, owner_id: UUID) -> None:
        """Believe no key of an account that is gone."""
        for id in [id for id, key in self._known.items() if key.owner.id == owner_id]:
            del self._known[id]

    async def find(self, id: str) -> ApiKey | None:
        """
        Give a key, ``None`` if there is none that is good.

        While the database is gone, keys used lately are still known.

        :raises Unavailable: the database is gone, and the key was not used lately
        """
        key = self._known.get(id)
        age = self._now() - key.looked_up_at if key else STALE
        if key is not None and age < FRESH:
            return key
        try:
            return await self._look_up(id)
        except Unavailable:
            if key is None or age >= STALE:
                raise
            return key

    async def find_secret(self, id: str) -> str | None:
        """As :meth:`find`, for who only verifies."""
        key = await self.find(id)
        return key.secret if key else None

    async def _look_up(self, id: str) -> ApiKey | None:
        if ID_FORM.fullmatch(id) is None:
            return None
        async with self._database.transaction(read_only=True) as tx:
            record = await ApiKeyRecords(tx).get(id)
        if record is None or record.revoked_at is not None:
            self._known.pop(id, None)
            return None
        key = ApiKey(self._keys.open(record.sealed_secret), record.owner, self._now())
        self._known[id] = key
        self._known.move_to_end(id)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return key

    def _now(self) -> float:
        return (self._time or asyncio.get_running_loop().time)()
