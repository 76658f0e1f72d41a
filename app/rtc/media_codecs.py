"""The codecs that rooms offer, best first: clients send with the first one that they know."""

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
    _video("video/VP9", profile_id=2),
    _h264("4d0032"),
    _h264("42e01f"),
    _video("video/AV1"),
]
