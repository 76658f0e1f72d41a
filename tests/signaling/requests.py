"""One request of each method, and some more, as a client may send them."""

from __future__ import annotations

from typing import Any

from .calls import FINGERPRINT, RTP_CAPABILITIES, SCTP_CAPABILITIES, audio, simulcast

#: Ids that the sender really has are filled in for these.
SENDING, RECEIVING, PRODUCER, CONSUMER = "$sending", "$receiving", "$producer", "$consumer"
DATA_PRODUCER, DATA_CONSUMER = "$data-producer", "$data-consumer"
STREAM = {"streamId": 1, "ordered": True}
SRTP = {"cryptoSuite": "AES_CM_128_HMAC_SHA1_80", "keyBase64": "x" * 40}
REQUESTS: list[tuple[str, Any]] = [
    ("getRouterRtpCapabilities", {}),
    ("getIceServers", {}),
    ("join", {"displayName": "M", "device": {"flag": "x"}, "rtpCapabilities": RTP_CAPABILITIES}),
    (
        "resume",
        {
            "sessionId": "s",
            "transports": [],
            "producers": [],
            "consumers": [],
            "dataProducers": [],
            "dataConsumers": [],
        },
    ),
    (
        "createWebRtcTransport",
        {"forceTcp": False, "producing": True, "consuming": True, "sctpCapabilities": SCTP_CAPABILITIES},
    ),
    (
        "connectWebRtcTransport",
        {"transportId": SENDING, "dtlsParameters": {"role": "client", "fingerprints": [FINGERPRINT]}},
    ),
    ("restartIce", {"transportId": RECEIVING}),
    (
        "createPlainTransport",
        {
            "producing": True,
            "consuming": True,
            "rtcpMux": False,
            "comedia": True,
            "enableSrtp": True,
            "srtpCryptoSuite": SRTP["cryptoSuite"],
        },
    ),
    (
        "connectPlainTransport",
        {"transportId": SENDING, "ip": "127.0.0.1", "port": 9_999, "rtcpPort": 9_998, "srtpParameters": SRTP},
    ),
    ("produce", {"transportId": SENDING, "kind": "audio", "rtpParameters": audio(7), "appData": {"a": 1}}),
    (
        "produce",
        {"transportId": SENDING, "kind": "video", "rtpParameters": simulcast(8), "appData": {"source": "camera"}},
    ),
    (
        "produceData",
        {
            "transportId": SENDING,
            "sctpStreamParameters": STREAM,
            "label": "chat",
            "protocol": "",
            "appData": {},
            "to": ["ada", "bob"],
        },
    ),
    ("closeDataProducer", {"dataProducerId": DATA_PRODUCER}),
    ("closeProducer", {"producerId": PRODUCER}),
    ("pauseProducer", {"producerId": PRODUCER}),
    ("resumeProducer", {"producerId": PRODUCER}),
    ("pauseConsumer", {"consumerId": CONSUMER}),
    ("resumeConsumer", {"consumerId": CONSUMER}),
    ("setConsumerPreferredLayers", {"consumerId": CONSUMER, "spatialLayer": 1, "temporalLayer": 1}),
    ("setConsumerPriority", {"consumerId": CONSUMER, "priority": 2}),
    ("requestConsumerKeyFrame", {"consumerId": CONSUMER}),
    ("setSubscription", {"auto": False}),
    (
        "setSubscription",
        {
            "producerId": PRODUCER,
            "subscribed": True,
            "preferredLayers": {"spatialLayer": 1, "temporalLayer": 2},
            "priority": 2,
            "visible": True,
        },
    ),
    ("setLastN", {"lastN": 1}),
    ("changeDisplayName", {"displayName": "Mallory"}),
    ("getTransportStats", {"transportId": SENDING}),
    ("getProducerStats", {"producerId": PRODUCER}),
    ("getConsumerStats", {"consumerId": CONSUMER}),
    ("getDataProducerStats", {"dataProducerId": DATA_PRODUCER}),
    ("getDataConsumerStats", {"dataConsumerId": DATA_CONSUMER}),
    ("applyNetworkThrottle", {"secret": ""}),
    ("resetNetworkThrottle", {"secret": ""}),
    ("sendChatMessage", {"text": "buy!"}),
    ("sendReaction", {"reaction": "x"}),
    ("raiseHand", {}),
    ("lowerHand", {}),
    ("updateMetadata", {"metadata": "x", "attributes": {"a": "b", "c": ""}}),
    ("sendData", {"topic": "t", "payload": "p", "to": ["ada"]}),
    ("moderator:mutePeer", {"peerId": "ada", "producerId": PRODUCER}),
    *(
        (f"moderator:{method}", {"peerId": "ada"})
        for method in (
            "unmutePeer",
            "stopVideo",
            "stopScreenShare",
            "removePeer",
            "banPeer",
            "admitPeer",
            "rejectPeer",
            "lowerHand",
            "transferOwnership",
        )
    ),
    *(
        (f"moderator:{method}", {})
        for method in ("muteAll", "admitAll", "lowerAllHands", "lockRoom", "unlockRoom", "closeRoom")
    ),
    ("moderator:updateRoom", {"metadata": "x", "lobby": True, "unmuteAllowed": False, "lastN": 3}),
]
