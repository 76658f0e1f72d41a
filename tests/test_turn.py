"""coturn as docs/turn.md configures it, and the credentials that Connect makes for it."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnClientProtocol, TurnClientTcpProtocol, TurnClientUdpProtocol

from app.auth.ice_servers import IceServer, IceServers
from app.config import Settings

from .turn_server import SECRET, TurnServer, documented

#: The first channel that a client may bind to a peer (RFC 8656, section 12).
FIRST_CHANNEL = 0x4000
MEDIA_SERVER = "127.0.0.1"
PRIVATE = ("10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1", "198.18.0.1")
SPECIAL = ("0.0.0.1", "127.0.0.2", "192.0.2.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255")
#: Nothing is sent to them: channels are bound and not used.
PUBLIC = ("1.1.1.1", "9.255.255.255", "172.32.0.0", "203.0.114.0")


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with TurnServer(tmp_path_factory.mktemp("turn")) as server:
        yield server


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_credentials_that_connect_makes_are_good_for_a_way_to_the_media_server(
    turn: TurnServer, transport: str
) -> None:
    async with allocation(turn, credentials(turn), transport) as client:
        await client.channel_bind(FIRST_CHANNEL, (MEDIA_SERVER, 40_000))


async def test_credentials_that_expired_or_were_forged_are_refused(turn: TurnServer) -> None:
    expired = credentials(turn, lives=-1)
    forged = credentials(turn, "a-secret-of-somebody-else")
    prolonged = dataclasses.replace(expired, username=credentials(turn).username)
    for wrong in (expired, forged, prolonged):
        assert await refusal(allocation(turn, wrong).__aenter__()) == 401


async def test_an_allocation_outlives_the_credentials_that_it_was_made_with(turn: TurnServer) -> None:
    short_lived = credentials(turn, lives=2)
    async with allocation(turn, short_lived) as client:
        async with asyncio.timeout(10):
            # Time itself is what is waited for.
            while await accepts(turn, short_lived):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await client.channel_bind(FIRST_CHANNEL, (MEDIA_SERVER, 40_000))


async def test_while_the_secret_is_changed_both_are_accepted(tmp_path: Path) -> None:
    with TurnServer(tmp_path, secrets=("the-new-secret-00", "the-old-secret-00")) as turn:
        for secret in ("the-new-secret-00", "the-old-secret-00"):
            assert await accepts(turn, credentials(turn, secret))
        assert not await accepts(turn, credentials(turn))


async def test_it_leads_to_the_media_server_and_nowhere_else(turn: TurnServer) -> None:
    async with allocation(turn, credentials(turn)) as client:
        for address in (*PRIVATE, *SPECIAL, *PUBLIC):
            assert await refusal(client.channel_bind(FIRST_CHANNEL, (address, 80))) == 403, address
        await client.channel_bind(FIRST_CHANNEL, (MEDIA_SERVER, 80))


async def test_with_the_other_list_it_leads_to_no_private_address(tmp_path: Path) -> None:
    with TurnServer(tmp_path, any_public=True) as turn:
        async with allocation(turn, credentials(turn)) as client:
            for address in (*PRIVATE, *SPECIAL):
                assert await refusal(client.channel_bind(FIRST_CHANNEL, (address, 80))) == 403, address
            for number, address in enumerate((*PUBLIC, MEDIA_SERVER)):
                await client.channel_bind(FIRST_CHANNEL + number, (address, 80))


async def test_one_person_can_not_use_up_the_relay(turn: TurnServer) -> None:
    quota = int(dict(documented(any_public=False))["user-quota"])
    async with AsyncExitStack() as stack:
        for _ in range(quota):
            # Each call asks for its own credentials, at its own time.
            await stack.enter_async_context(allocation(turn, credentials(turn, lives=600 + quota, user="greedy")))
        assert await refusal(allocation(turn, credentials(turn, user="greedy")).__aenter__()) == 486
        assert await accepts(turn, credentials(turn, user="modest"))


def credentials(turn: TurnServer, *secrets: str, lives: int = 600, user: str = "ada") -> IceServer:
    """Make credentials as Connect does; they expire in ``lives`` seconds."""
    settings = dataclasses.replace(Settings(), turn_urls=turn.urls, turn_secrets=secrets or (SECRET,), turn_seconds=600)
    (server,) = IceServers(settings, now=lambda: time.time() + lives - 600).for_user(user).servers
    return server


@asynccontextmanager
async def allocation(turn: TurnServer, by: IceServer, transport: str = "tcp") -> AsyncIterator[TurnClientProtocol]:
    """
    Have a way through the relay, over ``udp``, ``tcp`` or ``tls``.

    A UDP port can't be used again at once: for some seconds coturn takes who comes from there for the client before.
    """
    address = (turn.address, turn.tls_port if transport == "tls" else turn.port)
    who: Any = {"server": address, "username": by.username, "password": by.credential}
    times: Any = {"lifetime": 600, "channel_refresh_time": 500}
    loop = asyncio.get_running_loop()
    client: TurnClientProtocol
    if transport == "udp":
        _, client = await loop.create_datagram_endpoint(
            lambda: TurnClientUdpProtocol(**who, **times), remote_addr=address
        )
    else:
        tls = trusting(turn.certificate) if transport == "tls" else None
        _, client = await loop.create_connection(lambda: TurnClientTcpProtocol(**who, **times), *address, ssl=tls)
    client.receiver = end = End()
    try:
        await client.connect()
        yield client
    finally:
        if client.relayed_address:
            await client.delete()
        client.transport.close()
        async with asyncio.timeout(10):
            await end.came.wait()


class End(asyncio.DatagramProtocol):
    """Waits for the end of a client's socket; TLS takes a moment to say good-bye."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.came.set()


def trusting(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate)
    # It is trusted itself, whatever name is in it.
    context.check_hostname = False
    return context


async def accepts(turn: TurnServer, by: IceServer) -> bool:
    """Tell whether the relay takes these credentials."""
    try:
        async with allocation(turn, by):
            return True
    except TransactionFailed as error:
        assert error.response.error_code == 401
        return False


async def refusal(refused: Awaitable[object]) -> int | None:
    """Give the code with which the relay refuses something."""
    with pytest.raises(TransactionFailed) as error:
        await refused
    return error.value.response.error_code
