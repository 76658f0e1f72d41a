"""A session: what a client keeps when its socket is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from hmac import compare_digest
from uuid import uuid4

from app.auth.opaque_tokens import digest, new_opaque_token

from .events import Client, Event, Farewell, Question
from .moderation_events import (
    DataProducerClosed,
    MutedByModerator,
    PermissionsChanged,
    ProducerClosed,
    UnmutedByModerator,
)

#: What was done to somebody, which nothing else tells afterwards, and how many of these are kept.
DONE_TO_IT = MutedByModerator, UnmutedByModerator, ProducerClosed, DataProducerClosed, PermissionsChanged
MOST_MISSED = 100


class Session:
    """
    A peer's :class:`Client`, whichever connection that has; without one it is away.

    Who is away is told and asked nothing; what was done to it, it hears later. One that comes back is attached first,
    and still away until its client has said what it has: then it gets to know everything anew, and :meth:`resume` makes
    it hear again. ``away_since`` is the loop's time, ``connection`` the one that it has now. ``token_digest`` is that
    of the secret by which the client comes back, ``None`` while it has none.
    """

    def __init__(
        self, client: Client | None = None, *, id: str | None = None, token_digest: bytes | None = None
    ) -> None:
        self.id = id or str(uuid4())
        self.token_digest = token_digest
        self.away_since = None if client is not None else asyncio.get_running_loop().time()
        self.connection = client
        self._missed: deque[Event] = deque(maxlen=MOST_MISSED)

    @property
    def away(self) -> bool:
        """Whether it hears nothing."""
        return self.away_since is not None

    @property
    def returning(self) -> bool:
        """Whether there is a connection on which the session can be resumed."""
        return self.away_since is not None and self.connection is not None

    def belongs_to(self, client: Client) -> bool:
        """Whether this is the connection that it has now: it may have got another one since."""
        return self.connection is client

    # The secret

    def issue_token(self) -> str:
        """Make the secret that is good for coming back once; the one before is not any more."""
        token = new_opaque_token()
        self.token_digest = digest(token)
        return token

    def opens_with(self, token_digest: bytes) -> bool:
        """Whether this is the digest of the secret."""
        return self.token_digest is not None and compare_digest(self.token_digest, token_digest)

    # Coming and going

    def attach(self, client: Client) -> None:
        """Give it another connection; the one that it may have still ends."""
        former, self.connection = self.connection, client
        self.away_since = asyncio.get_running_loop().time()
        if former is not None:
            former.end(Farewell.REPLACED)

    def resume(self) -> None:
        """Let its client hear from now on."""
        self.away_since = None

    def lose(self, since: float) -> None:
        """Be without a connection, in fact ``since`` some time ago; who was away before is so since then."""
        self.connection = None
        if self.away_since is None:
            self.away_since = since

    # Client

    def notify(self, event: Event) -> None:
        """Tell the client something, unless it is away."""
        if self.connection is not None and self.away_since is None:
            self.connection.notify(event)
        elif isinstance(event, DONE_TO_IT):
            self._missed.append(event)

    def take_missed(self) -> list[Event]:
        """Give what was done to it while it was away, to be told now."""
        missed = list(self._missed)
        self._missed.clear()
        return missed

    def ask(self, question: Question) -> Awaitable[None]:
        """Ask the client something; a question to one who is away is cancelled."""
        if self.connection is not None and not self.away:
            return self.connection.ask(question)
        unasked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        unasked.cancel()
        return unasked

    def end(self, farewell: Farewell) -> None:
        """Say goodbye, if there is a connection."""
        if self.connection is not None:
            self.connection.end(farewell)
