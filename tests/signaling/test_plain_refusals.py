"""What is refused of plain transports: without a token's or the operator's consent, and what makes no sense."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from typing import Any

import pytest

from app.auth.grants import Grants
from app.config import Settings
from app.mediasoup.worker import Worker

from .calls import FINGERPRINT, create_transport, join
from .client import Json, ProtooClient, Refused
from .conftest import Connect
from .gates import TestGate
from .plain_bots import (
    BOT,
    KEY,
    PORTS,
    SOMEWHERE,
    Bots,
    bots,
    come,
    connect_to,
    create,
    refusal,
    settings,
)
from .test_fuzz import complaints, draw_frames, mutated_requests

__all__ = ["bots", "complaints", "settings"]


async def test_it_takes_a_token_that_says_so(connect: Connect, gate: TestGate) -> None:
    for client in (
        await connect("guest"),
        await connect("host", token=gate.issue("host", Grants(room_admin=True))),
    ):
        await join(client)
        code, reason = await refusal(client, "createPlainTransport", producing=True)
        assert code == 403 and "canUsePlainTransports" in reason
        transport_id = client.sending
        assert (await refusal(client, "connectPlainTransport", transportId=transport_id, **SOMEWHERE))[0] == 403


async def test_the_answer_to_joining_says_who_may(connect: Connect, gate: TestGate) -> None:
    ada, bot = await connect("ada"), await connect("bot", token=gate.issue("bot", BOT))
    said = [(await join(client))["permissions"]["canUsePlainTransports"] for client in (ada, bot)]
    assert said == [False, True]


@pytest.mark.parametrize(
    ("end", "code", "problem"),
    [
        ({"ip": "127.0.0.200", "port": 9_999}, 403, "data.ip: not in the networks"),
        ({"ip": "192.0.2.1", "port": 9_999}, 403, "data.ip: not in the networks"),
        ({"ip": "::1", "port": 9_999}, 400, "data.ip: media do not leave here by IPv6"),
        ({"ip": "localhost", "port": 9_999}, 400, "data.ip: no IP address"),
        ({"ip": "127.0.0.1", "port": 53}, 403, "data.port: no media go to ports below 1024"),
        ({"ip": "127.0.0.1", "port": 9_999, "rtcpPort": 53}, 403, "data.rtcpPort: no media go"),
        ({"ip": "127.0.0.1", "port": 0}, 400, "data.port: "),
        ({"ip": "127.0.0.1"}, 400, "missing port"),
        ({"port": 9_999}, 400, "missing ip"),
        ({**SOMEWHERE, "rtcpPort": 9_998}, 400, "cannot set rtcpPort"),
        ({**SOMEWHERE, "srtpParameters": {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": KEY}}, 400, "srtp"),
        ({**SOMEWHERE, "srtpParameters": {"cryptoSuite": "none", "keyBase64": KEY}}, 400, "data.srtpParameters"),
    ],
)
async def test_what_is_no_end_for_it_is_refused_and_a_good_one_is_not(
    bots: Bots, end: Json, code: int, problem: str
) -> None:
    left, _ = bots
    made = await create(left)
    answered = await refusal(left, "connectPlainTransport", transportId=made["id"], **end)
    assert answered[0] == code and problem in answered[1]
    await connect_to(left, made, **SOMEWHERE)
    again = await refusal(left, "connectPlainTransport", transportId=made["id"], **SOMEWHERE)
    assert again[0] == 400 and "already called" in again[1]


@pytest.mark.parametrize("key", [None, "", "?", base64.b64encode(bytes(29)).decode(), "x" * 512])
async def test_who_asked_for_srtp_must_have_a_key(bots: Bots, key: str | None) -> None:
    left, _ = bots
    made = await create(left, enableSrtp=True)
    own = {} if key is None else {"srtpParameters": {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": key}}
    assert (await refusal(left, "connectPlainTransport", transportId=made["id"], **SOMEWHERE, **own))[0] == 400


async def test_what_makes_sense_on_the_other_kind_only_is_refused(bots: Bots) -> None:
    left, _ = bots
    plain = {"transportId": (await create(left))["id"]}
    webrtc = {"transportId": await create_transport(left, producing=True)}
    dtls = {"dtlsParameters": {"role": "client", "fingerprints": [FINGERPRINT]}}
    stream = {"sctpStreamParameters": {"streamId": 0, "ordered": True}}
    for method, data in (
        ("restartIce", plain),
        ("connectWebRtcTransport", plain | dtls),
        ("produceData", plain | stream),
    ):
        code, reason = await refusal(left, method, **data)
        assert code == 400 and reason.startswith("data.transportId: this is a plain transport")
    code, reason = await refusal(left, "connectPlainTransport", **webrtc, **SOMEWHERE)
    assert (code, reason) == (400, "data.transportId: this is a WebRTC transport")


async def test_both_kinds_count_against_the_same_limit(bots: Bots, settings: Settings) -> None:
    left, _ = bots
    for _ in range(settings.limits.max_transports_per_peer // 2):
        await create(left)
        await create_transport(left, producing=True)
    assert (await refusal(left, "createPlainTransport", producing=True))[0] == 429
    assert (await refusal(left, "createWebRtcTransport", producing=True))[0] == 429


async def test_when_no_port_is_left_it_is_told_to_try_again(connect: Connect, gate: TestGate) -> None:
    async def take_all(bot: ProtooClient) -> int:
        for made in range(8):
            try:
                await create(bot)
            except Refused as refused:
                assert (refused.code, refused.name) == (503, "unavailable")
                return made
        return 8

    assert sum([await take_all(await come(connect, gate, f"bot-{number}")) for number in range(3)]) == PORTS


class TestOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, plain_networks=Settings().plain_networks)

    async def test_unless_the_operator_names_networks_there_are_none(self, connect: Connect, gate: TestGate) -> None:
        code, reason = await refusal(await come(connect, gate, "bot"), "createPlainTransport", producing=True)
        assert code == 403 and "CONNECT_PLAIN_NETWORKS" in reason


class TestElsewhere:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return dataclasses.replace(settings, announced_address="192.0.2.9", rtc_ip="0.0.0.0")

    async def test_the_address_is_the_one_that_clients_reach(self, connect: Connect, gate: TestGate) -> None:
        assert (await create(await come(connect, gate, "bot")))["ip"] == "192.0.2.9"


async def test_strange_requests_harm_nobody(
    connect: Connect, gate: TestGate, worker: Worker, complaints: list[str]
) -> None:
    key = {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": KEY}
    options = {"producing": True, "consuming": True, "rtcpMux": False, "comedia": True, "enableSrtp": True}
    requests: list[tuple[str, Any]] = [
        ("createPlainTransport", {**options, "srtpCryptoSuite": key["cryptoSuite"]}),
        ("connectPlainTransport", {"transportId": "$plain", **SOMEWHERE, "srtpParameters": key}),
    ]
    for frame in draw_frames(300, mutated_requests(requests)):
        # Each time a new one, in place of the last: no limit is in the way, and it may have been thrown out.
        mallory = await come(connect, gate, "mallory")
        made = await create(mallory, enableSrtp=True)
        mallory.send_text(frame.replace("$plain", made["id"]))
        answered = mallory.start_request("getRouterRtpCapabilities")
        async with asyncio.timeout(10):
            await asyncio.wait([answered, mallory.reader], return_when=asyncio.FIRST_COMPLETED)
        await mallory.close()
        answered.cancel()
    assert complaints == [] and not worker.closed
    assert (await worker.dump()).router_ids != []
