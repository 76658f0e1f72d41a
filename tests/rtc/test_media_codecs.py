"""The codecs that rooms offer are ones that the library can route."""

from __future__ import annotations

import pytest

from app.mediasoup import ortc
from app.mediasoup.rtp_parameters import (
    ParameterValue,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
)
from app.rtc.media_codecs import CODEC_NAMES, MEDIA_CODECS, media_codecs


def test_the_codecs_make_a_router_and_vp8_comes_first_among_video() -> None:
    capabilities = ortc.generate_router_rtp_capabilities(MEDIA_CODECS)
    names = [codec.mime_type for codec in capabilities.codecs if codec.mime_type != "video/rtx"]
    assert names == [
        "audio/opus",
        "video/VP8",
        "video/VP9",
        "video/VP9",
        "video/H264",
        "video/H264",
        "video/AV1",
    ]


def test_parameters_have_the_names_of_the_rtp_formats() -> None:
    h264 = next(codec for codec in MEDIA_CODECS if codec.mime_type == "video/H264")
    assert h264.parameters == {
        "packetization-mode": 1,
        "profile-level-id": "4d0032",
        "level-asymmetry-allowed": 1,
        "x-google-start-bitrate": 1_000,
    }


def names(codecs: list[RtpCodecCapability]) -> list[str]:
    return [codec.mime_type for codec in codecs]


def test_a_room_may_choose_codecs_and_their_order() -> None:
    assert names(media_codecs(["h264", "opus", "vp8", "h264"])) == [
        "video/H264",
        "video/H264",
        "audio/opus",
        "video/VP8",
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (["av1"], ["audio/opus", "video/AV1"]),
        (["opus"], [*names(MEDIA_CODECS)[1:], "audio/opus"]),
        ([], names(MEDIA_CODECS)),
        (None, names(MEDIA_CODECS)),
    ],
)
def test_a_kind_that_nothing_was_chosen_of_keeps_all(chosen: list[str] | None, expected: list[str]) -> None:
    assert names(media_codecs(chosen)) == expected


def test_opus_is_sent_as_the_client_likes() -> None:
    """Silence left out (DTX) and errors corrected (FEC) are for sender and receiver to agree on."""
    wishes: dict[str, ParameterValue] = {"usedtx": 1, "useinbandfec": 1}
    capabilities = ortc.generate_router_rtp_capabilities(MEDIA_CODECS)
    sent = RtpParameters(
        mid="0",
        codecs=[
            RtpCodecParameters(
                mime_type="audio/opus", payload_type=111, clock_rate=48_000, channels=2, parameters=wishes
            )
        ],
        encodings=[RtpEncodingParameters(ssrc=1)],
    )
    mapping = ortc.get_producer_rtp_parameters_mapping(sent, capabilities)
    received = ortc.get_consumable_rtp_parameters("audio", sent, capabilities, mapping)
    assert received.codecs[0].parameters == wishes


def test_each_codec_has_a_name() -> None:
    assert CODEC_NAMES == ("opus", "vp8", "vp9", "h264", "av1")
