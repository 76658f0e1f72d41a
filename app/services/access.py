"""Who may enter a call: the gate of the websocket, and whose room tokens are at the REST API."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.grants import Grants
from app.auth.jwts import ISSUER
from app.auth.room_tokens import RoomClaims, RoomTokens
from app.config import Settings
from app.errors import Banned, Conflict, NotAllowed, NotFound, Unauthorized, Unavailable
from app.rtc.admission import Admission, Ban, Entry
from app.rtc.door import bans_on
from app.rtc.room_config import RoomConfig
from app.stores.bans import Bans
from app.stores.database import Database
from app.stores.models import RoomRecord, User
from app.stores.rooms import RoomRecords
from app.stores.types import now
from app.stores.users import Users

from .api_keys import ApiKey, ApiKeys
from .callers import OPERATOR, Caller, Holder
from .live_rooms import LiveRooms, config_of
from .roles import Role, grants_of
from .room_memory import RememberedRoom, RoomMemory
from .rooms import add_room, check_access
from .standing import Standing, standing

#: What those may do who come into an open room, in which nobody is more than others.
OPEN_GRANTS = Grants(can_update_own_metadata=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is known of a room, and of one who would like to enter it.

    ``room`` is ``None`` if there is no record of it. ``role`` and ``user_id`` are of a holder of our own tokens.
    ``bans`` are ``None`` when the database does not answer.
    """

    room: RoomRecord | None
    role: Role | None = None
    user_id: UUID | None = None
    bans: frozenset[Ban] | None = frozenset()


