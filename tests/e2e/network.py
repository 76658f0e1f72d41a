"""Which way media takes: people whose browser's connections can be looked at, and be told what ways to try."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from playwright.async_api import Browser, BrowserContext

from .participant import Participant

#: Keeps what connections a page makes, and has a say in how; it runs before the page's own scripts.
WATCH = """{
const configuration = %s;
window.peerConnections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(given) {
        super({ ...given, ...configuration });
        peerConnections.push(this);
    }
};
}"""
#: Gives the pairs of candidates by which media goes, one for each connection that has any.
PAIRS = """
Promise.all(peerConnections.map(async (connection) => {
    const report = new Map(await connection.getStats());
    const { selectedCandidatePairId } = [...report.values()].find(({ type }) => type === "transport") ?? {};
    const pair = report.get(selectedCandidatePairId);
    return pair && [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
})).then((pairs) => pairs.filter(Boolean))
"""


@dataclass(frozen=True, slots=True)
class Way:
    """
    How one connection's media goes.

    ``kind`` is ``relay`` or anything else, ``protocol`` that of the last part of the way, to the server, and
    ``relay_protocol`` that of the part to the relay. ``address`` is the browser's own, or the relay's.
    """

    kind: str
    protocol: str
    relay_protocol: str | None
    address: str


async def watch(context: BrowserContext, configuration: dict[str, Any] | None = None) -> None:
    """Watch the connections that pages make from now on; ``configuration`` overrides what they ask for."""
    await context.add_init_script(WATCH % json.dumps(configuration or {}))


async def ways(person: Participant) -> list[Way]:
    """Say how media goes, for each connection over which it does."""
    pairs = await person.page.evaluate(PAIRS)
    return [
        Way(local["candidateType"], remote["protocol"], local.get("relayProtocol"), local["address"])
        for local, remote in pairs
    ]


class WatchedParticipant(Participant):
    """One whose connections can be looked at."""

    #: Overrides what the page says when it makes an RTCPeerConnection.
    configuration: ClassVar[dict[str, Any]] = {}

    @classmethod
    async def context(cls, browser: Browser) -> BrowserContext:
        context = await super().context(browser)
        await watch(context, cls.configuration)
        return context


class RelayedParticipant(WatchedParticipant):
    """One whose network lets media go nowhere but to a relay."""

    configuration: ClassVar[dict[str, Any]] = {"iceTransportPolicy": "relay"}
