"""A session with and without a connection, and its secret."""

from __future__ import annotations

import asyncio

import pytest

from app.auth.opaque_tokens import digest
from app.rtc.events import Farewell, NewDataConsumer, PeerClosed
from app.rtc.session import Session

from .fakes import FakeClient

NEWS = PeerClosed(peer_id="bob")
QUESTION = NewDataConsumer(
    peer_id="bob",
    data_producer_id="d",
    id="c",
    sctp_stream_parameters=None,
    label="",
    protocol="",
    app_data={},
)


async def test_it_passes_on_what_its_client_is_told_and_asked() -> None:
    session = Session(client := FakeClient())
    session.notify(NEWS)
    await session.ask(QUESTION)
    assert client.heard == [NEWS, QUESTION] and not session.away


async def test_who_is_away_hears_nothing() -> None:
    session = Session(client := FakeClient())
    session.lose(5.0)
    session.notify(NEWS)
    with pytest.raises(asyncio.CancelledError):
        await session.ask(QUESTION)
    session.end(Farewell.REMOVED)
    assert client.heard == [] and client.farewell is None
    assert session.away and session.away_since == 5.0 and not session.belongs_to(client)


async def test_who_is_lost_twice_is_away_since_the_first_time() -> None:
    session = Session(FakeClient())
    session.lose(5.0)
    session.lose(6.0)
    assert session.away_since == 5.0


async def test_a_new_connection_ends_the_old_one_and_hears_once_it_resumed() -> None:
    session, second = Session(first := FakeClient()), FakeClient()
    session.attach(second)
    assert first.farewell is Farewell.REPLACED and session.returning and session.belongs_to(second)
    session.notify(NEWS)
    session.resume()
    session.notify(NEWS)
    assert (first.heard, second.heard) == ([], [NEWS]) and not session.returning


async def test_who_is_sent_away_before_it_resumed_is_told() -> None:
    session = Session(FakeClient())
    session.attach(second := FakeClient())
    session.end(Farewell.BANNED)
    assert second.farewell is Farewell.BANNED


async def test_only_the_last_secret_opens_and_only_its_digest_is_kept() -> None:
    session = Session(FakeClient())
    assert not session.opens_with(digest(""))
    first, second = session.issue_token(), session.issue_token()
    assert not session.opens_with(digest(first)) and session.opens_with(digest(second))
    assert second not in repr(vars(session))


async def test_one_that_was_kept_by_somebody_else_is_away_and_opens_with_its_secret() -> None:
    session = Session(id="s", token_digest=digest("secret"))
    assert session.away and not session.returning and session.id == "s" and session.opens_with(digest("secret"))
