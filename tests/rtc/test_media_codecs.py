"""The codecs that rooms offer are ones that the library can route."""

from __future__ import annotations

from app.mediasoup import ortc
from app.rtc.media_codecs import MEDIA_CODECS


def test_the_codecs_make_a_router_and_vp8_comes_first_among_video() -> None:
    capabilities = ortc.generate_router_rtp_capabilities(MEDIA_CODECS)
    names = [codec.mime_type for codec in capabilities.codecs if codec.mime_type != "video/rtx"]
    assert names == ["audio/opus", "video/VP8", "video/VP9", "video/H264", "video/H264", "video/AV1"]


def test_parameters_have_the_names_of_the_rtp_formats() -> None:
    h264 = next(codec for codec in MEDIA_CODECS if codec.mime_type == "video/H264")
    assert h264.parameters == {
        "packetization-mode": 1,
        "profile-level-id": "4d0032",
        "level-asymmetry-allowed": 1,
        "x-google-start-bitrate": 1_000,
    }
