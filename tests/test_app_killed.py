"""The app is killed in the middle of calls, and the next one goes on with them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession

from app.config import Settings
from app.mediasoup.dumps import RouterDump
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess
from tests.left_over import left_over, routers_of
from tests.rtc.fakes import until
from tests.signaling.calls import audio, join
from tests.signaling.client import Json, ProtooClient, Refused
from tests.test_server import AppProcess, until_healthy

#: How often the app is killed at random moments.
KILLS = 20


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


class Participant:
    """A client that comes back by itself, as those do that people use."""

    def __init__(self, http: ClientSession, url: str, name: str) -> None:
        self.name = name
        self.joined: Json = {}
        self.resumes = self.rejoins = 0
        self.transports: list[str] = []
        self.producers: list[str] = []
        #: By id, with the id of the producer.
        self.consumers: dict[str, str] = {}
        self.seen: Json = {}
        self._http = http
        self._url = f"{url}/ws"
        self._client: ProtooClient | None = None

    @property
    def client(self) -> ProtooClient:
        assert self._client is not None
        return self._client

    async def join(self) -> None:
        """Come in, and send audio."""
        await self._connect()
        self.joined = await join(self.client, self.name)
        self.transports = [self.client.sending, self.client.receiving]
        self.producers = [await self.send_audio()]

    async def send_audio(self) -> str:
        data = {"transportId": self.transports[0], "kind": "audio", "rtpParameters": audio(random.getrandbits(31))}
        id: str = (await self.client.request("produce", {**data, "appData": {"source": "microphone"}}))["id"]
        return id

    async def come_back(self) -> None:
        """Resume the session, or join anew if there is none."""
        self._note_consumers()
        await self._connect(resume=self.joined["resumeToken"])
        held = {"transports": self.transports, "producers": self.producers, "consumers": [*self.consumers]}
        try:
            self.seen = await self.client.request("resume", {"sessionId": self.joined["sessionId"], **held})
        except Refused as refused:
            assert refused.name == "cannot_resume"
            self.rejoins += 1
            self.consumers.clear()
            await self.client.close()
            await self.join()
        else:
            self.resumes += 1
            self.joined |= {name: self.seen[name] for name in ("sessionId", "resumeToken")}
            assert {each["id"] for each in self.seen["transports"]} <= set(self.transports)
            self.consumers = {each["id"]: each["producerId"] for each in self.seen["consumers"]}

    async def leave(self) -> None:
        await self.client.close()

    async def hears_all(self, producer_ids: set[str]) -> None:
        """Wait until it consumes these, and no others."""
        await until(lambda: set(self._note_consumers().values()) == producer_ids)

    def _note_consumers(self) -> dict[str, str]:
        for method, data in self.client.heard:
            if method == "newConsumer":
                self.consumers[data["id"]] = data["producerId"]
            elif method == "consumerClosed":
                self.consumers.pop(data["consumerId"], None)
        return self.consumers

    async def _connect(self, resume: str | None = None) -> None:
        while True:
            with contextlib.suppress(ClientError):
                self._client = await ProtooClient.connect(self._http, self._url, "kitchen", self.name, resume=resume)
                return
            await asyncio.sleep(0.02)


class App:
    """The app as a process that may be killed and started again, at the same address."""

    def __init__(self, settings: Settings) -> None:
        self._app = AppProcess(settings)
        self.url = self._app.url
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.log = bytearray()

    async def start(self, http: ClientSession) -> None:
        self._process = await self._app.start()
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await until_healthy(http, self.url)
        except TimeoutError:
            pytest.fail(f"the app does not start:\n{self.log[-10_000:].decode()}")

    async def kill(self) -> None:
        assert self._process is not None and self._reading is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(65_536):
            self.log += chunk


@pytest.fixture
async def app(server_settings: Settings, sidecar_process: SidecarProcess, http: ClientSession) -> AsyncIterator[App]:
    app = App(server_settings)
    await app.start(http)
    yield app
    await app.kill()


async def all_routers(sidecar_process: SidecarProcess) -> list[RouterDump]:
    """Ask all workers for their routers, in the place of an app that does not run."""
    sidecar = Sidecar(sidecar_process.run_dir)
    sidecar.start()
    dumps = []
    for slot in range(sidecar_process.workers):
        worker = (await sidecar.attach(slot)).worker
        dumps += await routers_of(worker)
        worker.let_go()
    await sidecar.close()
    return dumps


async def test_a_call_goes_on_when_the_app_is_killed(app: App, http: ClientSession) -> None:
    people = [Participant(http, app.url, name) for name in ("anna", "bob", "charlie")]
    for person in people:
        await person.join()
    anna, bob, charlie = people
    for person in people:
        await person.hears_all({id for other in people if other is not person for id in other.producers})
    await anna.client.request("sendChatMessage", {"text": "Are you there?"})
    await bob.client.request("raiseHand")
    await app.kill()
    await app.start(http)
    before = {person.name: dict(person.consumers) for person in people}
    for person in people:
        await person.come_back()
    assert [(person.resumes, person.rejoins) for person in people] == [(1, 0)] * 3
    assert {person.name: person.consumers for person in people} == before
    assert {each["id"] for each in anna.seen["peers"]} == {"bob", "charlie"}
    assert [each["text"] for each in anna.seen["chat"]] == ["Are you there?"]
    assert [each["peerId"] for each in anna.seen["hands"]] == ["bob"]
    assert [method for person in people for method in ("newPeer", "peerClosed") if person.client.all(method)] == []
    # What comes afterwards works as before.
    await anna.client.request("pauseProducer", {"producerId": anna.producers[0]})
    await bob.client.hears("consumerPaused")
    dora = Participant(http, app.url, "dora")
    await dora.join()
    await anna.client.hears("newPeer", id="dora")
    await anna.hears_all({*bob.producers, *charlie.producers, *dora.producers})
    await charlie.leave()
    await anna.client.hears("peerClosed", peerId="charlie")


@pytest.mark.long
async def test_nothing_is_left_over_after_many_kills(
    app: App, http: ClientSession, sidecar_process: SidecarProcess
) -> None:
    chance = random.Random(7)
    anna, bob = Participant(http, app.url, "anna"), Participant(http, app.url, "bob")
    await asyncio.gather(anna.join(), bob.join())
    for number in range(KILLS):
        others = [asyncio.create_task(_come_and_go(http, app.url, f"guest-{number}-{each}")) for each in range(3)]
        await asyncio.sleep(chance.uniform(0, 0.3))
        await app.kill()
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await app.start(http)
        await asyncio.gather(anna.come_back(), bob.come_back())
    assert (anna.resumes, bob.resumes) == (KILLS, KILLS)
    # Guests who were cut off in the middle of it come to their end.
    await anna.client.request("getRouterRtpCapabilities")
    await _until_alone(http, anna, bob)
    await asyncio.gather(anna.leave(), bob.leave())
    await _until_kept(sidecar_process, ["room"])
    await app.kill()
    (router,) = await all_routers(sidecar_process)
    assert (router.transport_ids, router.map_producer_id_consumer_ids) == ([], {})
    assert await left_over(sidecar_process.run_dir, sidecar_process.workers) == []


async def _come_and_go(http: ClientSession, url: str, name: str) -> None:
    while True:
        guest = Participant(http, url, name)
        await guest.join()
        with contextlib.suppress(Refused):
            await guest.send_audio()
        await guest.leave()


async def _until_alone(http: ClientSession, anna: Participant, bob: Participant) -> None:
    async def others() -> list[Any]:
        await anna.come_back()
        return [each["id"] for each in anna.seen["peers"]]

    async with asyncio.timeout(40):
        while await others() != ["bob"]:  # noqa: ASYNC110
            await asyncio.sleep(1)


async def _until_kept(sidecar_process: SidecarProcess, kinds: list[str]) -> None:
    """Wait until there are records of these kinds, and no others."""
    sidecar = Sidecar(sidecar_process.run_dir)
    sidecar.start()
    await until(lambda: sidecar.connected)

    async def kept() -> list[str]:
        records = [record for slot in sidecar.slots for record in (await sidecar.list_state(slot))[1]]
        return sorted(record.key.partition(":")[0] for record in records)

    try:
        async with asyncio.timeout(10):
            while await kept() != kinds:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await sidecar.close()
