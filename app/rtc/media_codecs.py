"""The codecs that rooms offer, best first: clients send with the first one that they know."""

from __future__ import annotations

from collections.abc import Sequence

from app.mediasoup.rtp_parameters import ParameterValue, RtpCodecCapability

#: In kbit/s; libwebrtc begins with this instead of its own 300.
START_BITRATE = 1_000


def _video(mime_type: str, **parameters: ParameterValue) -> RtpCodecCapability:
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return RtpCodecCapability(
        kind="video",
        mime_type=mime_type,
        clock_rate=90_000,
        parameters={**named, "x-google-start-bitrate": START_BITRATE},
    )


def _h264(profile_level_id: str) -> RtpCodecCapability:
    return _video("video/H264", packetization_mode=1, profile_level_id=profile_level_id, level_asymmetry_allowed=1)


MEDIA_CODECS = [
    RtpCodecCapability(kind="audio", mime_type="audio/opus", clock_rate=48_000, channels=2),
    _video("video/VP8"),
    # The profile that browsers send scalable layers with, and then the one of ten bits a colour.
    _video("video/VP9", profile_id=0),
    _video("video/VP9", profile_id=2),
    _h264("4d0032"),
    _h264("42e01f"),
    _video("video/AV1"),
]


def _name(codec: RtpCodecCapability) -> str:
    return codec.mime_type.partition("/")[2].lower()


#: What a room's ``codecs`` may name.
CODEC_NAMES = tuple(dict.fromkeys(map(_name, MEDIA_CODECS)))


def media_codecs(names: Sequence[str] | None) -> list[RtpCodecCapability]:
    """
    Give the codecs of these names, in their order; ``None`` means all.

    A call without sound or without pictures helps nobody: of a kind that no name is of, all codecs stay.
    """
    if names is None:
        return MEDIA_CODECS
    wanted = [codec for name in dict.fromkeys(names) for codec in MEDIA_CODECS if _name(codec) == name]
    kinds = {codec.kind for codec in wanted}
    return [codec for codec in MEDIA_CODECS if codec.kind not in kinds] + wanted
