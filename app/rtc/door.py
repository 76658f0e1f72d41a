"""Who may come into a room, and what the call remembers of those who were in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from app.config import Settings
from app.errors import Banned, Conflict, LimitReached, NotAllowed, RoomLocked
from app.mediasoup.signal import Signal

from .admission import Admission, Ban
from .room_config import RoomConfig

#: Of so many identities a call remembers that they were in it; then it forgets the first.
MAX_KNOWN = 10_000


class Newcomer(Protocol):
    """One who would like to come in."""

    @property
    def identity(self) -> str: ...

    @property
    def waits_in_lobby(self) -> bool: ...


class Somebody(Newcomer, Protocol):
    """One who is connected, to this part of the room or another: a peer, or what is known of one."""

    @property
    def id(self) -> str: ...

    @property
    def joined(self) -> bool: ...

    @property
    def away(self) -> bool: ...


S = TypeVar("S", bound=Somebody)


class Door:
    """
    Remembers for as long as the call lasts.

    ``bans`` were made in this call, each until a time or (``None``) for as long as it lasts; ``listed_bans`` are those
    that the gate found on record last. ``on_known`` fires with each identity of which something else is ``known``.
    """

    def __init__(self, config: RoomConfig, settings: Settings) -> None:
        self.config = config
        self.bans: dict[Ban, datetime | None] = {}
        self.listed_bans: frozenset[Ban] = frozenset()
        self._limits = settings.limits
        self._rejects_duplicates = settings.duplicate_peers == "reject"
        #: By identity: the sources that it may not send before a moderator allows it.
        self._known: dict[str, set[str]] = {}
        self.on_known: Signal[str] = Signal()

    @property
    def max_participants(self) -> int:
        """How many may be in the room, those in the lobby aside."""
        limit = self._limits.max_peers_per_room
        return limit if self.config.max_participants is None else min(limit, self.config.max_participants)

    def check(self, peer_id: str, admission: Admission, peers: Collection[Somebody]) -> None:
        """
        Refuse those who may not come in beside ``peers``.

        :raises Banned: this identity, or the token, was banned
        :raises NotAllowed: the room's time is over
        :raises RoomLocked: nobody new may enter now
        :raises Conflict: somebody else has this peer id, or the settings refuse a second peer of the identity
        :raises LimitReached: the room, or its lobby, is full
        """
        self._check_bans(admission)
        if self.config.ends_at is not None and self.config.ends_at <= datetime.now(UTC):
            raise NotAllowed("the room's time is over")
        if self.config.locked and not admission.grants.room_admin and not self.knows(admission.identity):
            raise RoomLocked("the room is locked")
        replaced = self._check_duplicate(peer_id, admission, peers)
        self._check_space(admission, [peer for peer in peers if peer is not replaced])

    def waits(self, newcomer: Newcomer) -> bool:
        """Whether a moderator has to admit this one first."""
        return self.config.lobby and newcomer.waits_in_lobby and not self.knows(newcomer.identity)

    def check_full(self, participants: int) -> None:
        """Raise LimitReached if nobody can be added to so many ``participants``."""
        if participants >= self.max_participants:
            raise LimitReached(f"the room is full: {participants} peers")

    def knows(self, identity: str) -> bool:
        """Whether it was in this call, or admitted to it, and not removed."""
        return identity in self._known

    @property
    def known(self) -> Mapping[str, Collection[str]]:
        """The identities that it :meth:`knows`, with what a moderator muted of them; the last one came last."""
        return self._known

    def restore(
        self, bans: Mapping[Ban, datetime | None], listed_bans: Iterable[Ban], known: Mapping[str, Iterable[str]]
    ) -> None:
        """Remember what was remembered before this process began."""
        self.bans.update(bans)
        self.listed_bans = frozenset(listed_bans)
        self._known = {identity: set(sources) for identity, sources in known.items()}

    def note(self, identity: str, sources: Iterable[str] | None) -> None:
        """Know what another part of the room knows of it, with what is muted; ``None``: nothing."""
        if sources is None:
            self._known.pop(identity, None)
        else:
            self._make_room(identity)
            self._known[identity] = set(sources)

    def remember(self, identity: str) -> None:
        """Let it in again, if it comes again."""
        if identity not in self._known:
            self._make_room(identity)
            self._known[identity] = set()
            self.on_known.emit(identity)

    def forget(self, identity: str) -> None:
        """Treat it as one who was never here."""
        if self._known.pop(identity, None) is not None:
            self.on_known.emit(identity)

    def silence(self, identity: str, source: str) -> None:
        """Note that a moderator muted this source of somebody who is in the call."""
        self.remember(identity)
        if source not in self._known[identity]:
            self._known[identity].add(source)
            self.on_known.emit(identity)

    def lift(self, identity: str, source: str) -> None:
        """Forget that a moderator muted it."""
        if source in self._known.get(identity, ()):
            self._known[identity].remove(source)
            self.on_known.emit(identity)

    def lift_all(self, identity: str) -> list[str]:
        """Forget all that a moderator muted of it; gives the sources."""
        lifted = sorted(self._known.get(identity, ()))
        if lifted:
            self._known[identity].clear()
            self.on_known.emit(identity)
        return lifted

    def check_silenced(self, identity: str, source: str) -> None:
        """Raise NotAllowed if a moderator muted the source, and only a moderator may change that here."""
        if not self.config.unmute_allowed and source in self._known.get(identity, ()):
            raise NotAllowed(f"a moderator muted your {source.replace('_', ' ')}")

    def _check_bans(self, admission: Admission) -> None:
        for ban in bans_on(admission):
            until = self.bans.get(ban)
            banned_here = ban in self.bans and (until is None or until > datetime.now(UTC))
            if banned_here or ban in self.listed_bans:
                raise Banned("you were banned from this room")

    def _make_room(self, identity: str) -> None:
        if identity not in self._known and len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def _check_duplicate(self, peer_id: str, admission: Admission, peers: Collection[S]) -> S | None:
        """Find the peer that this one replaces."""
        same_id = next((peer for peer in peers if peer.id == peer_id), None)
        if same_id is not None and same_id.identity != admission.identity:
            raise Conflict("somebody else in the room has this peer id")
        # Who is away may have lost more than the socket: a page that crashed comes back as somebody new.
        here = (peer for peer in peers if not peer.away)
        if self._rejects_duplicates and any(peer.identity == admission.identity for peer in here):
            raise Conflict("you are in this room already")
        return same_id

    def _check_space(self, admission: Admission, others: Collection[Somebody]) -> None:
        waiting = sum(self.is_waiting(peer) for peer in others)
        if not self.waits(admission):
            self.check_full(len(others) - waiting)
        elif waiting >= self._limits.max_lobby:
            raise LimitReached(f"the lobby is full: {waiting} wait")

    def is_waiting(self, peer: Somebody) -> bool:
        """Whether ``peer`` is in the lobby, or on its way there."""
        return not peer.joined and self.waits(peer)


def bans_on(admission: Admission) -> list[Ban]:
    """Give all bans that would keep this one out."""
    by_token: list[Ban] = [] if admission.token_id is None else [("token", admission.token_id)]
    return [("identity", admission.identity), *by_token]
