"""Which codecs are taken as the same."""

import pytest

from app.mediasoup.codec_matching import find_rtx, is_media, is_rtx, match_codecs
from app.mediasoup.rtp_parameters import ParameterValue, RtpCodecParameters


def codec(
    mime_type: str, /, clock_rate: int = 90000, channels: int | None = None, **own: ParameterValue
) -> RtpCodecParameters:
    parameters = {name.replace("_", "-"): value for name, value in own.items()}
    return RtpCodecParameters(
        mime_type=mime_type, payload_type=100, clock_rate=clock_rate, channels=channels, parameters=parameters
    )


def multiopus(streams: int, coupled: int) -> RtpCodecParameters:
    parameters: dict[str, ParameterValue] = {"num_streams": streams, "coupled_streams": coupled}
    return RtpCodecParameters(
        mime_type="audio/multiopus", payload_type=100, clock_rate=48000, channels=6, parameters=parameters
    )


def test_the_case_of_a_mime_type_means_nothing() -> None:
    assert match_codecs(codec("video/VP8"), codec("VIDEO/vp8"), strict=True)


@pytest.mark.parametrize(
    "other",
    [
        codec("audio/opus", 48000, 2),
        codec("audio/PCMU", 48000, 1),
        codec("audio/opus", 16000, 1),
        codec("audio/opus", 48000),
    ],
)
def test_name_clock_rate_and_channels_must_be_equal(other: RtpCodecParameters) -> None:
    assert not match_codecs(codec("audio/opus", 48000, 1), other, strict=False)


def test_multiopus_must_have_the_same_streams() -> None:
    assert match_codecs(multiopus(4, 2), multiopus(4, 2), strict=False)
    assert not match_codecs(multiopus(4, 2), multiopus(2, 2), strict=False)
    assert not match_codecs(multiopus(4, 2), multiopus(4, 1), strict=False)


def test_vp9_must_have_the_same_profile_if_strict() -> None:
    assert match_codecs(codec("video/VP9"), codec("video/VP9", profile_id=0), strict=True)
    assert not match_codecs(codec("video/VP9"), codec("video/VP9", profile_id=2), strict=True)
    assert match_codecs(codec("video/VP9"), codec("video/VP9", profile_id=2), strict=False)


def test_h264_must_have_the_same_packetization_mode_and_profile_if_strict() -> None:
    plain = codec("video/H264")
    assert match_codecs(plain, codec("video/H264", packetization_mode=0, profile_level_id="42e01f"), strict=True)
    for other in (codec("video/H264", packetization_mode=1), codec("video/H264", profile_level_id="640c1f")):
        assert not match_codecs(plain, other, strict=True)
        assert match_codecs(plain, other, strict=False)


def test_only_media_codecs_carry_media() -> None:
    assert is_media(codec("video/H264")) and is_media(codec("audio/PCMU"))
    for name in ("audio/telephone-event", "audio/CN", "video/RTX", "video/red", "video/ulpfec"):
        assert not is_media(codec(name))


def test_rtx_is_found_by_what_it_retransmits() -> None:
    rtx = codec("video/RTX", apt=96)
    assert is_rtx(rtx) and not is_rtx(codec("video/VP8", apt=96))
    assert find_rtx([codec("video/VP8", apt=96), codec("video/rtx", apt=98), rtx], 96) is rtx
    assert find_rtx([rtx], 98) is None