class Access:
    """
    Reads room tokens, and compares them with what the database says now.

    When that does not answer, people still come back to calls that are on: what it said before counts.
    """

    def __init__(
        self,
        database: Database,
        tokens: RoomTokens,
        keys: ApiKeys,
        live: LiveRooms,
        memory: RoomMemory,
        settings: Settings,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._keys = keys
        self._live = live
        self._memory = memory
        self._open_rooms = settings.open_rooms
        self._max_rooms = settings.limits.max_rooms_per_user

    async def admit(self, room_id: str, token: str | None, peer_id: str | None) -> Entry:
        """As :meth:`app.signaling.knock.Gate.admit` says; also raises LimitReached for the room of an API key."""
        if token is None:
            return await self._admit_stranger(room_id, peer_id or "")
        claims, key = await self._read(token)
        if claims.room != room_id:
            raise NotAllowed(f"the token is for the room {claims.room}")
        facts = await self._facts(claims)
        if facts.room is None and key is not None:
            facts = Facts(room=await self._room_of_key(claims.room, key))
        admission = self._admission(claims, key, facts)
        config = RoomConfig(id=room_id) if facts.room is None else config_of(facts.room)
        return Entry(config=config, admission=admission, bans=facts.bans)

    async def holder(self, token: str) -> Holder:
        """
        Say whose room token this is, which must be good to enter the room with.

        :raises Unauthorized: it is not good (any more)
        :raises NotAllowed: its holder may not enter the room
        :raises NotFound: there is no such room
        """
        claims, key = await self._read(token)
        facts = await self._facts(claims)
        if facts.room is None and key is not None:
            raise NotFound(f"there is no room {claims.room}")
        admission = self._admission(claims, key, facts)
        name = claims.name or claims.identity
        return Holder(code=claims.room, room=facts.room, identity=claims.identity, name=name, grants=admission.grants)

    async def _read(self, token: str) -> tuple[RoomClaims, ApiKey | None]:
        claims = await self._tokens.verify(token, self._keys.find_secret)
        if claims.issuer == ISSUER:
            return claims, None
        key = await self._keys.find(claims.issuer)
        if key is None:
            raise Unauthorized("the API key that signed the token was revoked")
        return claims, key

    async def _admit_stranger(self, room_id: str, peer_id: str) -> Entry:
        """Let somebody without a token into a room that is open to all: one without a record."""
        if not self._open_rooms:
            raise Unauthorized("a room token is needed")
        remembered = self._recall(room_id)
        if remembered is None or not remembered.fresh:
            remembered = await self._ask(room_id, remembered)
        if remembered.record is not None:
            raise Unauthorized("a room token is needed for this room")
        return Entry(config=RoomConfig(id=room_id), admission=Admission(identity=peer_id, grants=OPEN_GRANTS))

    async def _ask(self, room_id: str, remembered: RememberedRoom | None) -> RememberedRoom:
        try:
            async with self._database.transaction(read_only=True) as tx:
                room = await RoomRecords(tx).find_by_code(room_id)
        except Unavailable:
            if remembered is None:
                raise
            return remembered
        return self._memory.note(room_id, room)

    async def _facts(self, claims: RoomClaims) -> Facts:
        """Ask the database or, if there is a call in the room, remember what it said before."""
        try:
            async with self._database.transaction(read_only=True) as tx:
                facts = await _look_up(tx, claims)
        except Unavailable:
            if (remembered := self._recall(claims.room)) is None:
                raise
            role = remembered.roles.get(claims.identity, _claimed_role(claims))
            return Facts(room=remembered.record, role=role, user_id=_user_id(claims), bans=None)
        self._memory.note(claims.room, facts.room)
        if claims.issuer == ISSUER:
            self._memory.note_role(claims.room, claims.identity, facts.role)
        return facts

    def _recall(self, code: str) -> RememberedRoom | None:
        """Give what the database said of a room, as long as there is a call in it."""
        return self._memory.get(code) if self._live.get(code) is not None else None

    def _admission(self, claims: RoomClaims, key: ApiKey | None, facts: Facts) -> Admission:
        """Say what somebody may do in a room now, whatever they might when the token was made."""
        role: str | None = None
        if key is not None:
            grants, waits = _grants_by_key(claims, key, facts), False
        elif facts.room is not None:
            place = _check_place(claims, facts.room, facts)
            role = place.role or "guest"
            grants, waits = grants_of(role), not place.is_member
        elif self._open_rooms:
            grants, waits = OPEN_GRANTS, False
        else:
            raise NotFound(f"there is no room {claims.room}")
        admission = Admission(
            identity=claims.identity,
            grants=grants,
            name=claims.name,
            metadata=claims.metadata,
            attributes=claims.attributes,
            role=role,
            waits_in_lobby=waits,
            token_id=claims.token_id,
        )
        _check_bans(facts.bans or frozenset(), admission)
        check_start(facts.room, grants)
        return admission

    async def _room_of_key(self, code: str, key: ApiKey) -> RoomRecord:
        """Make the room that the holder of an API key sends somebody to; it lasts as long as the call."""
        record = RoomRecord(code=code, name=code, owner_id=key.owner.id, access="members", permanent=False)
        try:
            async with self._database.transaction() as tx:
                await add_room(tx, record, key.owner, self._max_rooms)
        except Conflict:
            # Somebody else was faster: another participant, most likely.
            async with self._database.transaction(read_only=True) as tx:
                found = await RoomRecords(tx).find_by_code(code)
            if found is None:
                raise
            record = found
        else:
            logger.bind(room=code).info("the room was made for a token of user {}'s API key", key.owner.id)
        self._memory.note(code, record)
        return record


async def _look_up(tx: AsyncSession, claims: RoomClaims) -> Facts:
    user = await _holder_of(tx, claims)
    try:
        place = await standing(tx, claims.room, None if user is None else Caller(user, OPERATOR))
    except NotFound:
        return Facts(room=None)
    bans = await Bans(tx).all_active(place.room.id)
    listed: frozenset[Ban] = frozenset((ban.kind, ban.value) for ban in bans)
    return Facts(room=place.room, role=place.role, user_id=place.user_id, bans=listed)


async def _holder_of(tx: AsyncSession, claims: RoomClaims) -> User | None:
    """Give the account of a holder of a token of ours; guests have none."""
    user_id = _user_id(claims)
    if user_id is None:
        return None
    user = await Users(tx).get(user_id)
    if user is None:
        raise Unauthorized("the token's account is gone")
    return user


def _user_id(claims: RoomClaims) -> UUID | None:
    if claims.issuer != ISSUER:
        return None
    try:
        return UUID(claims.identity)
    except ValueError:
        return None


def _claimed_role(claims: RoomClaims) -> Role | None:
    for role in ("owner", "moderator", "member"):
        if claims.role == role:
            return role
    return None


def _check_place(claims: RoomClaims, room: RoomRecord, facts: Facts) -> Standing:
    """Say what the holder of one of our tokens is in the room, if they may be there at all."""
    place = Standing(room=room, role=facts.role, user_id=facts.user_id, name=claims.name or "")
    if not place.is_member and _claimed_role(claims) is not None:
        raise NotAllowed("you are no member of this room any more")
    check_access(place)
    return place


def _check_bans(bans: frozenset[Ban], admission: Admission) -> None:
    """
    Refuse those who are banned on record.

    To ban a token is to revoke it, so it counts as one that is not good any more.
    """
    if admission.token_id is not None and ("token", admission.token_id) in bans:
        raise Unauthorized("the token was revoked")
    if not bans.isdisjoint(bans_on(admission)):
        raise Banned("you were banned from this room")


def _grants_by_key(claims: RoomClaims, key: ApiKey, facts: Facts) -> Grants:
    if facts.room is not None and facts.room.owner_id != key.owner.id and not key.owner.is_admin:
        raise NotAllowed("the API key that signed the token is not of the room's owner")
    return claims.grants


def check_start(room: RoomRecord | None, grants: Grants) -> None:
    """Raise NotAllowed before a room's time, except to those who prepare it. That it is over is seen at the door."""
    if room is not None and room.starts_at is not None and room.starts_at > now() and not grants.room_admin:
        raise NotAllowed(f"the room opens at {room.starts_at:%Y-%m-%d %H:%M} UTC")
