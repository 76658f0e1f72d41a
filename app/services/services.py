"""All services of one app process, built bottom-up."""

from __future__ import annotations

from app.auth.access_tokens import AccessTokens
from app.auth.ice_servers import IceServers
from app.auth.passwords import Passwords
from app.auth.room_tokens import RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.rtc.room_manager import RoomManager
from app.stores.database import Database

from .access import Access
from .accounts import Accounts
from .ad_hoc_rooms import AdHocRooms
from .api_keys import ApiKeys
from .authentication import Authentication
from .bans import Bans
from .call_metrics import CallMetrics
from .drain import Drain
from .history import History
from .invitations import Invitations
from .joining import Joining
from .live_rooms import LiveRooms
from .logins import Logins
from .members import Members
from .moderation import Moderation
from .nodes import Nodes
from .past_calls import PastCalls
from .retention import Retention
from .room_memory import RoomMemory
from .room_metadata import RoomMetadata
from .rooms import Rooms
from .schema_watch import SchemaWatch


class Services:
    """
    What the edges use, and what works in the background from :meth:`start` to :meth:`close`.

    :raises SettingsError: the secret keys can't be read
    """

    def __init__(self, settings: Settings, rooms: RoomManager, nodes: Nodes | None = None) -> None:
        keys = SecretKeys.from_settings(settings)
        room_tokens = RoomTokens(keys, settings)
        memory = RoomMemory()
        self._calls = rooms
        self.passwords = Passwords()
        self.database = Database.from_settings(settings)
        self._schema_watch = SchemaWatch(self.database)
        self.history = History(rooms, self.database, settings)
        self._metrics = CallMetrics(self.history)
        self._retention = Retention(self.database, settings, rooms)
        self._ad_hoc = AdHocRooms(rooms, self.database, self.history.writes)
        self.live = LiveRooms(rooms, memory)

        self.logins = Logins(self.database, self.passwords, AccessTokens(keys, settings), settings)
        self.api_keys = ApiKeys(self.database, keys, settings)
        self.accounts = Accounts(self.database, self.passwords, self.live, settings)
        self.accounts.on_delete.add(self.api_keys.forget_owner)
        self.rooms = Rooms(self.database, self.live, settings)
        self.nodes = nodes = nodes or Nodes.none(settings)
        self.joining = Joining(self.database, room_tokens, IceServers(settings), self.live, nodes, settings)
        self.members = Members(self.database, self.live, settings)
        self.invitations = Invitations(self.database, self.live, settings)
        self.bans = Bans(self.database, self.live, self.history.writes, settings)
        self.moderation = Moderation(rooms, self.database, self.bans)
        self.past_calls = PastCalls(self.database)
        self.access = Access(self.database, room_tokens, self.api_keys, self.live, memory, settings)
        self.drain = Drain(rooms, self.access, nodes)
        self.authenticate = Authentication(self.logins, self.access).authenticate

    def start(self) -> None:
        """Begin the work in the background; returns at once, wherever the database is."""
        self._schema_watch.start()
        self.history.start()
        self._metrics.start()
        self._retention.start()
        # After the history, which is to write the end of a call before its room is deleted.
        self._ad_hoc.start()
        self.bans.watch(self._calls)
        RoomMetadata(self.history.writes).watch(self._calls)
        self.members.watch(self._calls)

    async def close(self) -> None:
        """End it. To be called when the rooms are closed; takes a second or two at most."""
        self._schema_watch.close()
        self.drain.close()
        self._ad_hoc.close()
        await self._metrics.close()
        await self._retention.close()
        await self.history.close()
        self.passwords.close()
        await self.database.close()
