"""RTP parameters and capabilities such as clients send."""

from __future__ import annotations

from app.mediasoup.data_structures import DtlsFingerprint, DtlsParameters
from app.mediasoup.rtp_parameters import (
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

AUDIO = RtpParameters(
    mid="AUDIO",
    codecs=[
        RtpCodecParameters(
            mime_type="audio/opus",
            payload_type=111,
            clock_rate=48000,
            channels=2,
            parameters={"useinbandfec": 1, "usedtx": 1, "foo": 222.222, "bar": "333"},
        )
    ],
    header_extensions=[
        RtpHeaderExtensionParameters(uri=MID, id=10),
        RtpHeaderExtensionParameters(uri=AUDIO_LEVEL, id=12),
    ],
    encodings=[RtpEncodingParameters(ssrc=11111111, dtx=True)],
    rtcp=RtcpParameters(cname="FOOBAR"),
)

SIMULCAST = RtpParameters(
    mid="VIDEO",
    codecs=[
        RtpCodecParameters(
            mime_type="video/VP8",
            payload_type=112,
            clock_rate=90000,
            rtcp_feedback=[RtcpFeedback(type="nack"), RtcpFeedback(type="nack", parameter="pli")],
        ),
        RtpCodecParameters(mime_type="video/rtx", payload_type=113, clock_rate=90000, parameters={"apt": 112}),
    ],
    header_extensions=[
        RtpHeaderExtensionParameters(uri=MID, id=10),
        RtpHeaderExtensionParameters(uri=RID, id=11),
    ],
    encodings=[
        RtpEncodingParameters(ssrc=22222222 + 2 * layer, rtx=RtxParameters(ssrc=22222223 + 2 * layer), rid=f"r{layer}")
        for layer in range(3)
    ],
    rtcp=RtcpParameters(cname="FOOBAR"),
)

RECEIVER = RtpCapabilities(
    codecs=[
        RtpCodecCapability(
            kind="audio", mime_type="audio/opus", preferred_payload_type=100, clock_rate=48000, channels=2
        ),
        RtpCodecCapability(
            kind="video",
            mime_type="video/VP8",
            preferred_payload_type=101,
            clock_rate=90000,
            rtcp_feedback=[
                RtcpFeedback(type="nack"),
                RtcpFeedback(type="nack", parameter="pli"),
                RtcpFeedback(type="ccm", parameter="fir"),
                RtcpFeedback(type="goog-remb"),
            ],
        ),
        RtpCodecCapability(
            kind="video",
            mime_type="video/rtx",
            preferred_payload_type=102,
            clock_rate=90000,
            parameters={"apt": 101},
        ),
    ],
    header_extensions=[
        RtpHeaderExtension(kind="audio", uri=MID, preferred_id=1),
        RtpHeaderExtension(kind="video", uri=MID, preferred_id=1),
        RtpHeaderExtension(kind="video", uri=ABS_SEND_TIME, preferred_id=4),
        RtpHeaderExtension(kind="audio", uri=AUDIO_LEVEL, preferred_id=10),
    ],
)

#: An endpoint that has no codec of the tests' routers.
STRANGER = RtpCapabilities(
    codecs=[RtpCodecCapability(kind="audio", mime_type="audio/ISAC", preferred_payload_type=100, clock_rate=32000)]
)

FINGERPRINT = "82:5A:68:3D:36:C3:0A:DE:AF:E7:32:43:D2:88:83:57:AC:2D:65:E5:80:C4:B6:FB:AF:1A:A0:21:9F:6D:0C:AD"
DTLS_CLIENT = DtlsParameters(role="client", fingerprints=[DtlsFingerprint(algorithm="sha-256", value=FINGERPRINT)])
